# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of breakages itself: large enough, and each of them something that a shell takes."""

from __future__ import annotations

import subprocess

from tests.sabotage.conftest import table


def test_there_are_enough_of_them_and_few_that_nobody_notices():
    found = table()
    assert len({breakage.name for breakage in found}) >= 150
    assert sum(bool(breakage.unnoticed) for breakage in found) <= 0.05 * len(found)
    assert sum(breakage.sample for breakage in found) >= 10


def test_each_is_tried_once_with_a_server():
    names = [(breakage.name, breakage.server) for breakage in table()]
    assert len(names) == len(set(names))


def test_a_shell_takes_them():
    script = '\n'.join(f'f{number}() {{\n{breakage.do}\n}}' for number, breakage in enumerate(table()))
    done = subprocess.run(['sh', '-n'], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
