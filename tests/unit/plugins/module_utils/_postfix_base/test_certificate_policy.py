# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy program, run as spawn(8) runs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import certificate_policy, policy

KNOWN, UNKNOWN = b'action=conbool_known\n\n', b'action=DUNNO\n\n'


def request(subject=None, *more):
    lines = [b'request=smtpd_access_policy', b'protocol_state=RCPT', b'client_address=192.0.2.1']
    lines += [] if subject is None else [b'ccert_subject=' + subject]
    return b'\n'.join([*lines, *more, b'', b''])


@pytest.fixture(name='ask')
def fixture_ask(tmp_path):
    path = tmp_path / policy.FILE
    path.write_text(policy.program()['content'], encoding='utf-8')

    def run(said, name='mail.conbool.com', **more):
        command = [sys.executable, '-I', '-S', '-B', path, name]
        # Both lead to the client, as with spawn(8).
        return subprocess.run(
            command, input=said, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False, **more
        ).stdout

    return run


@pytest.mark.parametrize(
    'subject, answer',
    [
        (b'mail.conbool.com', KNOWN),
        (b'MAIL.Conbool.COM', KNOWN),
        (b'*.conbool.com', KNOWN),
        (b'', UNKNOWN),
        (None, UNKNOWN),
        (b'mail.conbool.com.', UNKNOWN),
        (b'xmail.conbool.com', UNKNOWN),
        (b'mail.conbool.com.evil.test', UNKNOWN),
        (b'm*.conbool.com', UNKNOWN),
        (b'*', UNKNOWN),
        (b'*.com', UNKNOWN),
        (b'*.*.com', UNKNOWN),
        (b'*.mail.conbool.com', UNKNOWN),
        (b' mail.conbool.com', UNKNOWN),
        (b'mail.conbool.com+00evil', UNKNOWN),
        (b'mail+2Econbool.com', KNOWN),
        ('mäil.conbool.com'.encode(), UNKNOWN),
        (b'\xff\xfe', UNKNOWN),
    ],
)
def test_name(ask, subject, answer):
    assert ask(request(subject)) == answer


def test_a_wildcard_does_not_cover_a_name_below_a_top_level_domain(ask):
    assert ask(request(b'*.com'), 'conbool.com') == UNKNOWN


def test_each_request_is_answered_by_itself(ask):
    assert ask(request(b'mail.conbool.com') + request() + request(b'mail.conbool.com')) == KNOWN + UNKNOWN + KNOWN


@pytest.mark.parametrize(
    'said',
    [
        b'',
        b'ccert_subject=mail.conbool.com',
        b'ccert_subject=mail.conbool.com\n',
        b'a=' + b'x' * 100000 + b'\nccert_subject=mail.conbool.com\n\n',
        b'a=b\n' * 1000 + b'ccert_subject=mail.conbool.com\n\n',
    ],
)
def test_what_postfix_does_not_send_gets_no_answer(ask, said):
    assert ask(said) == b''


def test_no_word_of_a_traceback_reaches_postfix(ask):
    assert ask(request(), name='mail.conbool.com', env={**os.environ, 'PYTHONSTARTUP': '/no/such'}) == UNKNOWN
    with open(os.devnull, 'rb') as nowhere:
        closed = subprocess.run(
            [sys.executable, '-I', '-S', '-B', certificate_policy.__file__],
            stdin=nowhere,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
            check=False,
        )
    # Without its argument it cannot work.
    assert closed.returncode and closed.stdout == b''


def test_the_interpreter_is_this_one_by_a_name_that_everybody_may_use(tmp_path, monkeypatch):
    private, public = tmp_path / 'private', '/bin/sh'
    private.mkdir(mode=0o700)
    hidden = private / 'python3'
    hidden.symlink_to(public)
    stable = tmp_path / 'stable'
    stable.symlink_to(public)

    def found(executable, name='/no/such'):
        monkeypatch.setattr(policy, 'PYTHON', str(name))
        monkeypatch.setattr(policy.sys, 'executable', str(executable))
        return policy.interpreter()

    assert found(public) == public
    # A virtual environment of root's is left by what it leads to.
    assert found(hidden) == os.path.realpath(public)
    # A name without a version is better, if it is of the same.
    monkeypatch.setattr(policy, '_for_everybody', lambda path: not path.startswith(str(private)))
    assert found(public, stable) == str(stable) and found(public, '/bin/cat') == public
    # Else it is the system's, if that is new enough.
    (private / 'own').write_text('')
    for version, name in (('3.6', ''), ('3.13', 'system'), ('3', '')):
        (tmp_path / f'python{version}').write_text('')
        (tmp_path / 'system').unlink(missing_ok=True)
        (tmp_path / 'system').symlink_to(tmp_path / f'python{version}')
        assert found(private / 'own', tmp_path / 'system') == (name and str(tmp_path / name))


def test_the_service_runs_it_as_a_user_of_its_own():
    command = policy.service('/usr/bin/python3', '/etc/postfix', 'mail.conbool.com')['command']
    assert command == (
        'spawn user=conbool-policy argv=/usr/bin/python3 -I -S -B /etc/postfix/conbool_certificate.py mail.conbool.com'
    )
    assert policy.program()['mode'] == '0755'
