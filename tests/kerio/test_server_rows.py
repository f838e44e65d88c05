# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the adapter of role kerio_smarthost says of a server: facts, reasons not to begin, and rows."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import names

from lab.kerio import company
from lab.kerio.admission import Guest

pytest_plugins = ['tests.kerio.adapter']


def obstacles(kerio):
    server = kerio.server()
    return {(row['id'], row['status']): row for row in server.obstacles(server.facts())}


def test_facts(host):
    kerio = host(prepare=lambda state: company.settle(state) or relay_group(state, '10.1.0.0', '255.255.0.0'))
    facts = kerio.server().facts()
    assert (facts.version, facts.running, facts.parts) == ('10.0.8', True, [])
    assert facts.relay_networks == ['10.1.0.0/16'] and facts.relay_networks_row == 'firewall.relay_networks'
    assert facts.certificate_files == [str(kerio.double.certificate)]
    assert {one['agent'] for one in facts.deliveries} == {'own'} and len(facts.deliveries) == 1
    kerio.apply()
    assert kerio.server().facts().parts == [names.OWNER]


def relay_group(state, network, mask):
    group = company.group(state, 'Local clients', {'type': 'Network', 'addr1': network, 'addr2': mask})
    state.data['smtp']['relayControl']['ipAddressGroupId'] = group


def test_the_hop_takes_over_what_was_promised(host):
    def prepare(state):
        company.settle(state)
        state.data['smtp'].update(readerHops=90)
        state.data['smtp']['bounceInterval'] = {'value': 2, 'units': 'Weeks'}

    hop = host(prepare=prepare).wanted().hop
    expanded = hop.identity['expanded']
    assert (expanded['myhostname'], expanded['smtp_helo_name']) == ('mail.example.com', 'mail.example.com')
    assert expanded['message_size_limit'] == str(20 * 2**20) and expanded['hopcount_limit'] == '93'
    assert (expanded['maximal_queue_lifetime'], expanded['delay_warning_time']) == ('2w', '4h')
    assert (hop.own_programs, hop.wash_port, hop.return_address) == (True, 0, '')


def only_on(kind, address, port):
    def prepare(state):
        state.service('SMTP')['listeners'] = [{'type': kind, 'address': address, 'port': port}]

    return prepare


@pytest.mark.parametrize(
    'prepare, way',
    [
        (only_on('AllAddresses', 'All addresses', 2525), '[127.0.0.1]:2525'),
        (only_on('Localhost', 'Localhost', 25), ''),
        (only_on('RealIpAddress', '127.0.0.1', 26), '[127.0.0.1]:26'),
        (
            lambda state: state.service('SMTP')['group'].update(
                isUsed=True, ipGroup={'id': company.group(state, 'Other'), 'name': ''}
            ),
            '[127.0.0.1]:25',
        ),
    ],
)
def test_the_way_back_is_where_port_25_is(host, prepare, way):
    assert host(prepare=prepare).wanted().hop.return_address == way


def test_bounces_of_the_hop_come_from_the_address_to_which_they_go(host):
    # To which "this machine" need not belong.
    kerio = host(prepare=only_on('RealIpAddress', '127.0.7.7', 26))
    assert kerio.wanted().hop.return_address == '[127.0.7.7]:26'
    kerio.apply()
    admission = kerio.double.mail.admission
    assert [admission.allowed(Guest(one, 'SMTP')) for one in ('127.0.7.7', '127.0.7.8')] == [True, False]
    held = [one for one in kerio.double.state.data['ip_entries'] if one['groupName'] == names.GATEWAY]
    assert '127.0.7.7' in [one['host'] for one in held] and kerio.drift()['changed'] is False


@pytest.mark.parametrize(
    'change, words',
    [
        (
            {'domains': ['example.com', 'strange.test']},
            'conbool_domains: strange.test: Kerio Connect has no such domain',
        ),
        ({'password': ''}, 'kerio_smarthost_password is empty: it is that of Admin'),
        ({'password': 'mistyped'}, 'refused the log-in of Admin'),
        ({'fingerprint': 'ab' * 32}, 'another fingerprint'),
    ],
)
def test_what_keeps_it_from_being_asked_is_named(host, change, words):
    kerio = host()
    for values in (kerio.params, kerio.settings, kerio.options):
        values.update({name: value for name, value in change.items() if name in values})
    with pytest.raises(HostError) as failed:
        kerio.server().facts()
    assert words in str(failed.value)


def test_a_certificate_that_is_not_kerios_own_is_not_trusted(host, monkeypatch, tmp_path):
    kerio = host()
    monkeypatch.setattr(names, 'PREFIX', str(tmp_path))
    with pytest.raises(HostError, match='cannot be verified'):
        kerio.server().facts()
    kerio.options['ca_file'] = str(kerio.double.ca_file)
    assert kerio.server().facts().running


@pytest.mark.parametrize(
    'settings, words',
    [
        ({'inbound_require_certificate': True}, 'conbool_inbound_require_certificate: true: Kerio Connect asks nobody'),
        ({'wash_networks': ['10.0.0.0/8']}, 'conbool_wash_networks: 10.0.0.0/8: '),
        ({'bypass_null_sender': 'server'}, "conbool_bypass_null_sender: 'server': "),
    ],
)
def test_what_it_cannot_do_is_refused(host, settings, words):
    (problem,) = host(settings=settings).wanted().problems
    assert problem.startswith(words)


def test_passwords_of_others_are_asked_for_before_anything_is_changed(host):
    kerio = host()
    before = kerio.held()
    kerio.params['relay_passwords'] = {}
    (problem,) = kerio.wanted().problems
    assert "kerio_smarthost_relay_passwords: the relay rules 'Partner' log in" in problem
    assert obstacles(kerio)['mta.refused', 'red']['finding'] == problem
    server = kerio.server()
    with pytest.raises(HostError, match="'Partner' log in"):
        server.wanted(server.facts(), False).parts[0].converge(server.module)
    assert kerio.held() == before
    kerio.options['keep_passwords_by_id'] = True
    kerio.apply()
    assert kerio.double.state.data['relay_rules'][0]['authentication']['password'] == 'partner-secret'


def test_two_rules_of_one_name_cannot_be_given_a_password_by_it(host):
    def prepare(state):
        company.settle(state)
        state.data['relay_rules'].append({**state.data['relay_rules'][0], 'id': 'x', 'hostName': 'other.test'})

    assert "'Partner' log in" in host(prepare=prepare).wanted().problems[0]


def shared(*where):
    """An administrator's group, for greylisting and for something that the gateway must not get."""

    def prepare(state):
        group = company.group(state, 'Ours', {'type': 'Host', 'host': '10.9.9.9'})
        state.data['antispam']['greylistingStatus']['customWhiteList'] = {'enabled': True, 'id': group, 'name': ''}
        for place in where:
            place(state.data, group)

    return prepare


@pytest.mark.parametrize(
    'place, words',
    [
        (lambda data, group: data['smtp']['relayControl'].update(ipAddressGroupId=group), 'who may relay'),
        (lambda data, group: data['remote'].update(groupId=group), 'remote administration'),
        (lambda data, group: data['antispam']['customBlackList'].update(enabled=True, id=group), 'the spam filter'),
        (
            lambda data, group: data['ip_entries'].append(
                {
                    **data['ip_entries'][0],
                    'id': 'x',
                    'groupId': 'above',
                    'groupName': 'Above',
                    'type': 'ChildGroup',
                    'childGroupId': group,
                }
            )
            or data['security']['authenticationExceptionGroup'].update(enabled=True, id='above'),
            'the security policy',
        ),
    ],
)
def test_the_gateway_does_not_get_more_than_it_needs(host, place, words):
    (problem,) = host(prepare=shared(place)).wanted().problems
    assert problem.startswith("the group of IP addresses 'Ours' is for exceptions of greylisting") and words in problem


def test_a_group_of_exceptions_gets_the_gateway_as_a_part(host):
    kerio = host(prepare=shared())
    before = kerio.held()
    kerio.apply()
    children = [one['childGroupName'] for one in kerio.held()['ip_entries'] if one['groupName'] == 'Ours']
    assert children == ['', names.GATEWAY]
    kerio.undo()
    assert kerio.held() == before


def test_rows_of_a_preflight_that_are_not_in_the_way(host):
    def prepare(state):
        company.settle(state)
        state.data['relay_rules'][0]['condition']['test'] = 'RelayCondRecipient'
        state.primary()['forwardingOptions'].update(isEnabled=True, host='split.test', port=25)
        action = {'type': 'FaRedirect', 'parameters': ['x@external.test']}
        rule = {'isIncomplete': False, 'evaluationMode': 'EmAnyOf', 'conditions': [], 'actions': [action]}
        state.data['incoming_rules'] = [{'id': 'x', 'isEnabled': True, 'description': 'Copies', 'rule': rule}]
        state.data['smtp'].update(readerHops=10, requireLocalDomainSenderAuth=True, blockUnknownDns=True)

    found = obstacles(host(prepare=prepare, open_465=False))
    assert {status for dummy, status in found} == {'green'}
    assert {key for key, dummy in found} == {
        'mta.account',
        'mta.onward',
        'mta.forwarding',
        'mta.hops',
        'mta.relay_host',
        'mta.route',
        'inbound.direct',
        'inbound.senders',
    }


@pytest.mark.parametrize('mode, words', [('direct', 'asks nobody for TLS'), ('front', 'rates released mail, too')])
def test_a_preflight_says_what_a_way_in_cannot_have(host, mode, words):
    kerio = host(open_465=False, settings={'site_routes': 'override'})
    kerio.options['inbound'] = mode
    server = kerio.server()
    rows = [row for row in server.obstacles(server.facts()) if row['id'].startswith('inbound.')]
    assert [(row['id'], row['severity'], words in row['finding']) for row in rows] == [(f'inbound.{mode}', 'low', True)]


def gateway_relays(state):
    relay_group(state, '127.0.0.0', '255.255.255.0')


def limited(state, entry=None):
    network = {'type': 'Network', 'addr1': '10.2.0.0', 'addr2': '255.255.0.0'}
    group = company.group(state, 'Branch', entry or network)
    state.service('SMTP')['group'].update(isUsed=True, ipGroup={'id': group, 'name': 'Branch'})


@pytest.mark.parametrize(
    'prepare, key, words',
    [
        (
            company.settle,
            'mta.refused',
            "'Partner' may lead mail of hosted senders, or forwarded mail, to mail.partner.test",
        ),
        (gateway_relays, 'inbound.relay', "'Local clients' may send to anybody, and has the gateway in it"),
        (lambda state: state.data['smtp']['relayControl'].update(isRestricted=False), 'inbound.relay', 'anybody may'),
        (limited, 'firewall.clients', "is for 'Branch' until now"),
        (
            lambda state: limited(state, {'type': 'Host', 'host': 'branch.example.com'}),
            'firewall.clients',
            "is for 'Branch' until now",
        ),
        (lambda state: setattr(state.world, 'os', 'Windows'), 'mta.system', 'on the same Linux host'),
    ],
)
def test_rows_of_a_preflight_that_are_in_the_way(host, prepare, key, words):
    kerio = host(prepare=prepare, settings={'domains': list(company.DOMAINS)}, open_465=False)
    row = obstacles(kerio)[key, 'red']
    assert words in row['finding'] and row['hint']


def test_a_route_of_a_hosted_sender_is_switched_off_if_that_is_wanted(host):
    both = {'domains': list(company.DOMAINS), 'site_routes': 'override'}
    kerio = host(settings=both, open_465=False)
    before = kerio.held()
    assert ('mta.refused', 'red') not in obstacles(kerio)
    kerio.apply()
    assert [one['isEnabled'] for one in kerio.double.state.data['relay_rules']] == [False, False, True]
    sample = {'sender': 'x@sub.example.co.uk', 'recipient': 'y@external.test'}
    assert kerio.server().routes([sample])[0].through
    kerio.undo()
    assert kerio.held() == before


def test_an_account_that_may_not_change_anything(host):
    kerio = host(prepare=lambda state: None)
    kerio.options['user'], kerio.params['password'] = 'accounts', company.PASSWORD
    try:
        found = obstacles(kerio)
    except HostError as exc:
        # It may not even read.
        assert 'nsufficient' in str(exc) or 'rights' in str(exc)
    else:
        assert ('mta.account', 'red') in found
