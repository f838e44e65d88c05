# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of Sendmail's programs: each has an end, and many questions are one call."""

from __future__ import annotations

import subprocess
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import commands

# As parse_addr.c and main.c of Sendmail write it.
ANSWERS = r"""#!/bin/sh
echo call >>$0.asked
echo 'ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)'
echo 'Enter <ruleset> <address>'
while read -r command address; do
    echo "> Cracked address = \$g"
    echo 'Parsing envelope recipient address'
    echo "canonify           input: $address"
    case $address in
        refused*) echo '550 5.1.1 No such user'; echo 'Cannot parse' ;;
        local*) echo "mailer local, user $address" ;;
        *) echo "mailer esmtp, host ${address#*@}., user $address" ;;
    esac
done
printf '> '
"""
QUESTIONS = {
    'routes': lambda program: program.routes('cf', ['a@b.test', 'c@d.test']),
    'members': lambda program: program.members('cf', 'R'),
    'describe': lambda program: program.describe('cf'),
    'complaints': lambda program: program.complaints('cf'),
    'macros_after': lambda program: program.macros_after('cf', ['3 x'], ['name']),
    'answers': lambda program: program.answers('cf', 'check_relay', [('x', {})]),
    'canonical': lambda program: program.canonical('cf', 'b.test'),
    'generate': lambda program: program.generate('mc', '/'),
    'map_entries': lambda program: program.map_entries('hash', '/etc/mail/access'),
}


def run(words, data='', cwd=None, **dummy):
    done = subprocess.run(words, input=data.encode(), capture_output=True, check=False, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(name='program')
def fixture_program(tmp_path, monkeypatch):
    def made(text):
        for name in ('sendmail', 'm4', 'makemap'):
            (tmp_path / name).write_text(text, encoding='ascii')
            (tmp_path / name).chmod(0o755)
        monkeypatch.setattr(commands, 'MAKEMAP', [str(tmp_path / 'makemap')])
        return commands.Program(run, str(tmp_path / 'sendmail'), str(tmp_path / 'm4'))

    return made


@pytest.mark.parametrize('question', QUESTIONS)
def test_a_program_that_waits_for_others_is_not_waited_for(program, monkeypatch, question):
    monkeypatch.setattr(commands, 'LONGEST', 0.3)
    begin = time.monotonic()
    with pytest.raises(commands.Unanswered, match='gave no answer within 0.3 seconds, mostly since DNS or a map'):
        QUESTIONS[question](program('#!/bin/sh\nexec sleep 5\n'))
    assert time.monotonic() - begin < 4


def test_many_addresses_are_one_call(program, tmp_path):
    addresses = ['a@b.test', 'refused@b.test', 'local', 'c@d.test']
    assert program(ANSWERS).routes('cf', addresses) == [
        {'mailer': 'esmtp', 'host': 'b.test', 'user': 'a@b.test'},
        None,
        {'mailer': 'local', 'host': '', 'user': 'local'},
        {'mailer': 'esmtp', 'host': 'd.test', 'user': 'c@d.test'},
    ]
    assert (tmp_path / 'sendmail.asked').read_text(encoding='ascii') == 'call\n'


def test_an_answer_that_is_missing_is_not_that_of_the_next_one(program):
    with pytest.raises(HostError, match='answers 0 of 2 questions'):
        program('#!/bin/sh\necho ADDRESS TEST MODE\n').routes('cf', ['a@b.test', 'c@d.test'])
