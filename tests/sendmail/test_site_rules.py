# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sendmail whose administrator has rules of his own: they stay in force, or the run refuses and changes nothing."""

from __future__ import annotations

import re

import pytest

from tests.flow import snapshot
from tests.sendmail.host import HOST, Host

SCOPE = {'conbool_scope': 'senders', 'conbool_scope_senders': ['@example.com', "o'hara@sub.example.co.uk"]}
OWN = """\
define(`SMART_HOST', `[mx.external.test]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h 2525')dnl
FEATURE(`mailertable')dnl
LOCAL_NET_CONFIG
R$* < @ special.test $* > $*\t$#esmtp $@ [192.0.2.77] $: $1 < @ special.test . > $3
LOCAL_RULESETS
HContent-Type: $>SiteType
SSiteType
Rtext / evil $*\t$#error $: 553 no such type here
LOCAL_CONFIG
"""


@pytest.fixture(scope='module', name='lab')
def fixture_lab(borrowed):
    with borrowed.hosts(HOST):
        yield borrowed


@pytest.fixture(name='host')
def fixture_host(lab):
    """A server that nobody has configured yet."""
    lab.up(HOST, fresh=True)
    return Host(lab.lab)


@pytest.fixture(scope='module', name='saved')
def fixture_saved(lab):
    lab.up(HOST, fresh=True)
    outcome = Host(lab.lab).play()
    assert outcome.returncode == 0, outcome.output
    lab.save(HOST, 'relayed')
    return 'saved:relayed'


@pytest.fixture(name='relayed')
def fixture_relayed(lab, saved):
    """One whose outbound mail goes to the gateway."""
    lab.up(HOST, saved)
    return Host(lab.lab)


def test_own_rules_stay_in_force(host):
    host.configure(OWN)
    host.sh('echo "partner.test\tesmtp:[192.0.2.78]" >/etc/mail/mailertable && make -s -C /etc/mail')
    before = snapshot.take(host.lab, HOST)
    outcome = host.play(SCOPE)
    assert outcome.returncode == 0, outcome.output
    assert host.route('someone@partner.test') == ('esmtp', '[192.0.2.78]')
    assert host.route('someone@special.test') == ('esmtp', '[192.0.2.77]')
    assert host.route('someone@external.test')[0] == 'conbool'
    assert host.next_hop('alice@example.com') == ('[mail.conbool.com]', '25')
    assert host.next_hop("o'hara@sub.example.co.uk") == ('[mail.conbool.com]', '25')
    # The smart host that they had, and its port.
    assert host.next_hop('carol@sub.example.co.uk') == ('[mx.external.test]', '2525')
    assert host.next_hop('<>') == ('', '25')
    assert '553' in host.test_mode('ConboolType text/evil; charset=x')
    calendar = '.D{currHeader}"text/calendar (x); method=REQUEST"'
    assert re.search(
        r'^(?:> )+1$', host.test_mode(calendar, 'ConboolType text/calendar', '${conbool_direct}'), re.MULTILINE
    )
    assert host.play(SCOPE).changed == []
    assert host.play(name='rollback.yml').returncode == 0
    assert snapshot.differences(before, snapshot.take(host.lab, HOST)) == []


ADD = "sed -i \"/^MAILER_DEFINITIONS/i %s\" /etc/mail/sendmail.mc && make -s -C /etc/mail"
# The first make tells make of the new map.
CATCH_ALL = (
    "echo '.\tesmtp:[192.0.2.78]' >/etc/mail/mailertable && "
    + ADD % r"FEATURE(\`mailertable')dnl"
    + " && make -s -C /etc/mail"
)
FALLBACK = ADD % r"define(\`confFALLBACK_SMARTHOST', \`other.test')dnl"
REFUSED = {
    'edited sendmail.cf': (
        "sed -i 's/^O DeliveryMode=.*/O DeliveryMode=queueonly/' /etc/mail/sendmail.cf",
        {},
        'DeliveryMode=queueonly',
    ),
    'no sendmail.mc': ('mv /etc/mail/sendmail.mc /etc/mail/sendmail.was', {}, 'There is no /etc/mail/sendmail.mc'),
    'domain that is not local': (
        "sed -i '/^example.com/d' /etc/mail/local-host-names",
        {},
        'conbool_domains: this Sendmail is not responsible for example.com ',
    ),
    'catch-all in mailertable': (CATCH_ALL, {}, r'would not use the mailer conbool .* but esmtp to \[192.0.2.78\]'),
    'no certificate is asked for': (
        ADD % r"define(\`confTLS_SRV_OPTIONS', \`V')dnl"
        + " && echo 'Srv_Features:203.0.113 V' >>/etc/mail/access && make -s -C /etc/mail",
        {'conbool_inbound': True, 'conbool_networks': ['203.0.113.0/28']},
        'confTLS_SRV_OPTIONS is V.*srv_features:203.0.113 V in the access map',
    ),
    'fallback': (FALLBACK, {}, 'confFALLBACK_SMARTHOST is other.test'),
    'relaying networks and the firewall': (
        "echo 10.7 >>/etc/mail/relay-domains && echo 'Connect:10.9 RELAY' >>/etc/mail/access && make -s -C /etc/mail",
        {'conbool_preflight': 'enforce', 'conbool_inbound': True, 'conbool_networks': ['203.0.113.0/24']},
        'firewall.relay_networks 10.7.0.0/16, 10.9.0.0/16: relay-domains',
    ),
    'wash networks': (
        'true',
        {
            'conbool_networks': ['203.0.113.0/28'],
            'conbool_wash_networks': ['203.0.113.0/24', '10.20.0.1/16'],
        },
        (
            "conbool_wash_networks: '10.20.0.1/16' has host bits.*"
            "conbool_wash_networks: '203.0.113.0/24' overlaps 203.0.113.0/28 of conbool_networks"
        ),
    ),
}


# Of these, what the host is asked with its Sendmail; what the others are about is in the inventory or in one file that unit
# tests have too.
BY_DEFAULT = (
    'edited sendmail.cf',
    'catch-all in mailertable',
    'no certificate is asked for',
    'relaying networks and the firewall',
)


@pytest.mark.parametrize(
    'what', [pytest.param(what, marks=[] if what in BY_DEFAULT else pytest.mark.full) for what in REFUSED]
)
def test_what_cannot_be_kept_is_refused(host, what):
    command, variables, words = REFUSED[what]
    host.sh(command)
    before = snapshot.take(host.lab, HOST)
    outcome = host.play(variables)
    said = '\n'.join([*outcome.failures, outcome.findings])
    assert outcome.returncode and re.search(words, said, re.DOTALL), outcome.output
    assert snapshot.differences(before, snapshot.take(host.lab, HOST)) == []


# Sendmail's name for itself, by which it starts anew on a signal; it does not like our mailer.
PICKY = """#!/bin/bash
grep -q Mconbool /etc/mail/sendmail.cf && exit 78
exec -a /usr/sbin/sendmail-mta /usr/libexec/sendmail/sendmail "$@"
"""


def test_sendmail_that_does_not_come_back_gets_its_old_files(host):
    host.lab.run(
        HOST,
        ['sh', '-c', 'rm /usr/sbin/sendmail-mta && cat >/usr/sbin/sendmail-mta && chmod 755 /usr/sbin/sendmail-mta'],
        input=PICKY,
    )
    # The init script does not recognise a script as its Sendmail.
    host.sh('kill $(head -1 /run/sendmail/mta/sendmail.pid) && sleep 2 && systemctl restart sendmail')
    before = snapshot.take(host.lab, HOST)
    outcome = host.play()
    assert outcome.returncode and 'Sendmail did not start anew' in '\n'.join(outcome.failures), outcome.output
    # The init script, by which it was started again, runs make, which writes other comments into sendmail.cf.
    ours = ('/etc/mail/sendmail.mc', '/etc/mail/conbool', '/var/lib/conbool')
    assert 'Mconbool' not in host.sh('cat /etc/mail/sendmail.cf')
    assert [line for line in snapshot.differences(before, snapshot.take(host.lab, HOST)) if line.startswith(ours)] == []
    assert (
        host.lab.run(
            HOST, ['python3', '-c', 'import smtplib; print(smtplib.SMTP("127.0.0.1", 25).noop()[0])']
        ).stdout.strip()
        == '250'
    )


def test_mark_is_that_of_one_message_only(relayed):
    script = """
import smtplib
with smtplib.SMTP('127.0.0.1', 25) as server:
    for token, header in (('flow-session01', 'X-Conbool-Released: yes'), ('flow-session02', 'X-Other: yes'), ('flow-session03', 'X-Conbool-example-com: true')):
        server.sendmail('alice@example.com', ['x@external.test'], 'Subject: %s\\r\\nMessage-ID: <%s@flow>\\r\\n%s\\r\\n\\r\\nx' % (token, token, header))
"""
    relayed.lab.run(HOST, ['python3', '-'], input=script)
    relayed.lab.gateway.wait_for('flow-session02', count=1, timeout=20)
    relayed.lab.internet.wait_for('flow-session01', count=1, timeout=20)
    relayed.lab.internet.wait_for('flow-session03', count=1, timeout=20)
    assert not relayed.lab.gateway.deliveries('flow-session01') and not relayed.lab.gateway.deliveries('flow-session03')


def test_mark_is_kept_in_the_queue_over_a_restart(relayed):
    relayed.lab.internet.set('down')
    try:
        relayed.lab.run(
            HOST,
            ['sendmail', '-f', 'alice@example.com', 'x@external.test'],
            input='Subject: flow-queued0001\nMessage-ID: <flow-queued0001@flow>\nX-Conbool-Released: yes\n\nx\n',
        )
        relayed.sh(
            'for i in $(seq 40); do grep -l "^{conbool_direct}1\\|conbool_direct" /var/spool/mqueue/qf* 2>/dev/null &&'
            ' break; sleep 0.5; done'
        )
        assert relayed.sh('grep -c "conbool_direct.*1" /var/spool/mqueue/qf* | head -1').strip()
        relayed.sh('systemctl restart sendmail')
    finally:
        relayed.lab.internet.set()
    relayed.sh('sendmail -Am -qf', check=False)
    relayed.lab.internet.wait_for('flow-queued0001', count=1, timeout=30)
    assert not relayed.lab.gateway.deliveries('flow-queued0001')


def test_bounce_of_what_the_gateway_refused_goes_direct(relayed):
    """Its route is its own, not that of the message that it returns."""
    relayed.lab.gateway.set('reject')
    try:
        relayed.lab.run(
            HOST, ['sendmail', '-f', 'o@external.test', 'fwd@example.com'], input='Subject: flow-refused001\n\nx\n'
        )
        relayed.lab.internet.wait_for('flow-refused001', count=1, timeout=30)
    finally:
        relayed.lab.gateway.set()
    assert [delivery['sender'] for delivery in relayed.lab.internet.deliveries('flow-refused001')] in (
        [''],
        ['<>'],
        [None],
    )


def test_gateway_that_is_an_alias_is_verified_too(host):
    """Sendmail knows it by its other name then."""
    host.lab.add_zone('alias.test', 'gateway CNAME mail.conbool.com.\n')
    assert (
        host.play({'conbool_relay_host': 'gateway.alias.test', 'conbool_tls_name': 'mail.conbool.com'}).returncode == 0
    )
    host.lab.gateway.set('wrong_name')
    try:
        host.lab.run(
            HOST, ['sendmail', '-f', 'alice@example.com', 'x@external.test'], input='Subject: flow-alias00001\n\nx\n'
        )
        host.sh('for i in $(seq 40); do mailq -Am | grep "certificate of the gateway" && exit; sleep 0.5; done; exit 1')
        assert not host.lab.gateway.deliveries('flow-alias00001')
    finally:
        host.lab.gateway.set()
    host.sh('sendmail -Am -qf', check=False)
    host.lab.gateway.wait_for('flow-alias00001', count=1, timeout=30)
