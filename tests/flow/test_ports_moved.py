# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the hop and of the detours can be moved while mail flows."""

from __future__ import annotations

import re
import time

import pytest

from tests.fire.stream import Stream
from tests.flow import playbook
from tests.flow.engine import Engine
from tests.flow.model import Place
from tests.flow.ports import FORMER, FROM_LAN, PLAIN, case, listening
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix')]

REFUSED = re.compile(r'connect to (127\.0\.0\.1|::1)\S*:\d+: Connection refused')
HELD = """\
import smtplib, sys
with smtplib.SMTP(sys.argv[1], 25, 'printer.example.com', 60, (sys.argv[2], 0)) as client:
    client.ehlo()
    for answer in (client.mail('printer@example.com'), client.rcpt('fwd@example.com')):
        assert answer[0] == 250, answer
    print('held', flush=True)
    sys.stdin.readline()
    assert client.data(f'Subject: {sys.argv[3]}\\r\\n\\r\\nheld\\r\\n')[0] == 250
"""


def held(lab, host, token):
    """A session of a client on the LAN that has said where its message goes; with its next line it sends it."""
    addresses = lab.lab.addresses
    session = lab.lab.start('internet', ['python3', '-c', HELD, addresses[host][0], addresses['lan'][0], token])
    assert session.stdout.readline().strip() == 'held', session.communicate(timeout=60)
    return session


@pytest.fixture(name='site')
def fixture_site(lab, fresh_host, adapter):
    """A fresh host whose mail server offers STARTTLS."""
    lab.lab.run(fresh_host, ['sh', '-ec', adapter.ready_for_mail])
    return Site(lab.lab, fresh_host, adapter)


def test_ports_are_moved_while_mail_flows_and_no_message_is_left_behind(lab, fresh_host, site, variables_of):
    variables = variables_of('spam_header')
    playbook.apply(lab.lab, fresh_host, dict(variables, **FORMER))
    assert set(listening(lab, fresh_host)) == {10027, 10028, 10029, 10030}
    begun = time.time()
    with Stream(site) as stream:
        moved = playbook.apply(lab.lab, fresh_host, variables)
        account = stream.account()
    # A message may have been on its way to an old listener just then, or a session been open for long: the listener
    # stays for it until the next run.
    if re.search(
        'messages in the queue are on their way to|begun before the change',
        moved.findings + ' '.join(moved.output.split()),
    ):
        playbook.apply(lab.lab, fresh_host, variables)
    assert set(listening(lab, fresh_host)) == {325, 326, 327, 328}
    assert (account.lost, account.misplaced, account.given_up, account.unexplained) == (
        {},
        {},
        {},
        {},
    ), account.in_full()
    assert [line for line in lab.lab.log(fresh_host, since=begun).splitlines() if REFUSED.search(line)] == []
    assert playbook.apply(lab.lab, fresh_host, variables).changed == []


@pytest.mark.full
def test_messages_that_wait_for_a_port_that_is_moved_find_it(lab, fresh_host, site, variables_of):
    """The other way round, and once more with messages that wait on a detour and in front of the hop."""
    variables, run = variables_of('spam_header'), lab.lab.run
    former = dict(variables, **FORMER)
    playbook.apply(lab.lab, fresh_host, variables)
    playbook.apply(lab.lab, fresh_host, former)
    run(fresh_host, ['postconf', '-e', 'defer_transports=conbool-wash conbool-hop'])
    run(fresh_host, ['postfix', 'reload'])
    batch = Engine(site).batch([PLAIN, case('washed', FROM_LAN, Place('gateway', ('fwd@external.test',)))])
    batch.send()
    batch.must_be(lambda item: (Place('queue', tuple(item.inject['to'])),))
    moved = playbook.run(lab.lab, fresh_host, 'site.yml', variables)
    rows = [row for entry in moved.hosts().values() for row in entry['verify']['rows'] if row['status'] != 'green']
    assert [row['id'] for row in rows] == ['route.deferred'], moved.output
    assert 'messages in the queue are on their way to 127.0.0.1:10028' in moved.findings + moved.output, moved.output
    assert set(listening(lab, fresh_host)) == {325, 326, 327, 328, 10028}
    run(fresh_host, ['postconf', '-X', 'defer_transports'])
    run(fresh_host, ['postfix', 'reload'])
    site.flush()
    batch.must_be(lambda item: item.expect)
    assert batch.problems == {}
    assert 'detour.unprivileged' in playbook.run(lab.lab, fresh_host, 'verify.yml', variables).output
    assert playbook.apply(lab.lab, fresh_host, variables).changed != []
    assert set(listening(lab, fresh_host)) == {325, 326, 327, 328}
    assert playbook.apply(lab.lab, fresh_host, variables).changed == []


@pytest.mark.full
def test_a_session_of_before_the_change_finds_its_listener(lab, fresh_host, variables_of):
    variables = variables_of('inbound_washed')
    playbook.apply(lab.lab, fresh_host, dict(variables, **FORMER))
    session = held(lab, fresh_host, 'flow-session0')
    moved = playbook.apply(lab.lab, fresh_host, variables)
    session.communicate('\n', timeout=60)
    assert 'Sessions that were begun before the change are open still' in ' '.join(moved.output.split()), moved.output
    assert set(listening(lab, fresh_host)) == {325, 326, 10028}
    lab.lab.gateway.wait_for('flow-session0')
    assert playbook.apply(lab.lab, fresh_host, variables).changed != []
    assert set(listening(lab, fresh_host)) == {325, 326}
    # With the undo, the listener goes all the same: whoever runs it reads what to do.
    session = held(lab, fresh_host, 'flow-session1')
    undone = playbook.apply(lab.lab, fresh_host, variables, 'rollback.yml')
    session.communicate('\n', timeout=60)
    assert 'postsuper -c /etc/postfix -r QUEUE_ID' in ' '.join(undone.output.split()), undone.output
    lab.lab.run(fresh_host, ['postsuper', '-c', '/etc/postfix', '-r', 'ALL'])
    lab.lab.run(fresh_host, ['postqueue', '-f'])
    lab.lab.internet.wait_for('flow-session1')
