# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts/test collects: nothing may be lost because another directory is collected too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Run by the pytest that collects. None stands for a mail server that a test is not run with is no test.
TELLS_WHAT_IS_LEFT_OUT = """
import sys
import pytest

class Plugin:
    @staticmethod
    def pytest_deselected(items):
        for item in items:
            parameters = getattr(getattr(item, 'callspec', None), 'params', {})
            if parameters.get('server', '') is not None:
                print('left out:', item.nodeid)

sys.exit(pytest.main(sys.argv[1:], [Plugin]))
"""


def test_each_test_of_each_file_is_run_when_all_are_collected():
    command = [sys.executable, '-c', TELLS_WHAT_IS_LEFT_OUT]
    options = ['--collect-only', '-q', '-n', '0', '-p', 'no:cacheprovider', 'tests']
    said = subprocess.run(
        command + options, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    ).stdout.splitlines()
    assert [line for line in said if line.startswith('left out:')] == []
    collected = {line.partition('::')[0] for line in said if '::' in line}
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'tests').rglob('test_*.py')}
    assert files == collected
