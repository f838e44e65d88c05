# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of breakages itself: large enough, and each of them something that a shell takes."""

from __future__ import annotations

import subprocess

import pytest

from tests.sabotage.conftest import names_it, says_what_to_do, table


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


def test_a_row_without_a_hint_says_nothing_of_what_to_do():
    assert says_what_to_do([['a', 'it is red.', ''], ['b', 'so is it', 'Run site.yml.']])
    assert not says_what_to_do([['a', 'it is red.', ''], ['b', 'systemctl has no such unit', ' ']])


STOPPED = ['running.stopped', 'mail server: it does not run', 'systemctl start postfix']
REFUSED = ['drift.refused', 'this host: Postfix cannot be asked, does it run?', 'Run site.yml then.']


@pytest.mark.parametrize(
    'site, named',
    [
        ([], False),
        ([STOPPED], True),
        ([['queue.grows', 'hop: 1 message', '']], False),
        ([['failed', 'Postfix cannot be asked, does it run?', '']], True),
        ([['failed', 'no space left on device', '']], False),
        ([['warning', 'flagged mail is marked', ''], STOPPED], True),
        ([['warning', 'flagged mail is marked', '']], False),
    ],
)
def test_what_site_yml_says_has_to_be_about_what_is_broken(site, named):
    assert names_it({'verify': [STOPPED, REFUSED], 'site': site}) == named
