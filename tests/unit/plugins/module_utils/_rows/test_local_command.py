# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the command is by which programs hand in mail."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import local_command

POSTFIX, SENDMAIL, OTHER = b'\x7fELF postdrop ', b'\x7fELF ADDRESS TEST MODE', b'\x7fELF msmtp'


@pytest.fixture(name='commands')
def fixture_commands(tmp_path, monkeypatch):
    paths = (str(tmp_path / 'sbin'), str(tmp_path / 'lib'))
    monkeypatch.setattr(local_command, 'COMMANDS', paths)

    def make(content, mode=0o755, link=None):
        program = tmp_path / 'program'
        program.write_bytes(content)
        program.chmod(mode)
        for path in map(type(tmp_path), paths):
            path.unlink(missing_ok=True)
        (tmp_path / 'sbin').symlink_to('program')
        if link:
            (tmp_path / 'lib').symlink_to(link)

    return make


def brief(name):
    return [(row['status'], row['severity']) for row in local_command.command_rows(name)]


@pytest.mark.parametrize(
    'name, content, outcome',
    [
        ('postfix', POSTFIX, ('green', 'info')),
        ('sendmail', SENDMAIL, ('green', 'info')),
        ('postfix', SENDMAIL, ('red', 'critical')),
        ('sendmail', OTHER, ('red', 'critical')),
        # What a script does, nobody knows.
        ('postfix', b'#!/bin/sh\n', ('green', 'low')),
    ],
)
def test_the_command_is_told_by_what_it_is(commands, name, content, outcome):
    commands(content)
    assert brief(name) == [outcome]


def test_a_command_that_is_another_or_cannot_be_run_says_what_to_do(commands, tmp_path):
    commands(OTHER)
    (row,) = local_command.command_rows('sendmail')
    assert str(tmp_path / 'program') in row['finding'] and 'update-alternatives' in row['hint']
    for mode in (0o644, 0o755):
        commands(SENDMAIL, mode, link='program')
        assert len(local_command.command_rows('sendmail')) == 1
        commands(SENDMAIL, mode, link='nowhere')
        rows = local_command.command_rows('sendmail')
        assert [row['status'] for row in rows] == ['red' if mode == 0o644 else 'green', 'red']


def test_where_nobody_looks_there_are_no_rows():
    assert brief('zimbra') == brief('kerio') == brief('fake') == []
