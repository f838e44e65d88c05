# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two mail servers with one directory, done in one run of the playbook; of a double of Zimbra. The first has the
mailboxes."""

from __future__ import annotations

import json

import pytest

from tests.flow import playbook
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('zimbra'), pytest.mark.full]

FIRST, SECOND = 'left', 'right'
BOTH = f'{FIRST},{SECOND}'


@pytest.fixture(scope='module', name='servers')
def fixture_servers(lab, kind):
    node = kind.replace('zimbra-', 'zimbra-node-')
    with lab.hosts(f'{FIRST}={node}'), lab.hosts(f'{SECOND}={node}'):
        yield lab.lab


def directory(lab):
    return json.loads(lab.run(FIRST, ['cat', '/opt/zimbra/double/shared/store.json']).stdout)


def case(name, place, **inject):
    return Case(name, name, 'several', 'default', inject, (place,))


def sent_through(lab, host, adapter, cases):
    report = Engine(Site(lab, host, adapter), deadline=adapter.deadline).run(cases)
    return {result.case.id: result.problems + result.unverified for result in report.results}, report.in_clear


def test_two_servers_are_done_in_one_run_and_undone(servers, adapter, variables_of):
    before = directory(servers)
    variables = variables_of('default')
    playbook.apply(servers, BOTH, variables)
    done = directory(servers)
    relays = {name: values.get('zimbraMtaRelayHost') for name, values in done['servers'].items()}
    assert sorted(relays) == [f'{FIRST}.example.com', f'{SECOND}.example.com'] and None not in relays.values()
    assert playbook.apply(servers, BOTH, variables).changed == []

    out = {'via': 'submission', 'from': 'alice@example.com', 'to': ['several@external.test']}
    received = {'via': 'gateway', 'from': 'several@external.test', 'to': ['alice@example.com']}
    problems, in_clear = sent_through(
        servers, FIRST, adapter, [case('first-out', Place('gateway', ('several@external.test',)), **out)]
    )
    assert (problems, in_clear) == ({'first-out': []}, [])
    # Of the second no mailbox is looked at: the first has them all.
    problems, in_clear = sent_through(
        servers, SECOND, adapter, [case('second-out', Place('gateway', ('several@external.test',)), **out)]
    )
    assert (problems, in_clear) == ({'second-out': []}, [])
    reply = servers.gateway.send(
        SECOND, received['from'], received['to'], b'Subject: flow-several\r\n\r\nhello\r\n', tls=True
    )
    assert reply['accepted'], reply
    find = f'for tries in $(seq 100); do grep -rl flow-several {adapter.mailboxes["alice"]}/new && exit; sleep 0.3; done; exit 1'
    assert servers.run(FIRST, ['sh', '-c', find], timeout=90).stdout.count('\n') == 1

    playbook.apply(servers, BOTH, variables, 'rollback.yml')
    assert directory(servers) == before
