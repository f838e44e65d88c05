# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What readers of a module's documentation get, once its fragments are in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
MODULES = sorted('conbool.smtp_relay.' + path.stem for path in (ROOT / 'plugins/modules').glob('*.py'))


def test_every_module_runs_on_some_platform():
    # Of two fragments the first one counts: action_common_attributes says that the platform is of no importance.
    command = [Path(sys.executable).with_name('ansible-doc'), '--json', *MODULES]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True).stdout
    attributes = {name: found['doc']['attributes'] for name, found in json.loads(said).items()}
    assert sorted(attributes) == MODULES
    assert [name for name in MODULES if attributes[name]['platform']['support'] != 'full'] == []
