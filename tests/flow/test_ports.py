# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose the ports of the hop and of the detours are: nobody else can have them, who has them all the same is named."""

from __future__ import annotations

import re

import pytest

from tests.flow import playbook
from tests.flow.model import Place
from tests.flow.ports import OUT, PLAIN, case, listening, problems

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix', full=['sendmail_hop'])]

# Greets as an SMTP server does, and does no more.
THIEF = """\
import os, socket, sys
thief = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print(os.getpid(), flush=True)
while True:
    thief.accept()[0].sendall(b'220 thief ESMTP\\r\\n')
"""


@pytest.fixture(name='thief')
def fixture_thief(lab):
    """Starts a process of a user that listens on a port, and returns what ends it; None when it cannot listen. It ends
    with the test."""
    started = []

    def listen(host, user, port):
        process = lab.lab.start(host, ['runuser', '-u', user, '--', 'python3', '-c', THIEF, str(port)])
        said = process.stdout.readline().strip()

        def end():
            lab.lab.run(host, ['sh', '-c', f'kill {said}'], check=False)
            process.wait(10)

        started.append((process, end))
        return end if said else None

    yield listen
    for process, end in started:
        if process.poll() is None:
            end()


@pytest.fixture(scope='module', name='settled')
def fixture_settled(lab, own_host):
    return playbook.Settled(lab.lab, own_host)


CONNECT = """\
import socket
try:
    print(socket.create_connection(('127.0.0.1', 325), 5).recv(3).decode())
except OSError as exc:
    print(type(exc).__name__)
"""


def test_the_ports_are_roots_and_a_stranger_there_is_named(lab, own_host, adapter, variables_of, thief, settled):
    variables = variables_of('outbound_only')
    run = lab.lab.run
    settled(variables)
    settled.spoil()
    # Any user, while the hop is down.
    run(own_host, ['systemctl', 'stop', 'conbool-hop'])
    assert thief(own_host, 'alice', 325) is None
    # Who may all the same.
    end = thief(own_host, 'root', 325)
    seen = playbook.run(lab.lab, own_host, 'verify.yml', variables)
    assert seen.returncode and 'hop.foreign' in seen.findings, seen.output
    assert re.search(r'held by pid \d+ \(python3\), user root', seen.findings), seen.output
    ready = playbook.run(lab.lab, own_host, 'preflight.yml', dict(variables, conbool_preflight='enforce'))
    assert ready.returncode and 'hop.foreign' in ready.findings and 'outbound_hop_port' in ready.findings, ready.output
    failed = playbook.run(lab.lab, own_host, 'site.yml', variables)
    assert failed.returncode and failed.changed == []
    assert re.search(
        r'outbound_hop_port: 325 cannot be used, 127\.0\.0\.1:325 is held by pid \d+ \(python3\), user root',
        '\n'.join(failed.failures),
    ), failed.output
    end()
    settled(variables)
    assert not playbook.run(lab.lab, own_host, 'verify.yml', variables).returncode
    assert problems(lab, own_host, adapter, PLAIN) == {}


def test_a_port_that_any_user_can_take_is_told_and_so_is_who_took_it(lab, own_host, variables_of, thief, settled):
    variables = dict(variables_of('outbound_only'), outbound_hop_port=10027)
    settled(variables)
    seen = playbook.run(lab.lab, own_host, 'verify.yml', variables)
    assert not seen.returncode and 'hop.unprivileged' in seen.output, seen.output
    settled.spoil()
    lab.lab.run(own_host, ['systemctl', 'stop', 'conbool-hop'])
    assert thief(own_host, 'alice', 10027)
    seen = playbook.run(lab.lab, own_host, 'verify.yml', variables)
    assert seen.returncode and re.search(r'held by pid \d+ \(python3\), user alice', seen.findings), seen.output
    # Away from there, with the default; the thief keeps what he has.
    settled(variables_of('outbound_only'))
    assert 325 in listening(lab, own_host)
    assert not playbook.run(lab.lab, own_host, 'verify.yml', variables_of('outbound_only')).returncode


def test_local_users_cannot_connect_and_whoever_takes_that_away_is_found_out(
    lab, own_host, adapter, variables_of, settled
):
    variables, run = variables_of('outbound_only'), lab.lab.run
    settled(variables)

    def connects(user):
        command = ['runuser', '-u', user, '--', 'python3', '-c', CONNECT]
        return run(own_host, command, check=False).stdout.strip()

    assert [connects(user) for user in ('root', 'alice')] == ['220', 'ConnectionRefusedError']
    assert problems(lab, own_host, adapter, PLAIN) == {}
    settled.spoil()
    run(own_host, ['nft', 'flush', 'ruleset'])
    seen = playbook.run(lab.lab, own_host, 'verify.yml', variables)
    assert seen.returncode and 'hop.users' in seen.findings, seen.output
    assert connects('alice') == '220'
    assert settled(variables).changed != []
    assert connects('alice') == 'ConnectionRefusedError'
    assert playbook.apply(lab.lab, own_host, variables).changed == []
    # The hop brings it along.
    run(own_host, ['nft', 'flush', 'ruleset'])
    run(own_host, ['systemctl', 'restart', 'conbool-hop'])
    assert connects('alice') == 'ConnectionRefusedError'


def test_the_hop_may_no_more_than_it_has_to(lab, own_host, adapter, variables_of, settled):
    settled(variables_of('outbound_only'))
    told = lab.lab.run(own_host, ['systemd-analyze', 'security', '--no-pager', 'conbool-hop.service']).stdout
    print(told)
    assert float(re.search(r'exposure level for conbool-hop.service: ([0-9.]+)', told).group(1)) < 4
    # What it needs it has: after a restart by its own unit, and a reload by hand.
    lab.lab.run(own_host, ['systemctl', 'restart', 'conbool-hop'])
    lab.lab.run(own_host, ['systemctl', 'reload', 'conbool-hop'])
    away = case(
        'back to its sender',
        {
            'via': 'sendmail',
            'from': 'alice@example.com',
            'to': ['ports@bounce.test'],
            'headers': ['X-Conbool-Released: yes'],
        },
        Place('bounce:alice'),
    )
    assert problems(lab, own_host, adapter, PLAIN, away) == {}


@pytest.mark.servers('postfix')
def test_a_mail_server_without_ipv4_has_hop_and_detours_at_the_other_loopback_address(
    lab, fresh_host, adapter, variables_of
):
    run = lab.lab.run
    run(fresh_host, ['postconf', '-e', 'inet_protocols=ipv6'])
    run(fresh_host, ['systemctl', 'restart', 'postfix'])
    variables = variables_of('spam_header')
    playbook.apply(lab.lab, fresh_host, variables)
    assert listening(lab, fresh_host) == dict.fromkeys((325, 326, 327, 328), '::1')
    assert run(fresh_host, ['systemctl', 'is-active', 'postfix', 'conbool-hop']).stdout.split() == ['active', 'active']
    flagged = case(
        'flagged',
        {
            'via': 'gateway',
            'ipv6': True,
            'from': OUT,
            'to': ['alice@example.com'],
            'headers': ['X-Conbool-Flag: YES'],
        },
        Place('spam:alice'),
    )
    assert problems(lab, fresh_host, adapter, PLAIN, flagged) == {}
    assert not playbook.run(lab.lab, fresh_host, 'verify.yml', dict(variables, conbool_preflight='skip')).returncode
    assert playbook.apply(lab.lab, fresh_host, variables).changed == []
    refused = playbook.run(lab.lab, fresh_host, 'site.yml', dict(variables, outbound_hop_address='127.0.0.1'))
    assert refused.returncode and refused.changed == []
    assert "outbound_hop_address: '127.0.0.1' cannot be used" in '\n'.join(refused.failures)
