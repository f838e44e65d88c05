# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server of the lab with one spam engine at a time in its way."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

from tests.conftest import ROOT

GTUBE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
TIMEOUT = 60
PAUSE = 0.1

# What an administrator does to use an engine, and where it listens then.
ENGINES = {
    'spamass-milter': {
        'services': ['spamd', 'spamass-milter'],
        'parameters': ['smtpd_milters=unix:spamass/spamass.sock'],
        'listens': 'test -S /var/spool/postfix/spamass/spamass.sock && spamc -K',
    },
    'amavis': {
        'services': ['amavis'],
        'parameters': ['content_filter=smtp:[127.0.0.1]:10024'],
        'listens': 'ss -ltn | grep -q 127.0.0.1:10024',
    },
    'rspamd': {
        'services': ['rspamd'],
        'parameters': ['smtpd_milters=inet:127.0.0.1:11332'],
        'listens': 'ss -ltn | grep -q 127.0.0.1:11332 && rspamc stat',
    },
}


class Server:

    def __init__(self, lab, host, variables):
        self.lab, self.host, self.variables = lab, host, variables

    def shell(self, script, check=True):
        return self.lab.run(self.host, ['sh', '-c', script], check=check, timeout=120)

    def rule(self, state):
        """Have the engines know what was released, or not, as role spam_delivery does it."""
        arguments = {'state': state, 'networks': self.lab.addresses['gateway'] if state == 'present' else []}
        command = [
            str(Path(sys.executable).with_name('ansible')),
            '-i',
            str(self.lab.inventory),
            self.host,
            '-m',
            'conbool.smtp_relay.spam_delivery',
            '-a',
            json.dumps(arguments),
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / 'ansible.cfg')),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0 and 'CHANGED' in done.stdout, done.stdout + done.stderr

    def use(self, engine):
        """Have this engine, and no other, look at mail."""
        for name, settings in ENGINES.items():
            if name != engine:
                self.shell(
                    'systemctl stop {}; postconf -X {}'.format(
                        ' '.join(settings['services']),
                        ' '.join(item.partition('=')[0] for item in settings['parameters']),
                    )
                )
        settings = ENGINES[engine]
        self.shell(
            'systemctl start {} && postconf -e {} && postfix reload'.format(
                ' '.join(settings['services']), ' '.join(settings['parameters'])
            )
        )
        self.wait(lambda: self.shell(settings['listens'], check=False).returncode == 0, f'{engine} does not listen')

    def score(self, peer, headers=(), source=None):
        """Send a message that any engine takes for spam, without a peer as a program on the server. Returns whether it
        arrived marked, and where."""
        token = 'flow-' + uuid.uuid4().hex
        lines = [
            'From: a@external.test',
            'To: alice@example.com',
            f'Subject: buy now {token}',
            f'Message-ID: <{token}@external.test>',
            'Date: Sun, 22 Nov 2026 14:00:00 +0000',
            *headers,
            '',
            self.text(),
            '',
        ]
        if peer is None:
            self.lab.run(
                self.host,
                ['sendmail', '-f', 'a@external.test', 'alice@example.com'],
                input='\n'.join(lines).replace('\r\n', '\n'),
            )
        else:
            self._send(peer, '\r\n'.join(lines).encode(), source)
        self.wait(lambda: self._find(token), f'message {token} did not arrive')
        path = self._find(token)[0]
        message = email.message_from_string(self.shell(f'cat {path}').stdout)
        spam = any(str(message[name]).upper().startswith('YES') for name in ('X-Spam-Flag', 'X-Spam-Status', 'X-Spam'))
        return spam, 'Junk' if '/.Junk/' in path else 'INBOX'

    def _send(self, peer, content, source):
        options = {'source': source} if source else {'client_cert': 'right'}
        answer = peer.send(
            self.host, 'a@external.test', ['alice@example.com'], content, tls=True, timeout=60, **options
        )
        assert answer['accepted'], answer

    def text(self):
        """GTUBE, but not for rspamd, to which it is more than a high score."""
        return 'Hello' if self.shell('systemctl is-active rspamd', check=False).returncode == 0 else GTUBE

    def _find(self, token):
        return self.shell(
            f'grep -rl {token} /home/alice/Maildir --include="*" 2>/dev/null | grep -E "/(new|cur)/"', check=False
        ).stdout.split()

    def wait(self, condition, problem):
        end = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > end:
                raise AssertionError('{}\n{}'.format(problem, '\n'.join(self.lab.log(self.host).splitlines()[-40:])))
            time.sleep(PAUSE)


class SendmailServer(Server):
    """A Sendmail, which has asked spamass-milter ever since it was set up, also about mail of programs on the
    server."""

    def use(self, engine):
        self.wait(
            lambda: self.shell('test -S /run/spamass/spamass.sock && spamc -K', check=False).returncode == 0,
            f'{engine} does not listen',
        )
