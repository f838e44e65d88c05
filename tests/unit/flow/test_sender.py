# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the sender of the stream takes a server's answers; a server on loopback says what it is told to say."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.fire import sender
from tests.fire.sender import attempt

WELL = {
    'connect': '220 hello',
    'EHLO': '250 hello',
    'MAIL': '250 ok',
    'RCPT': '250 ok',
    'DATA': '354 go on',
    '.': '250 taken',
    'QUIT': '221 bye',
}
HANG_UP = ''
ORDER = {'run': 'flow-', 'placeholder': 'PLACE', 'interval': 1}


class Server:
    """Serves connections one after another, the n-th as the n-th script says, the last one for ever; keeps what it was
    sent."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.contents = []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with connection, connection.makefile('rwb', 0) as stream:
                self._talk(stream, self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0])

    def _talk(self, stream, script):
        word = 'connect'
        while script[word] != HANG_UP:
            stream.write(script[word].encode() + b'\r\n')
            if word == 'QUIT':
                return
            word = (
                '.' if script[word].startswith('354') else (stream.readline().decode().split() or ['QUIT'])[0].upper()
            )
            if word == '.':
                self.contents.append(b''.join(iter(stream.readline, b'.\r\n')))


@pytest.fixture(name='serve')
def fixture_serve():
    servers = []

    def serve(*scripts):
        servers.append(Server(*scripts))
        return servers[-1]

    yield serve
    for server in servers:
        server.socket.close()


def order(port):
    return {
        'via': 'smtp25',
        'from': 'a@example.com',
        'to': ['b@example.com'],
        'host': '127.0.0.1',
        'port': port,
        'tls': False,
        'user': None,
    }


@pytest.mark.parametrize(
    'script, outcome, text',
    [
        ({}, 'accepted', '250 taken'),
        ({'QUIT': HANG_UP}, 'accepted', '250 taken'),
        ({'connect': '421 busy'}, 'refused', 'busy'),
        ({'connect': HANG_UP}, 'refused', 'SMTPServerDisconnected'),
        ({'MAIL': '451 later'}, 'refused', '451 later'),
        ({'RCPT': '550 nobody'}, 'refused', '550 nobody'),
        ({'DATA': '451 later'}, 'refused', '451 later'),
        ({'DATA': HANG_UP}, 'refused', 'SMTPServerDisconnected'),
        ({'.': '451 no room'}, 'refused', '451 no room'),
        ({'.': HANG_UP}, 'unclear', 'SMTPServerDisconnected'),
    ],
)
def test_outcomes(serve, script, outcome, text):
    found, said = attempt(order(serve({**WELL, **script}).port), b'Subject: x\r\n\r\nx\r\n')
    assert found == outcome
    assert text in said


def test_a_closed_port_is_a_refusal():
    with socket.socket() as bound:
        bound.bind(('127.0.0.1', 0))
        assert attempt(order(bound.getsockname()[1]), b'x\r\n')[0] == 'refused'


def test_it_tries_again_and_ends_when_it_is_told(serve):
    server = serve({**WELL, 'RCPT': '450 later'}, {**WELL, '.': HANG_UP}, WELL)
    message = dict(order(server.port), content=base64.b64encode(b'Subject: PLACE\r\n\r\n').decode())
    process = subprocess.Popen(
        [sys.executable, str(Path(sender.__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdin.write(json.dumps({**ORDER, 'patience': 20, 'first': 7, 'again': [5], 'messages': [message]}) + '\n')
    process.stdin.flush()
    events = []
    while sum(event.get('outcome') == 'accepted' for event in events) < 2:
        events.append(json.loads(process.stdout.readline()))
    output, dummy = process.communicate(timeout=20)
    assert process.returncode == 0
    events += [json.loads(line) for line in output.splitlines()]
    numbers = [event['number'] for event in events if 'begun' in event]
    assert numbers.count(5) + numbers.count(7) >= 4
    outcomes = [event['outcome'] for event in events if 'ended' in event]
    assert outcomes.count('refused') == outcomes.count('unclear') == 1
    assert {b'Subject: flow-0005\r\n\r\n', b'Subject: flow-0007\r\n\r\n'} <= set(server.contents)


def test_it_gives_up(serve, capsys):
    server = serve({**WELL, 'MAIL': '451 later'})
    message = dict(order(server.port), content='')
    sender.Sender({**ORDER, 'patience': 0.7, 'first': 0, 'again': [], 'messages': [message]}).send(0)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    outcomes = [event['outcome'] for event in events if 'ended' in event]
    assert len(outcomes) > 1 and set(outcomes) == {'refused'}
