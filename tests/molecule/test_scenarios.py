# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every Molecule scenario, from fresh hosts to fresh hosts: check mode, converge, idempotence, verify, undo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import is_full

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize('scenario', sorted(path.parent.name for path in (ROOT / 'molecule').glob('*/molecule.yml')))
def test_scenario(scenario, request):
    # What is deselected otherwise is more rows and more hosts here.
    full = is_full(request.config)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    done = subprocess.run(
        ['molecule', 'test', '--scenario-name', scenario],
        cwd=ROOT,
        env=dict(os.environ, PATH=path, CONBOOL_FULL='yes' if full else 'no'),
        text=True,
        errors='replace',
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20000:]
