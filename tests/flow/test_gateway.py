# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbound half of the flow table with a mail server that has nothing but a smart host, which is another machine; who else
may send there; and that it comes and goes like any other."""

from __future__ import annotations

import pytest

from tests.flow import loader, playbook
from tests.flow.engine import Engine
from tests.flow.relayed import Adapter, Relayed, point, variables
from tests.flow.session import explained

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix')]

SERVER, RELAY = 'lanserver', 'smarthost'
GROUPS = ('outbound', 'calendar', 'near_misses', 'variants', 'gateway')
# Configurations of which rows have to hold, too.
OTHERS = ('no_bypass', 'scope_senders')
TABLE = loader.Table(loader.OWN_FILES)
CASES = {
    'default': [case for case in TABLE.selected('default') if case.group in GROUPS],
    **{name: [case for case in TABLE.selected(name) if not case.repeated] for name in OTHERS},
}
FULL = [pytest.mark.full]
PARAMETERS = [
    pytest.param(name, case.id, id=case.name, marks=FULL if name in OTHERS else [])
    for name, cases in CASES.items()
    for case in cases
]
MESSAGE = b'From: alice@example.com\r\nSubject: %s\r\nX-Conbool-Released: yes\r\n\r\nhello\r\n'
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
            settled(of(name), conbool_preflight='enforce' if name == 'default' else 'skip')
            reports[name] = Engine(Relayed(hosts, SERVER, RELAY, Adapter()), deadline=90.0).run(CASES[name])
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


ASK = """
import smtplib, ssl, sys
host, tls, sender, recipient = sys.argv[1:]
server = smtplib.SMTP(host, 25)
if tls == 'tls':
    server.starttls(context=ssl._create_unverified_context())
answer = server.mail(sender)
print(*(server.rcpt(recipient) if answer[0] < 300 else answer))
"""


def say(hosts, sender, recipient, tls=False):
    """What the smart host says to its client; no message is sent."""
    words = [hosts.addresses[RELAY][0], 'tls' if tls else 'clear', sender, recipient]
    return hosts.run(SERVER, ['python3', '-c', ASK, *words]).stdout


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


@pytest.mark.parametrize('name', [pytest.param(name, marks=[] if name == 'open relay' else FULL) for name in BREAKAGES])
def test_what_is_broken_is_noticed_and_repaired(hosts, of, settled, name):
    do, row = BREAKAGES[name]
    settled(of('default'))
    settled.spoil()
    hosts.run(RELAY, ['sh', '-ec', f'listener={hosts.addresses[RELAY][0]}:25; hop="-c /etc/conbool-hop"; {do}'])
    outcome = playbook.run(hosts, RELAY, 'verify.yml', of('default'))
    assert outcome.returncode and row in {each['id'] for each in red(outcome)}, outcome.findings
    settled(of('default'))
    assert playbook.run(hosts, RELAY, 'verify.yml', of('default')).returncode == 0


def red(outcome):
    return [row for entry in outcome.hosts().values() for row in entry['verify']['rows'] if row['status'] == 'red']


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
