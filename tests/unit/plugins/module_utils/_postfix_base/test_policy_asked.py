# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy service asked over its socket, where what spawn(8) does is played: a process for each connection."""

from __future__ import annotations

import contextlib
import socketserver
import subprocess
import sys
import threading

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import policy

NAME = 'mail.conbool.com'


@contextlib.contextmanager
def serving(path, command):
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            subprocess.run(command, stdin=self.request, stdout=self.request, stderr=subprocess.STDOUT, check=False)

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(name='ask')
def fixture_ask(tmp_path):
    program = tmp_path / policy.FILE
    program.write_text(policy.program()['content'], encoding='utf-8')

    def ask(*arguments, command=None, known='conbool_known'):
        run = command or [sys.executable, '-I', '-S', '-B', str(program), *arguments]
        with serving(tmp_path / 'socket', run):
            (row,) = policy.rows(str(tmp_path / 'socket'), NAME, '/etc/postfix/x.py', known)
        return row

    return ask


@pytest.mark.parametrize('arguments, known', [([NAME], 'conbool_known'), ([NAME, 'permit'], 'permit')])
def test_it_knows_the_gateway_and_nobody_else(ask, arguments, known):
    found = ask(*arguments, known=known)
    assert (found['id'], found['status']) == ('inbound.policy', 'green')


@pytest.mark.parametrize(
    'given, said',
    [
        ({'command': [sys.executable, '/no/such/program.py']}, f'{NAME}: '),
        ({'command': ['true']}, f'{NAME}: nothing'),
        ({'command': ['sh', '-c', 'printf "action=conbool_known\\n\\n"']}, f'not-{NAME}: action=conbool_known'),
        ({'known': 'permit'}, f'{NAME}: action=conbool_known'),
    ],
)
def test_what_does_not_is_red(ask, given, said):
    found = ask(*([] if 'command' in given else [NAME]), **given)
    assert (found['id'], found['status']) == ('inbound.policy', 'red')
    assert said in found['finding'] and '/etc/postfix/x.py' in found['hint']


def test_another_name_is_red(ask):
    assert f'{NAME}: action=DUNNO' in ask('mail.other.test')['finding']


def test_nobody_listens_or_answers(tmp_path, monkeypatch):
    path = tmp_path / 'socket'
    assert 'No such file' in policy.rows(str(path), NAME, 'x')[0]['finding']
    monkeypatch.setattr(policy, 'PATIENCE', 0.1)
    with serving(path, ['sleep', '1']):
        found = policy.rows(str(path), NAME, 'x')[0]
    assert found['status'] == 'red' and 'timed out' in found['finding']
