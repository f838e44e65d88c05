# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the lab ask it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import dns.message
import dns.query
import dns.rcode

NAME = 'labtest'
HOSTS = ('postfix-debian12', 'postfix-debian13')
CLIENT = Path(__file__).with_name('client.py').read_text(encoding='utf-8')


def ask(lab, name, kind):
    reply = dns.query.udp(dns.message.make_query(name, kind), lab.addresses['resolver'][0], timeout=2)
    return dns.rcode.to_text(reply.rcode()), sorted(str(record) for answer in reply.answer for record in answer)


def until(condition, seconds=10):
    """What the condition finds once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f'nothing after {seconds} s'
        time.sleep(0.1)
    return found


def client(lab, token='flow-client', **order):
    """Sends to the gateway from a host, verifying chain and name; how far it came."""
    order = {'to': ['x@external.test'], 'message': f'Subject: {token}\r\n\r\nhello\r\n', **order}
    return json.loads(lab.run(HOSTS[0], ['python3', '-', json.dumps(order)], input=CLIENT).stdout)


def mail(lab, host, sender, recipient, token):
    lab.run(host, ['sendmail', '-i', '-f', sender, recipient], input=f'Subject: {token}\nTo: {recipient}\n\nhello\n')


def mailbox(lab, host, user, token):
    done = lab.run(host, ['grep', '-rl', token, f'/home/{user}/Maildir'], check=False)
    return [path for path in done.stdout.splitlines() if '/new/' in path]
