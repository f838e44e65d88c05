# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row C5: bad input is refused before the first change, naming the variable and the value."""

from __future__ import annotations

import pytest

from tests.flow import playbook, snapshot

# The same for all mail servers.
pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix', full=['sendmail', 'zimbra'])]

BAD_INPUTS = [
    # variable, value, what else must be set for the value to count
    ('conbool_domains', [], {}),
    ('conbool_domains', '', {}),
    ('conbool_domains', ['example.com\nrelayhost = [evil.test]'], {}),
    ('conbool_domains', ['example.com/..'], {}),
    ('conbool_domains', ['exa mple.com'], {}),
    ('conbool_domains', ['192.0.2.1'], {}),
    ('conbool_domains', ['*.example.com'], {}),
    ('conbool_domains', ['example.com', 'example.com'], {}),
    ('conbool_domains', ['a-b.example', 'a.b.example'], {}),
    ('conbool_networks', ['192.0.2.1/24'], {}),
    ('conbool_networks', ['the gateway'], {}),
    ('conbool_networks', ['0.0.0.0/0'], {}),
    ('conbool_networks', ['192.0.2.0/24\n198.51.100.0/24'], {}),
    ('conbool_networks', [], {'conbool_inbound': True}),
    ('conbool_relay_host', 'mail conbool com', {}),
    ('conbool_relay_host', '[mail.conbool.com]', {}),
    ('conbool_relay_host', 'mail.conbool.com:25', {}),
    ('conbool_relay_host', 'mail.conbool.com\n', {}),
    ('conbool_relay_port', 0, {}),
    ('conbool_relay_port', 65536, {}),
    ('conbool_relay_port', 'smtp', {}),
    ('conbool_relay_port', True, {}),
    ('conbool_tls_name', 'mail.conbool.com match=*', {}),
    ('conbool_tls_ca_file', 'ca.pem', {}),
    ('conbool_tls_ca_file', '/etc/ssl/lab/none.pem', {}),
    ('conbool_tls_ca_file', '/etc/ssl/$name.pem', {}),
    ('conbool_tls_client_key', '/etc/ssl/lab/client.key', {}),
    ('conbool_tls_client_cert', '/etc/ssl/lab/client.pem', {}),
    ('conbool_tls_client_cert', '/etc/ssl/lab/none.pem', {'conbool_tls_client_key': '/etc/ssl/lab/client.key'}),
    ('conbool_tls_client_key', '/etc/ssl/lab/server.key', {'conbool_tls_client_cert': '/etc/ssl/lab/client.pem'}),
    ('conbool_scope', 'some', {}),
    ('conbool_scope_senders', [], {'conbool_scope': 'senders'}),
    ('conbool_scope_senders', ['/.*/'], {'conbool_scope': 'senders'}),
    ('conbool_scope_senders', ['alice@example.com OK'], {'conbool_scope': 'senders'}),
    (
        'inbound_firewall_port',
        0,
        {'conbool_inbound': True, 'conbool_networks': ['192.0.2.0/24'], 'conbool_preflight': 'skip'},
    ),
    ('outbound_hop_port', 0, {'conbool_preflight': 'skip'}),
    ('outbound_hop_address', '0.0.0.0', {'conbool_preflight': 'skip'}),
    ('conbool_mta', 'qmail', {}),
    ('conbool_state', 'gone', {}),
]


@pytest.fixture(scope='module', name='refusals')
def fixture_refusals(lab, own_host, variables_of):
    """One run over as many inventory hosts as there are bad inputs, all of them the same server, which is looked at
    before and after."""
    before = snapshot.take(lab.lab, own_host)
    hosts = {
        f'bad-{number}': {**variables_of('outbound_only'), **more, variable: value}
        for number, (variable, value, more) in enumerate(BAD_INPUTS)
    }
    outcome = playbook.run_as(lab.lab, own_host, 'site.yml', hosts)
    return outcome, snapshot.differences(before, snapshot.take(lab.lab, own_host))


@pytest.mark.parametrize('number', range(len(BAD_INPUTS)), ids=['{}={!r}'.format(*item[:2]) for item in BAD_INPUTS])
def test_c5_bad_input_is_refused_naming_variable_and_value(refusals, number):
    outcome, dummy = refusals
    variable, value, dummy = BAD_INPUTS[number]
    events = [event for event in outcome.events if event.get('host') == f'bad-{number}']
    text = '\n'.join(event['msg'] for event in events if event['event'] == 'failed')
    assert variable in text
    for item in value if isinstance(value, list) and value else [value]:
        # As Python writes it, so that a line break is seen, or as it is.
        assert repr(item)[1:-1] in text or str(item) in text
    assert [event['task'] for event in events if event.get('changed')] == []


def test_c5_a_misspelt_variable_is_refused_naming_the_right_one(lab, own_host, variables_of):
    outcome = playbook.run(
        lab.lab, own_host, 'site.yml', dict(variables_of('outbound_only'), conbool_domain=['example.com'])
    )
    assert outcome.returncode
    assert 'conbool_domain:' in outcome.failures[0] and 'conbool_domains' in outcome.failures[0]
    assert outcome.changed == []


def test_c5_nothing_is_changed_by_bad_input(refusals):
    outcome, differences = refusals
    assert outcome.returncode
    assert differences == []
