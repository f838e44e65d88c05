# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hop has where it takes the gateway's mail for the mail server beside it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.arriving import Arriving
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import marks

from tests.unit.fakes.hop import OPTIONS, configure, service, table
from tests.unit.fakes.hop import SETTINGS as HOP_SETTINGS

MARKS = {'released': 'a' * 32, 'flagged': 'b' * 32, 'mailboxes': 'c' * 32}
ARRIVAL = Arrival('inbound_port', 327, 'marking_port', 328, '127.25.0.10')
SETTINGS = {
    'networks': ['192.0.2.0/28', '2001:db8::/64'],
    'inbound_require_certificate': True,
    'inbound_certificate_fingerprints': [],
}
NAMES = ['0.0.0.0:327', '[::]:327']


def arriving(settings=None, **more):
    marks = more.pop('known', MARKS)
    inbound = Inbound(ARRIVAL, '/etc/ssl/kerio.crt', '/etc/ssl/kerio.key', marks=marks)
    places = {
        'inbound': inbound,
        'inbound_places': ['0.0.0.0', '::'],
        'learnt': [':'.join(['AB'] * 32)],
        'arrival': ARRIVAL,
    }
    return configure({**SETTINGS, **(settings or {})}, **{**places, **more})


def at(*places):
    where = ARRIVAL._replace(port=25, places=places)
    return arriving(inbound=Inbound(where, '/c', '/k', marks=MARKS), inbound_places=list(places), arrival=where)


def test_it_is_at_the_addresses_that_are_named_and_has_to_answer_there():
    found = at('192.0.2.30', '2001:db8::1')
    names = [entry['name'] for entry in found['services'] if entry['options'].get('cleanup_service_name') == 'arriving']
    assert names == ['192.0.2.30:25', '[2001:db8::1]:25']
    answering = [(place['address'], place['port']) for place in found['listeners']]
    assert {('192.0.2.30', 25), ('2001:db8::1', 25)} <= set(answering) and ('127.0.0.1', 25) not in answering
    assert listeners.arriving_at(ARRIVAL._replace(places=('192.0.2.30',))) == ['192.0.2.30']


def rules(configuration, path):
    return table(configuration, path)['content'].splitlines()


@pytest.mark.parametrize('name', NAMES)
def test_only_the_gateway_with_tls_and_its_certificate_gets_in(name):
    found = arriving()
    options = service(found, name)['options']
    assert options['smtpd_relay_restrictions'] == 'check_client_access cidr:/etc/conbool-hop/arriving_clients, reject'
    assert rules(found, 'arriving_clients')[:2] == ['192.0.2.0/28 conbool_gateway', '2001:db8::/64 conbool_gateway']
    assert all(' 554 5.7.1 ' in line for line in rules(found, 'arriving_clients')[2:])
    assert options['conbool_gateway'].startswith('reject_plaintext_session, check_ccert_access texthash:')
    assert 'check_policy_service' in options['conbool_gateway'] and '450 4.7.1' in options['conbool_gateway']
    assert options['smtpd_tls_ask_ccert'] == 'yes' and options['smtpd_tls_cert_file'] == '/etc/ssl/kerio.crt'
    # Hosted domains only, and mailboxes that there are.
    assert options['conbool_known'].startswith('check_recipient_access regexp:/etc/conbool-hop/conbool_recipients')
    assert 'reject_unverified_recipient' in options['conbool_known']
    *hosted, others = rules(found, 'conbool_recipients')
    assert hosted and all(line.endswith(' DUNNO') for line in hosted)
    assert re.fullmatch('/[.]/ 5[0-9]{2} .*', others)
    # "postmaster" alone gets that far, from anybody.
    assert options['smtpd_data_restrictions'].startswith('check_client_access cidr:/etc/conbool-hop/arriving_clients_')
    assert rules(found, 'arriving_clients_data')[0] == '192.0.2.0/28 reject_plaintext_session'


def test_without_a_certificate_tls_is_asked_for():
    options = service(arriving({'inbound_require_certificate': False}), NAMES[0])['options']
    assert options['conbool_gateway'] == 'reject_plaintext_session, conbool_known'
    assert 'smtpd_tls_ask_ccert' not in options


def test_what_is_for_mail_that_leaves_does_not_count():
    found = arriving()
    for name in (*NAMES, '127.0.0.1:328'):
        options = service(found, name)['options']
        # A FILTER for mail without a sender, and the refusal of hosted domains.
        assert options['smtpd_sender_restrictions'] == '' and 'hosted' not in options['smtpd_recipient_restrictions']
    for name in ('arriving', 'arrived'):
        assert 'header_checks' in service(found, name)['options']
        assert not any('FILTER direct' in line for line in rules(found, name))


def led(found, name, headers):
    """Where a cleanup service leads a message; the last FILTER counts."""
    way = ''
    for header in headers:
        for path in re.findall(r'regexp:/etc/conbool-hop/(\w+)', service(found, name)['options']['header_checks']):
            for line in rules(found, path):
                pattern, dummy, action = line.rpartition('/ ')
                if re.search(pattern[1:].replace('[[:space:]]', r'\s'), header, re.IGNORECASE | re.DOTALL):
                    way = action if action.startswith('FILTER') else way
                    break
    return way.partition(' ')[2].partition(':')[0]


@pytest.mark.parametrize(
    'headers, first, second',
    [
        ([], '', ''),
        (['X-Conbool-Flag: YES'], '', 'flagged'),
        (['X-Conbool-Released: yes'], 'released', ''),
        (['X-Conbool-Released: yes', 'X-Conbool-Flag: YES'], 'released', 'flagged'),
        (['X-Conbool-Flag: YES', 'x-conbool-RELEASED:\n YES '], 'released', 'flagged'),
        (['X-Conbool-Flag: YES please', 'X-Conbool-Flags: YES', 'X-Conbool-Released: no'], '', ''),
    ],
)
def test_released_wins_in_whatever_order(headers, first, second):
    found = arriving()
    assert (led(found, 'arriving', headers), led(found, 'arrived', headers)) == (first, second)
    assert 'FILTER onward:[127.0.0.1]:328' in service(found, NAMES[0])['options']['smtpd_data_restrictions']
    assert 'FILTER mailboxes:[127.0.0.1]:25' in service(found, '127.0.0.1:328')['options']['smtpd_data_restrictions']


def test_marks_are_added_by_one_client_each_and_taken_away_everywhere_else():
    found = arriving()
    for name, mark in MARKS.items():
        assert service(found, name)['options']['smtp_header_checks'] == f'regexp:/etc/conbool-hop/{name}'
        (line,) = rules(found, name)
        assert line.endswith(f'REPLACE Received: ({mark}) ${{1}}') and 'conbool-hop' in line
    for name in MARKS:
        assert service(found, name)['options']['smtp_bind_address'] == '127.25.0.10'
    assert [line.rpartition(' ')[2] for line in rules(found, 'refused_marks')] == ['IGNORE']
    assert found['parameters']['header_checks'].startswith('regexp:/etc/conbool-hop/without_marks ')
    secret = [each for each in found['tables'] if any(mark in str(each.get('content')) for mark in MARKS.values())]
    assert len(secret) == 5 and {each['mode'] for each in secret} == {'0640'}
    washed = service(arriving(wash_port=326), 'wash')['options']['header_checks'].split()
    assert washed[:2] == ['regexp:/etc/conbool-hop/wash', 'regexp:/etc/conbool-hop/without_marks']


@pytest.mark.parametrize('header', ['Received: ({}) from x', 'received :\n by x ({})', 'Received\t: x; {}'])
@pytest.mark.parametrize('mark', MARKS.values())
def test_a_mark_that_comes_in_is_gone_however_its_header_is_written(header, mark):
    assert marked(header.format(mark)) and not marked(header.format('d' * 32))


def marked(header):
    """Whether the first cleanup service takes a header line away."""
    patterns = [line[1:].rpartition('/ ')[0] for line in rules(arriving(), 'refused_marks')]
    return any(re.search(each.replace('[[:space:]]', r'\s'), header, re.IGNORECASE | re.DOTALL) for each in patterns)


@pytest.mark.parametrize(
    'back, right',
    [
        ('[127.0.0.1]:25', True),
        ('[127.0.0.5]', True),
        ('[192.0.2.5]:25', False),
        ('mail.example.com:25', False),
        ('[::1]:25', False),
        ('127.0.0.1.example.com', False),
    ],
)
def test_the_gateway_s_mail_stays_on_this_host(back, right):
    inbound = Inbound(ARRIVAL, '/etc/ssl/kerio.crt', '/etc/ssl/kerio.key', marks=MARKS)
    options = {**OPTIONS, 'inbound': inbound, 'learnt': [], 'inbound_places': []}
    found = Arriving({**HOP_SETTINGS, **SETTINGS}, options, 'conbool-hop.mx', 'mx', back).problems
    assert right == (found == [])
    assert right or found[0].startswith(f"outbound_hop_return_address: '{back}': ")


def test_marks_stay_from_run_to_run(tmp_path):
    first = marks.known(str(tmp_path))
    assert marks.known(str(tmp_path)) != first and len(set(first.values())) == 3
    for name, mark in first.items():
        (tmp_path / name).write_text(marks.adding(mark, 'conbool-hop.mx.example.com'))
    assert marks.known(str(tmp_path)) == first


def test_what_the_hop_writes_itself_goes_where_its_recipient_is():
    found = arriving()
    assert table(found, 'returns')['entries'] == {
        'example.com': 'mta:[127.0.0.1]:25',
        'sub.example.co.uk': 'mta:[127.0.0.1]:25',
    }
    assert found['parameters']['transport_maps'] == 'texthash:/etc/conbool-hop/returns'
    assert rules(found, 'own_mail')[0] == '/^<>$/ direct:'
    assert found['parameters']['address_verify_sender'] == '<>'


def test_it_listens_at_addresses_that_there_are(monkeypatch):
    monkeypatch.setattr(listeners, 'there', lambda address: ':' not in address)
    options = {**OPTIONS, 'wash_variable': 'wash_port', 'arrival': ARRIVAL}
    monkeypatch.setattr(listeners, 'master', lambda options: None)
    found = [(each.variable, each.address, each.port) for each in listeners.listeners(options)]
    assert found == [
        ('outbound_hop_port', '127.0.0.1', 325),
        ('marking_port', '127.0.0.1', 328),
        ('inbound_port', '0.0.0.0', 327),
    ]
    monkeypatch.setattr(listeners, 'there', lambda address: True)
    found = [(each.variable, each.address) for each in listeners.listeners({**options, 'arrival': BEHIND})]
    assert found[1:] == [('front_port', '0.0.0.0'), ('front_port', '::')]


BEHIND = Arrival('front_port', 327)
SERVER = '[192.0.2.100]:25'


def in_front(**more):
    """The hop where the mail server is on another machine, which knows nothing of marks."""
    others = {'clients': ['192.0.2.100/32'], 'listen': ['192.0.2.25'], 'tls_cert': '/r.pem', 'return_address': SERVER}
    inbound = Inbound(BEHIND, '/r.pem', '/r.key')
    return arriving(inbound=inbound, arrival=BEHIND, mta={'myorigin': 'relay.example.com'}, **others, **more)


@pytest.mark.parametrize('name', NAMES)
def test_in_front_of_a_server_elsewhere_the_gateway_has_to_show_the_same_and_gets_nowhere_else(name):
    found, beside = in_front(), arriving()
    options, others = (service(each, name)['options'] for each in (found, beside))
    differ = {f'smtpd_{name}' for name in ('data_restrictions', 'tls_cert_file', 'tls_key_file', 'banner')}
    differ.add('smtpd_discard_ehlo_keywords')
    assert {key for key in {*options, *others} if options.get(key) != others.get(key)} == differ
    # Whatever its recipient: no message of this listener goes anywhere else.
    assert options['smtpd_data_restrictions'].endswith(f', check_client_access static:{{FILTER mailboxes:{SERVER}}}')
    for path in ('arriving_clients', 'arriving_clients_data', 'conbool_recipients'):
        assert table(found, path) == table(beside, path)
    # That of the clients asks for none of it.
    assert service(found, '192.0.2.25:25')['options']['smtpd_client_restrictions'].endswith('/clients, reject')


@pytest.mark.parametrize(
    'headers, way, lines',
    [
        ([], '', []),
        (['X-Conbool-Flag: YES'], '', ['X-Spam-Flag: YES']),
        (['X-Conbool-Released: yes'], 'released', []),
        (['X-Conbool-Released:\n YES', 'X-Conbool-Flag: YES'], 'released', ['X-Spam-Flag: YES']),
        (['X-Conbool-Flag: NO', 'X-Conbool-Released: maybe'], '', []),
    ],
)
def test_a_server_elsewhere_sees_what_is_flagged_and_not_released(headers, way, lines):
    found = in_front()
    assert led(found, 'arriving', headers) == way
    (rule,) = [line for line in rules(found, 'arriving') if 'PREPEND' in line]
    pattern = rule[1:].rpartition('/ ')[0].replace('[[:space:]]', r'\s')
    assert [rule.partition('PREPEND ')[2] for each in headers if re.search(pattern, each, re.IGNORECASE)] == lines
    # The client that takes it away again is for released mail alone.
    checks = {name: service(found, name)['options']['smtp_header_checks'] for name in ('mailboxes', 'released')}
    assert checks == {'mailboxes': '', 'released': 'regexp:/etc/conbool-hop/released'}
    assert rules(found, 'released') == ['/^X-Spam-Flag[[:space:]]*:/ IGNORE']


def test_a_server_elsewhere_is_reached_as_its_bounces_are():
    found = in_front()
    back = service(found, 'mta')['options']
    for name in ('mailboxes', 'released'):
        own = service(found, name)['options']
        assert {key: own[key] for key in back if key != 'smtp_header_checks'} == {
            key: value for key, value in back.items() if key != 'smtp_header_checks'
        }
        assert (own['smtp_tls_security_level'], own['smtp_bind_address']) == ('may', '')
        assert own['smtp_host_lookup'] == 'native'
    assert table(found, 'returns')['entries'] == dict.fromkeys(HOP_SETTINGS['domains'], f'mta:{SERVER}')
    paths = [each['path'] for each in found['tables']]
    assert len(paths) == len(set(paths)) and not {'arrived', 'refused_marks', 'without_marks', 'flagged'} & {*paths}
    names = [each['name'] for each in found['services']]
    assert len(names) == len(set(names)) and not {'arrived', 'onward', 'flagged', '127.0.0.1:0'} & {*names}
    assert 'without_marks' not in found['parameters']['header_checks']


def test_nothing_of_it_is_there_without():
    found = configure()
    assert found['parameters']['header_checks'] == 'regexp:/etc/conbool-hop/header_checks'
    assert not {'arriving', 'returns', 'released'} & {each['path'] for each in found['tables']}
    assert not {'verify', 'onward', *NAMES} & {each['name'] for each in found['services']}


def test_while_the_firewall_leads_nobody_the_gateway_has_to_try_again():
    of_gateway = [line for line in rules(in_front(), 'clients') if line.split()[0] in SETTINGS['networks']]
    assert [line.split()[1] for line in of_gateway] == ['450', '450']
    # Nobody is asked to come again where the mail server takes the gateway's mail itself.
    alone = configure(SETTINGS, clients=['192.0.2.100/32'], listen=['192.0.2.25'], return_address=SERVER)
    assert '450' not in table(alone, 'clients')['content']


@pytest.mark.parametrize('known', [MARKS, {}])
def test_every_way_is_known_by_which_mail_may_wait(known):
    inbound = Inbound(ARRIVAL, '/etc/ssl/kerio.crt', '/etc/ssl/kerio.key', marks=known)
    options = {**OPTIONS, 'inbound': inbound, 'learnt': [], 'inbound_places': ['0.0.0.0']}
    found = Arriving({**HOP_SETTINGS, **SETTINGS}, options, 'conbool-hop.mx', 'mx', '[127.0.0.1]:25')
    text = repr([found.listeners(), found.services(), found.tables()])
    # Where the port of the second listener is another one, what waits for the first would be returned after days.
    assert set(found.ways) == set(re.findall(r'FILTER (\w+:\[[^]]+\]:\d+)', text)) and len(found.ways) > 1
