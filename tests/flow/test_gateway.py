# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow table with a mail server that has nothing but a smart host, which is another machine: the outbound half, and with
the smart host in front of it the inbound half; who else may send there; and that each comes and goes like any other."""

from __future__ import annotations

import pytest

from tests.flow import loader, playbook
from tests.flow.engine import Engine
from tests.flow.relayed import (
    ASK,
    MESSAGE,
    RELAY,
    SERVER,
    Adapter,
    Relayed,
    bring,
    copies,
    delivered,
    front,
    point,
    say,
    variables,
    waits,
)
from tests.flow.session import explained

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix')]

GROUPS = ('outbound', 'calendar', 'near_misses', 'variants', 'gateway')
# Configurations of which rows have to hold, too.
OTHERS = ('no_bypass', 'scope_senders')
TABLE = loader.Table(loader.OWN_FILES)
CASES = {
    'default': [case for case in TABLE.selected('default') if case.group in GROUPS],
    **{name: [case for case in TABLE.selected(name) if not case.repeated] for name in OTHERS},
}
# Mail from outside, of this and one more configuration, in which nothing files flagged mail on the host that takes it.
HEADER = 'spam_header'
CASES['front'] = [
    case
    for name, groups in ((HEADER, ('inbound', 'spam')), ('default', ('outbound', 'smuggling', 'firewall')))
    for case in TABLE.selected(name)
    if case.group in groups and case.inject['via'] in ('gateway', 'internet')
]
FULL = [pytest.mark.full]
PARAMETERS = [
    pytest.param(name, case.id, id=f'{name}-{case.id}', marks=FULL if name in OTHERS else [])
    for name, cases in CASES.items()
    for case in cases
]
BLOCK = (
    'table inet away { chain in { type filter hook input priority 0;'
    ' iifname != "lo" tcp dport 25 reject with tcp reset; }; }'
)
KEPT = 'for f in /etc/conbool-hop/* /etc/conbool-inbound-firewall.nft; do echo "== $f"; sort "$f"; done; nft list table inet conbool_inbound'
# What somebody does to the smart host, and the row that is red then.
RELOAD = ' && postfix $hop reload'
BREAKAGES = {
    'open relay': (
        'postconf $hop -P $listener/inet/smtpd_client_restrictions= $listener/inet/mynetworks=0.0.0.0/0' + RELOAD,
        'hop.stranger.open',
    ),
    'no TLS': ('postconf $hop -P $listener/inet/smtpd_tls_security_level=none' + RELOAD, 'hop.stranger.starttls'),
    'no listener': ('postconf $hop -MX $listener/inet' + RELOAD, 'hop.stranger.closed'),
    'bounces go elsewhere': (
        'sed -i "s/mta:.*/mta:[127.0.0.1]:9/" /etc/conbool-hop/returns' + RELOAD,
        'hop.return',
    ),
    'one more client': ("printf '0.0.0.0/0 permit\\n' >>/etc/conbool-hop/clients" + RELOAD, 'drift.hop'),
    'no firewall': ('nft delete table inet conbool_inbound', 'drift.mail_port'),
}
# The same of what it has in front of the mail server.
FRONT = '0.0.0.0:327/inet'
OPEN = f'postconf $hop -P {FRONT}/smtpd_relay_restrictions=permit_mynetworks,reject'
BREAKAGES_IN_FRONT = {
    'takes mail of a stranger': (OPEN + RELOAD, 'inbound.stranger.open'),
    'no listener for the gateway': (f'postconf $hop -MX {FRONT}' + RELOAD, 'inbound.stranger.closed'),
    'no redirect': ('nft flush chain inet conbool_inbound turn', 'firewall.redirect'),
    'another next hop': (f'postconf $hop -P {FRONT}/smtpd_data_restrictions=' + RELOAD, 'drift.hop'),
    'no TLS for the gateway': (
        f'postconf $hop -P {FRONT}/smtpd_tls_security_level=none' + RELOAD,
        'inbound.starttls_offered',
    ),
}


@pytest.fixture(scope='module', name='hosts')
def fixture_hosts(lab, kind):
    with lab.hosts(f'{SERVER}={kind}'), lab.hosts(f'{RELAY}={kind}'):
        # Its own Postfix is none of a smart host's business; programs for the hop are there.
        lab.lab.run(RELAY, ['systemctl', 'disable', '--now', 'postfix.service'])
        point(lab.lab, SERVER, RELAY)
        yield lab.lab


@pytest.fixture(scope='module', name='of')
def fixture_of(hosts):
    return lambda name, **more: {**variables(hosts, SERVER, RELAY, TABLE.configurations[name].variables), **more}


@pytest.fixture(scope='module', name='settled')
def fixture_settled(hosts):
    return playbook.Settled(hosts, RELAY, 'gateway.yml')


@pytest.fixture(scope='module', name='sent')
def fixture_sent(hosts, of, settled):
    """The report on the cases of a configuration, applied when it is first asked for."""
    reports = {}

    def sent(name):
        if name not in reports:
            # Once with all that is asked before.
            preflight = 'skip' if name in OTHERS else 'enforce'
            more = front(hosts, SERVER) if name == 'front' else {}
            settled(of(HEADER if name == 'front' else name, **more), conbool_preflight=preflight)
            site = Relayed(hosts, SERVER, RELAY, Adapter(), front=name == 'front')
            reports[name] = Engine(site, deadline=90.0).run(CASES[name])
        return reports[name]

    return sent


@pytest.mark.parametrize('setup, row', PARAMETERS)
def test_message_arrives_where_it_must(sent, setup, row):
    result = next(each for each in sent(setup).results if each.case.id == row)
    reason = Adapter.expected_failures.get(row)
    if reason:
        assert not result.ok, f'{row} passes, but is listed as impossible: {reason}'
        pytest.xfail(reason)
    if not result.ok:
        pytest.fail(explained(result), pytrace=False)


@pytest.mark.parametrize('setup', [pytest.param(name, marks=FULL if name in OTHERS else []) for name in CASES])
def test_the_gateway_was_told_nothing_in_clear(sent, setup):
    assert not sent(setup).in_clear


def rejected(hosts, source, tls=True, **more):
    """Send somebody else's mail to the smart host; what it said, or what the network did."""
    # Postfix takes the last one untested, and refuses it after DATA.
    recipients = ['victim@external.test', 'alice@example.com', 'postmaster']
    node, options = getattr(hosts, source), {'tls': tls, **more}
    answers = [node.send(RELAY, 'f1@external.test', [to], MESSAGE % b'stranger', **options) for to in recipients]
    assert not any(answer['accepted'] for answer in answers), answers
    return ['{} {}'.format(answer['code'] or '', answer['text']).strip() for answer in answers]


def passed_on(hosts):
    """How many messages of a stranger have come anywhere."""
    found = [*hosts.gateway.deliveries(), *hosts.internet.deliveries()]
    return [each for each in found if b'Subject: stranger' in each['content']]


@pytest.mark.parametrize(
    'source, ipv6',
    [
        ('internet', True),
        *(pytest.param(*each, marks=FULL) for each in [('internet', False), ('gateway', False), ('gateway', True)]),
    ],
)
def test_nobody_but_a_client_gets_anything_relayed(hosts, of, settled, source, ipv6):
    settled(of('default'))
    assert all('refused' in said.lower() for said in rejected(hosts, source, ipv6=ipv6)), 'the firewall lets him in'
    settled(of('default', inbound_firewall_state='absent'))
    for tls in (True, False):
        said = rejected(hosts, source, tls, ipv6=ipv6)
        assert all(text.startswith('554' if tls else '530') for text in said), said
    assert not passed_on(hosts)


@pytest.mark.full
def test_a_client_has_to_use_tls_unless_it_is_excused(hosts, of, settled):
    settled(of('default'))
    envelope = ('alice@example.com', 'somebody@external.test')
    assert '530 ' in say(hosts, *envelope) and '250 ' in say(hosts, *envelope, tls=True)
    settled(of('default', outbound_hop_clients_without_tls=hosts.addresses[SERVER]))
    assert '250 ' in say(hosts, *envelope)
    # Another client is excused, this one is not.
    more = [*hosts.addresses[SERVER], '203.0.113.7']
    settled(of('default', outbound_hop_clients=more, outbound_hop_clients_without_tls=more[-1:]))
    assert '450 ' in say(hosts, *envelope) and '250 ' in say(hosts, *envelope, tls=True)


def test_what_belongs_to_a_mail_server_does_not_go_round(hosts, of, settled):
    settled(of('default'))
    for recipient in ('alice@example.com', 'postmaster@SUB.example.co.uk'):
        assert '554 ' in say(hosts, 'bob@example.com', recipient, tls=True), recipient


@pytest.mark.full
def test_headers_that_a_client_forges_are_taken_away_where_the_inventory_says_so(hosts, of, settled):
    # What a user has forged in mail to the server's own mailboxes never comes here.
    cases = [case for case in CASES['default'] if case.id in ('O11', 'O11.all', 'O11.submissions')]
    settled(of('default', conbool_wash_networks=[*hosts.addresses[SERVER]]))
    report = Engine(Relayed(hosts, SERVER, RELAY, Adapter()), deadline=90.0).run(cases)
    assert [result.case.id for result in report.results if not result.ok] == [] and len(cases) == 3
    assert not report.in_clear


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=[] if name in ('open relay', 'takes mail of a stranger') else FULL)
        for name in [*BREAKAGES, *BREAKAGES_IN_FRONT]
    ],
)
def test_what_is_broken_is_noticed_and_repaired(hosts, of, settled, name):
    do, row = {**BREAKAGES, **BREAKAGES_IN_FRONT}[name]
    more = front(hosts, SERVER) if name in BREAKAGES_IN_FRONT else {}
    settled(of('default', **more))
    settled.spoil()
    hosts.run(RELAY, ['sh', '-ec', f'listener={hosts.addresses[RELAY][0]}:25; hop="-c /etc/conbool-hop"; {do}'])
    outcome = playbook.run(hosts, RELAY, 'verify.yml', of('default', **more))
    assert outcome.returncode and row in {each['id'] for each in red(outcome)}, outcome.findings
    settled(of('default', **more))
    outcome = playbook.run(hosts, RELAY, 'verify.yml', of('default', **more))
    assert outcome.returncode == 0, outcome.findings


def red(outcome):
    return [row for entry in outcome.hosts().values() for row in entry['verify']['rows'] if row['status'] == 'red']


def test_in_front_nobody_gets_anything_relayed_either(hosts, of, settled):
    for firewall in ('present', 'absent'):
        settled(of('default', inbound_firewall_state=firewall, **front(hosts, SERVER)))
        for port in (25, 327):
            rejected(hosts, 'internet', port=port)
        # Turned to the hop's port, or there without having been turned.
        for port in (25, 327):
            assert not bring(hosts, 'victim@external.test', 'stranger', port=port)['accepted']
    assert not passed_on(hosts)


def test_mail_waits_while_the_mail_server_is_away_and_none_is_lost(hosts, of, settled):
    settled(of('default', **front(hosts, SERVER)))
    assert bring(hosts, 'alice@example.com', 'asked before')['accepted']
    delivered(hosts)
    hosts.run(SERVER, ['nft', BLOCK])
    try:
        # Who has been asked about is taken in, of others the gateway keeps the mail.
        known, others = bring(hosts, 'alice@example.com', 'kept here'), bring(hosts, 'root@example.com', 'kept there')
        assert known['accepted'] and (others['accepted'], others['code']) == (False, 450), (known, others)
        assert waits(hosts) == 1 and copies(hosts, 'kept here') == 0
        outcome = playbook.run(hosts, RELAY, 'verify.yml', of('default', **front(hosts, SERVER)))
        assert 'hop.return' in {each['id'] for each in red(outcome)}, outcome.findings
    finally:
        hosts.run(SERVER, ['nft', 'delete table inet away'])
    delivered(hosts)
    assert copies(hosts, 'kept here') == 1


def test_the_front_half_goes_alone_when_the_variable_goes(hosts, of, settled):
    settled(of('default'))
    before = hosts.run(RELAY, ['sh', '-c', KEPT]).stdout
    settled(of('default', **front(hosts, SERVER)))
    assert playbook.run(hosts, RELAY, 'gateway.yml', of('default', **front(hosts, SERVER))).changed == []
    there = hosts.run(RELAY, ['sh', '-c', KEPT]).stdout
    assert there != before and 'redirect to :327' in there
    settled(of('default'))
    assert hosts.run(RELAY, ['sh', '-c', KEPT]).stdout == before
    assert not bring(hosts, 'alice@example.com', 'gone')['accepted'] and '250 ' in say(
        hosts, 'alice@example.com', 'somebody@external.test', tls=True
    )


def test_it_is_done_once_and_undone(hosts, of, settled):
    settled(of('default'))
    assert playbook.run(hosts, RELAY, 'gateway.yml', of('default')).changed == []
    settled.spoil()
    # Whoever takes them out of the inventory first has it undone all the same.
    told = {name: value for name, value in of('default').items() if not name.startswith('outbound_hop_')}
    playbook.apply(hosts, RELAY, told, 'rollback.yml')
    left = hosts.run(
        RELAY, ['sh', '-c', 'ls -d /etc/conbool-hop /etc/systemd/system/conbool-* 2>/dev/null'], check=False
    )
    assert left.stdout == ''
    gone = hosts.run(SERVER, ['python3', '-c', ASK, hosts.addresses[RELAY][0], '', '', ''], check=False)
    assert gone.returncode and 'Connection refused' in gone.stderr


def test_a_host_without_clients_is_no_gateway(hosts, of):
    outcome = playbook.run(hosts, RELAY, 'gateway.yml', of('default', outbound_hop_clients=[], outbound_hop_listen=[]))
    assert outcome.returncode and 'Name the mail servers that may send through this host' in outcome.output
