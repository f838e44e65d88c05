# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is what the other tests believe it is."""
from __future__ import annotations

import json
import subprocess
import sys
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import dns.reversename
import pytest

from lab import api, lifecycle
from lab.engine import LabError, containers_conf

NAME = 'labtest'
HOSTS = ('postfix-debian12', 'postfix-debian13')
CLIENT = Path(__file__).with_name('client.py').read_text(encoding='utf-8')


@pytest.fixture(scope='module', name='lab')
def fixture_lab():
    try:
        yield api.up(NAME, *HOSTS)
    finally:
        api.down(NAME)


@pytest.fixture(autouse=True)
def fixture_clean(request):
    yield
    if 'lab' in request.fixturenames:
        lab = request.getfixturevalue('lab')
        lab.gateway.reset()
        lab.internet.reset()


@pytest.fixture(name='host', params=HOSTS)
def fixture_host(request):
    return request.param


def ask(lab, name, kind):
    reply = dns.query.udp(dns.message.make_query(name, kind), lab.addresses['resolver'][0], timeout=2)
    return dns.rcode.to_text(reply.rcode()), sorted(str(record) for answer in reply.answer for record in answer)


def until(condition, seconds=10):
    """What the condition finds once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, 'nothing after %d s' % seconds
        time.sleep(0.1)
    return found


def client(lab, token='flow-client', **order):
    """Sends to the gateway from a host, verifying chain and name; how far it came."""
    order = {'to': ['x@external.test'], 'message': 'Subject: %s\r\n\r\nhello\r\n' % token, **order}
    return json.loads(lab.run(HOSTS[0], ['python3', '-', json.dumps(order)], input=CLIENT).stdout)


def mail(lab, host, sender, recipient, token):
    lab.run(host, ['sendmail', '-i', '-f', sender, recipient], input='Subject: %s\nTo: %s\n\nhello\n' % (token, recipient))


def mailbox(lab, host, user, token):
    done = lab.run(host, ['grep', '-rl', token, '/home/%s/Maildir' % user], check=False)
    return [path for path in done.stdout.splitlines() if '/new/' in path]


# ---- DNS

@pytest.mark.parametrize('name, kind, answer', [
    ('example.com', 'MX', ['10 mail.conbool.com.']),
    ('sub.example.co.uk', 'MX', ['10 mail.conbool.com.']),
    ('external.test', 'MX', ['10 mx.external.test.']),
    ('bounce.test', 'MX', ['10 mx.external.test.']),
    # The trap for those who look up the smart host's MX.
    ('mail.conbool.com', 'MX', ['10 trap.external.test.']),
    ('_dmarc.example.com', 'TXT', ['"v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"']),
])
def test_names_that_exist(lab, name, kind, answer):
    assert ask(lab, name, kind) == ('NOERROR', answer)


def test_addresses_forward_and_back(lab):
    for name in ('gateway', 'internet', 'trap', 'lan', *HOSTS):
        node = lab.nodes[name]
        assert ask(lab, node.fqdn, 'A') == ('NOERROR', [node.ipv4])
        assert ask(lab, node.fqdn, 'AAAA') == ('NOERROR', [node.ipv6])
        for address in (node.ipv4, node.ipv6):
            assert ask(lab, dns.reversename.from_address(address), 'PTR') == ('NOERROR', [node.fqdn + '.'])


@pytest.mark.parametrize('name', ['debian.org', 'nowhere.test', 'nobody.example.com'])
def test_everything_else_does_not_exist(lab, name):
    for kind in ('A', 'MX', 'TXT'):
        assert ask(lab, name, kind)== ('NXDOMAIN', [])


def test_a_zone_can_be_added(lab):
    assert ask(lab, 'added.test', 'MX')[0] == 'NXDOMAIN'
    lab.add_zone('added.test', '@ MX 5 mx.external.test.\nwww A {internet4}\n')
    assert ask(lab, 'added.test', 'MX') == ('NOERROR', ['5 mx.external.test.'])
    assert ask(lab, 'www.added.test', 'A') == ('NOERROR', [lab.addresses['internet'][0]])


@pytest.mark.parametrize('text', ['@ MX nonsense\n', '@ A {nobody}\n'])
def test_a_bad_zone_is_refused_and_the_others_stay(lab, text):
    with pytest.raises(LabError, match='bad.test'):
        lab.add_zone('bad.test', text)
    lab.add_zone('good.test', '@ A {internet4}\n')
    assert ask(lab, 'bad.test', 'MX')[0] == 'NXDOMAIN'
    assert ask(lab, 'good.test', 'A')[0] == ask(lab, 'example.com', 'MX')[0] == 'NOERROR'


def test_hosts_use_the_lab_resolver(lab, host):
    assert lab.run(host, ['getent', 'ahostsv4', 'mail.conbool.com']).stdout.split()[0] == lab.addresses['gateway'][0]
    assert lab.run(host, ['getent', 'hosts', 'debian.org'], check=False).returncode == 2


# ---- the network

@pytest.mark.parametrize('node', [*HOSTS, 'gateway', 'internet', 'resolver'])
def test_no_way_out(lab, node):
    for family in ('-4', '-6'):
        routes = lab.run(node, ['ip', family, 'route']).stdout if node != 'resolver' or family == '-4' else ''
        assert 'default' not in routes
    code = 'import socket, sys; sys.exit(socket.socket().connect_ex(("203.0.113.1", 25)))'
    started = time.monotonic()
    assert lab.run(node, ['python3', '-c', code], check=False).returncode == 101  # ENETUNREACH
    assert time.monotonic() - started < 5


def test_two_labs_side_by_side(lab):
    other = api.up(NAME + '2')
    try:
        assert other.layout.subnet4 != lab.layout.subnet4 and other.layout.subnet6 != lab.layout.subnet6
        assert ask(other, 'example.com', 'MX')[0] == 'NOERROR'
    finally:
        api.down(NAME + '2')
    assert lifecycle.containers(NAME + '2') == {}
    assert set(lifecycle.containers(NAME).values()) == {'running'}
    with pytest.raises(LabError, match='not up'):
        api.Lab(NAME + '2')


# ---- hosts

def test_host_has_booted(lab, host):
    assert lab.run(host, ['systemctl', 'is-system-running']).stdout.strip() == 'running'
    assert lab.run(host, ['hostname', '-f']).stdout.strip() == host + '.example.com'
    assert lab.run(host, ['cat', '/etc/mailname']).stdout.strip() == host + '.example.com'
    assert lab.run(host, ['nft', 'list', 'ruleset']).stdout == ''
    assert 'lab-fqdn' not in lab.run(host, ['cat', '/etc/postfix/main.cf']).stdout


def test_ansible_reaches_the_hosts(lab):
    ansible = Path(sys.executable).with_name('ansible')
    done = subprocess.run([ansible, '-i', lab.inventory, 'conbool', '-m', 'ansible.builtin.ping'], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.count('SUCCESS') == len(HOSTS), done.stdout + done.stderr


def test_up_again_changes_nothing(lab):
    def identities():
        return {name: lifecycle.podman('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', name).stdout for name in lifecycle.containers(NAME)}
    before = identities()
    api.up(NAME, *HOSTS)
    assert identities() == before


def test_fresh_makes_a_host_anew_under_the_same_address(lab):
    host = HOSTS[0]
    before = lab.addresses[host]
    lab.run(host, ['touch', '/etc/leftover'])
    api.up(NAME, host, fresh=True)
    assert lab.run(host, ['test', '-e', '/etc/leftover'], check=False).returncode == 1
    assert api.Lab(NAME).addresses[host] == before
    test_ansible_reaches_the_hosts(lab)


def test_restart_keeps_what_is_on_the_host(lab, host):
    lab.run(host, ['touch', '/etc/kept'])
    running = lab.run(host, ['systemctl', 'show', '--property', 'MainPID', 'ssh']).stdout
    lab.restart(host)
    assert lab.run(host, ['systemctl', 'show', '--property', 'MainPID', 'ssh']).stdout != running
    assert lab.run(host, ['systemctl', '--failed', '--quiet']).stdout == ''
    lab.run(host, ['rm', '/etc/kept'])


def test_a_host_under_another_name_comes_and_goes(lab):
    more = api.up(NAME, 'web1=postfix-debian12')
    try:
        assert more.run('web1', ['postconf', '-h', 'myhostname']).stdout.strip() == 'web1.example.com'
        assert ask(lab, 'web1.example.com', 'A') == ('NOERROR', [more.addresses['web1'][0]])
        assert 'web1' in more.inventory.read_text()
    finally:
        api.remove(NAME, 'web1')
    assert ask(lab, 'web1.example.com', 'A')[0] == 'NXDOMAIN'
    assert 'web1' not in lab.inventory.read_text()
    assert NAME + '-web1' not in lifecycle.containers(NAME)


@pytest.mark.parametrize('argument, word', [('postfix-debian99', 'postfix-debian99'), ('A_b=postfix-debian12', 'A_b')])
def test_unknown_hosts_are_refused(lab, argument, word):
    with pytest.raises(LabError, match=word):
        api.up(NAME, argument)


# ---- mail

def test_local_mail_reaches_the_mailbox(lab, host):
    mail(lab, host, 'bob@example.com', 'alice@example.com', 'flow-local')
    assert len(until(lambda: mailbox(lab, host, 'alice', 'flow-local'))) == 1


def test_aliases_and_forwards_lead_outside_and_keep_local_copies(lab, host):
    for recipient in ('fwd', 'mixed', 'bob'):
        mail(lab, host, 'x@external.test', recipient + '@sub.example.co.uk', 'flow-%s' % recipient)
        delivery, = lab.internet.wait_for('flow-%s' % recipient)
        assert [to['address'] for to in delivery['recipients']] == [recipient + '@external.test']
    until(lambda: mailbox(lab, host, 'alice', 'flow-mixed') and mailbox(lab, host, 'bob', 'flow-bob'))


@pytest.mark.parametrize('port, tls', [(587, True), (465, 'implicit')])
def test_submission(lab, host, port, tls):
    token = 'flow-submission%d' % port
    reply = lab.internet.send(host, 'alice@example.com', ['x@external.test'], b'Subject: %s\r\n\r\nhello\r\n' % token.encode(),
                              port=port, tls=tls, user='alice', password='lab-password', source='lan')
    assert reply['accepted'], reply
    assert len(lab.internet.wait_for(token)) == 1


def test_submission_asks_for_the_right_password(lab, host):
    reply = lab.internet.send(host, 'alice@example.com', ['x@external.test'], b'Subject: no\r\n\r\nhello\r\n', port=587, user='alice', password='wrong')
    assert (reply['accepted'], reply['stage'], reply['code']) == (False, 'auth', 535)


def test_strangers_cannot_relay(lab, host):
    for sender in (lab.internet, lab.gateway):
        reply = sender.send(host, 'a@external.test', ['b@external.test'], b'Subject: relay\r\n\r\nhello\r\n')
        assert not reply['accepted'] and reply['stage'] == 'rcpt' and 'Relay access denied' in reply['text']


def test_bounce_comes_back(lab, host):
    mail(lab, host, 'alice@example.com', 'x@bounce.test', 'flow-bounce')
    bounce, = until(lambda: mailbox(lab, host, 'alice', 'flow-bounce'))
    assert 'the lab knows no such recipient' in lab.run(host, ['cat', bounce]).stdout


def test_the_name_of_the_smart_host_without_brackets_ends_in_the_trap(lab, host):
    mail(lab, host, 'alice@example.com', 'x@mail.conbool.com', 'flow-trap')
    delivery, = lab.internet.wait_for('flow-trap')
    assert delivery['listener'] == 'trap'
    assert lab.gateway.deliveries() == []


def test_log(lab, host):
    since = time.time()
    mail(lab, host, 'bob@example.com', 'alice@example.com', 'flow-log')
    until(lambda: mailbox(lab, host, 'alice', 'flow-log'))
    assert 'status=sent' in lab.log(host, since=since - 1)
    assert 'status=sent' not in lab.log(host, since=since + 3600)


# ---- the gateway records

def test_delivery_record(lab):
    message = EmailMessage()
    message['Subject'] = 'flow-record'
    message['X-Conbool-Released'] = 'yes'
    message.set_content('hello')
    said = client(lab, message=message.as_string(policy=SMTP), mail_options=['RET=HDRS', 'ENVID=QQ314159', 'BODY=8BITMIME'],
                  rcpt_options=['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;x@external.test'])
    assert said == {'stage': 'done', 'error': None, 'starttls': True}
    delivery, = lab.gateway.wait_for('flow-record')
    assert delivery['peer'] in lab.addresses[HOSTS[0]]
    assert delivery['sender'] == 'alice@example.com'
    assert delivery['mail_options'][0].startswith('size=')  # smtplib's own
    assert delivery['mail_options'][1:] == ['RET=HDRS', 'ENVID=QQ314159', 'BODY=8BITMIME']
    assert delivery['recipients'] == [{'address': 'x@external.test', 'options': ['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;x@external.test']}]
    assert delivery['tls'].startswith('TLSv1.')
    assert delivery['client_certificate'] == HOSTS[0] + '.example.com'
    assert delivery['certificate']['verified'] and delivery['certificate']['names'] == [HOSTS[0] + '.example.com']
    assert delivery['clear'] is False
    assert ['X-Conbool-Released', 'yes'] in delivery['headers']
    assert b'X-Conbool-Released: yes\r\n' in delivery['content']
    assert lab.gateway.attempts() == []


def test_bytes_and_utf8_addresses_arrive_unchanged(lab):
    body = bytes(range(0x80, 0x100))
    lab.run(HOSTS[0], ['sendmail', '-i', '-f', 'alice@example.com', 'jürgen@external.test'], input=b'Subject: flow-bytes\n\n' + body + b'\n')
    delivery, = lab.internet.wait_for('flow-bytes')
    assert body + b'\r\n' in delivery['content']
    assert delivery['recipients'][0]['address'] == 'jürgen@external.test'
    assert 'SMTPUTF8' in delivery['mail_options']


def test_no_client_certificate(lab):
    assert client(lab, certificate=False)['stage'] == 'done'
    delivery, = lab.gateway.wait_for('flow-client')
    assert delivery['client_certificate'] is None and delivery['tls']


def test_clear_text_is_recorded_not_refused(lab):
    assert client(lab, tls=False)['stage'] == 'done'
    delivery, = lab.gateway.wait_for('flow-client')
    assert delivery['clear'] is True and delivery['tls'] is None
    attempt, = until(lab.gateway.attempts)
    assert [line.split()[0] for line in attempt['seen']] == ['MAIL', 'RCPT', 'DATA']
    assert 'alice@example.com' in attempt['seen'][0].lower()


def test_clear_text_before_a_refusal_is_recorded(lab):
    lab.gateway.set('reject')
    assert client(lab, tls=False)['stage'] == 'message'
    attempt, = until(lab.gateway.attempts)
    assert [line.split()[0] for line in attempt['seen']] == ['MAIL', 'RCPT']
    assert lab.gateway.deliveries() == []


@pytest.mark.parametrize('mode, stage, words', [
    ('normal', 'done', None),
    ('down', 'connect', 'Connection refused'),
    ('no_starttls', 'tls', 'STARTTLS extension not supported'),
    ('wrong_name', 'tls', 'Hostname mismatch'),
    ('unknown_ca', 'tls', 'self-signed certificate in certificate chain'),
    ('expired', 'tls', 'certificate has expired'),
    ('self_signed', 'tls', 'self-signed certificate'),
    ('tempfail', 'message', '451'),
    ('reject', 'message', '550'),
    ('hang', 'connect', 'timed out'),
])
def test_modes(lab, mode, stage, words):
    lab.gateway.set(mode)
    said = client(lab, timeout=2)
    assert said['stage'] == stage, said
    assert words is None and said['error'] is None or words in said['error']
    assert said['starttls'] is (None if stage == 'connect' else mode != 'no_starttls')
    if mode == 'normal':
        lab.gateway.wait_for('flow-client')
        return
    if stage == 'tls' and mode != 'no_starttls':
        session, = until(lab.gateway.sessions)
        assert 'alert' in session['tls_error'] and session['mode'] == mode
    # And it is right again at once, for a client that tries again.
    assert lab.gateway.deliveries() == []
    lab.gateway.set('normal')
    assert client(lab)['stage'] == 'done'
    lab.gateway.wait_for('flow-client')


@pytest.mark.parametrize('stage, reply', [('connect', '421'), ('mail', '451'), ('data', '451'), ('end-of-data', '451')])
def test_stages(lab, stage, reply):
    lab.gateway.set('tempfail', stage=stage)
    said = client(lab)
    assert said['stage'] == ('connect' if stage == 'connect' else 'message')
    assert reply in said['error']
    assert lab.gateway.deliveries() == []


@pytest.mark.parametrize('arguments', [{'mode': 'nonsense'}, {'mode': 'hang', 'stage': 'nonsense'}])
def test_bad_modes_are_refused(lab, arguments):
    with pytest.raises(LabError, match='nonsense'):
        lab.gateway.set(**arguments)


@pytest.mark.parametrize('shown, name, verified', [
    ('right', 'mail.conbool.com', True), ('wrong_name', 'other.conbool.com', True), ('unknown_ca', 'mail.conbool.com', False), ('none', None, None),
])
def test_the_gateway_shows_the_certificate_that_is_asked_for(lab, shown, name, verified):
    """Sent to the internet node, which says what it saw."""
    reply = lab.gateway.send('internet', 'a@example.com', ['b@external.test'], b'Subject: flow-shown\r\n\r\nhello\r\n', client_cert=shown)
    assert reply['accepted'], reply
    delivery, = lab.internet.wait_for('flow-shown')
    assert delivery['client_certificate'] == name
    assert (delivery['certificate'] or {}).get('verified') is verified
    assert delivery['peer'] == lab.addresses['gateway'][0]


@pytest.mark.parametrize('source', ['internet', 'lan'])
@pytest.mark.parametrize('ipv6', [False, True])
def test_senders_come_from_the_address_they_are_told(lab, source, ipv6):
    lab.internet.send('gateway', 'a@external.test', ['b@example.com'], b'Subject: flow-source\r\n\r\nhello\r\n', source=source, ipv6=ipv6)
    delivery, = lab.gateway.wait_for('flow-source')
    assert delivery['peer'] == lab.addresses[source][ipv6]


# ---- the machine

@pytest.mark.parametrize('cgroup_v2, limits, runc, expected', [
    (True, True, True, ''),
    (False, True, True, '[engine]\nruntime = "runc"\n'),
    (False, True, False, ''),
    (True, False, True, '[containers]\ndefault_ulimits = []\n'),
])
def test_podman_is_told_only_what_the_machine_needs(cgroup_v2, limits, runc, expected):
    assert containers_conf(cgroup_v2, limits, runc) == expected
