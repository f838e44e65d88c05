# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail that comes in: who may, what is refused, what is written in it, what is spam."""

from __future__ import annotations

import re
import smtplib
import socket
import time

import pytest

from lab.kerio import company
from lab.kerio.message import signature_holds
from lab.kerio.rating import MALWARE, SPAM

from .conftest import MINUTE, complaints, connect, mail, send, settled
from .sink import header

LOGIN = ('alice@example.com', company.PASSWORD)
REFUSED = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)
TOKEN = 'conbool-flag-0123456789abcdef'


def refusal(*args, **more):
    """The code by which a message is refused."""
    with pytest.raises(REFUSED) as refused:
        send(*args, **more)
    if isinstance(refused.value, smtplib.SMTPRecipientsRefused):
        return next(iter(refused.value.recipients.values()))[0]
    return refused.value.smtp_code


# --- ports and senders


def test_a_stranger_writes_to_people_here_only(make):
    double = make()
    send(double)
    raw = mail(double)[0]
    assert header(raw, 'Return-Path') == ['<x@external.test>'] and raw.endswith(b'\r\n\r\ntext\r\n')
    assert refusal(double, recipients=['y@external.test']) == 550
    assert refusal(double, recipients=['nobody@example.com']) == 550


def test_relaying_is_for_the_group_and_for_those_who_log_in(make, sink):
    outside = sink()

    def prepare(state):
        group = company.group(state, 'Local clients', {'type': 'Host', 'host': '127.0.0.5'})
        state.data['smtp']['relayControl']['ipAddressGroupId'] = group

    double = make(prepare=prepare, world={'exchangers': {'external.test': outside.place}})
    send(double, recipients=['y@external.test'], source='127.0.0.5')
    send(double, 'alice@example.com', ['y@external.test'], 'SMTP Submission', login=LOGIN)
    send(double, 'alice@example.com', ['y@external.test'], login=LOGIN, tls=False)
    outside.wait(3)
    double.state.data['smtp']['relayControl']['authenticateOutgoing'] = False
    assert refusal(double, 'alice@example.com', ['y@external.test'], login=LOGIN) == 550
    double.state.data['smtp']['relayControl']['isRestricted'] = False
    send(double, recipients=['y@external.test'])
    outside.wait(4)


@pytest.mark.parametrize(
    'ways, service, code',
    [
        ({}, 'Secure SMTP', None),
        ({'open_465': False}, 'Secure SMTP', 530),
        ({}, 'SMTP Submission', 530),
        ({'open_587': True}, 'SMTP Submission', None),
    ],
)
def test_ports_for_users_without_a_log_in(make, ways, service, code):
    """U19: mail for people here."""
    double = make(**ways)
    if code:
        assert refusal(double, service=service) == code
    else:
        send(double, service=service)
        mail(double)
        assert refusal(double, recipients=['y@external.test'], service=service) == 550
    send(double, service=service, login=LOGIN, subject='second')


def test_two_factors_for_mail_need_an_application_password(make):
    def prepare(state):
        company.person(state, 'alice').update(_two_factors=True, _application_password='application')

    double = make(prepare=prepare)
    assert refusal(double, login=LOGIN) == 535
    send(double, login=(LOGIN[0], 'application'))


@pytest.mark.parametrize('command', ['XCLIENT ADDR=192.0.2.1', 'XFORWARD ADDR=192.0.2.1', 'PROXY TCP4 1 2 3 4'])
def test_a_proxy_is_not_believed(make, command):
    double = make()
    with connect(double) as client:
        assert not set(client.ehlo()[1].decode().split()) & {'XCLIENT', 'XFORWARD'}
        assert client.docmd(command)[0] == 500
    assert complaints(double) == ['SMTP: a command of proxies was sent']


@pytest.mark.parametrize('way', ['full', 'bare'])
def test_what_is_offered(make, way):
    """U16"""
    with connect(make(ehlo=way)) as client:
        client.ehlo()
        assert ('size' in client.esmtp_features) == ('8bitmime' in client.esmtp_features) == (way == 'full')
        assert 'starttls' in client.esmtp_features and 'auth' in client.esmtp_features


@pytest.mark.parametrize('required', [False, True])
def test_encryption_may_be_required_of_strangers(make, required):
    """U14"""

    def prepare(state):
        state.data['security']['mode'] = 'SPEncryptionRequired'

    double = make(prepare=prepare, encryption_required_on_25=required)
    send(double)
    if required:
        assert refusal(double, tls=False) == 530
    else:
        send(double, tls=False)


def test_limits_of_a_message(make):
    def prepare(state):
        state.data['smtp'].update(readerHops=3)
        state.data['smtp']['messageSize']['limit'] = {'value': 2, 'units': 'KiloBytes'}
        state.data['smtp']['maximumRecipients'] = {'isActive': True, 'limit': 1}

    double = make(prepare=prepare)
    assert refusal(double, body='x' * 3000) == 552
    assert refusal(double, headers='Received: from a by b\r\n' * 4) == 554
    send(double, headers='Received: from a by b\r\n' * 3)
    assert refusal(double, recipients=['alice@example.com', 'bob@example.com']) == 452


# --- what is refused by the client's address (all with exceptions)


def let_in(state, *addresses):
    """The addresses into the administrator's group of exceptions."""
    group = next(entry for entry in state.data['ip_entries'] if entry['groupName'].startswith('Exceptions'))
    for address in addresses:
        entry = {**group, 'type': 'Host', 'host': address, 'id': f'keriodb://ipaddress/{address}'}
        state.data['ip_entries'].append(entry)


HOSTILE = {'senders': {'external.test': ['192.0.2.0/24']}, 'exchangers': {'external.test': ('127.0.0.1', 1)}}


def switched_off(state, *but):
    """Everything of forbid_strangers but what is named."""
    setting, limits = state.data['antispam'], state.data['smtp']['ipBasedLimit']
    for name in ('spfSetting', 'callerSetting', 'repellentSetting', 'greylistingStatus'):
        setting[name]['enabled'] = setting[name]['enabled'] and name in but
    for name in ('maximumFromIp', 'maximumConnections', 'maximumUnknowns'):
        limits[name]['isActive'] = name in but
    state.data['sender_policy']['antiSpoofingEnabled'] = 'antiSpoofingEnabled' in but


@pytest.fixture(name='hostile')
def fixture_hostile(make):
    def start(*only, **ways):
        def prepare(state):
            company.forbid_strangers(state)
            switched_off(state, *only)
            let_in(state, '127.0.0.8')

        return make(prepare=prepare, world=HOSTILE, **ways)

    return start


@pytest.mark.parametrize('check', ['spfSetting', 'callerSetting', 'greylistingStatus', 'antiSpoofingEnabled'])
def test_an_exception_makes_the_difference(hostile, check):
    double = hostile(check)
    sender = 'bob@example.com' if check == 'antiSpoofingEnabled' else 'x@external.test'
    assert refusal(double, sender) == (451 if check == 'greylistingStatus' else 550)
    send(double, sender, source='127.0.0.8')
    mail(double)


def test_with_everything_on_only_an_exception_lets_mail_in(make):
    """All checks at once: whoever forgets one exception loses mail."""

    def prepare(state):
        company.forbid_strangers(state)
        state.data['antispam']['repellentSetting']['delay'] = 1

    double = make(prepare=prepare, world=HOSTILE)
    for sender in ('x@external.test', 'bob@example.com'):
        assert refusal(double, sender) in (450, 451, 550)
    with double.state.lock:
        let_in(double.state, '127.0.0.8')
    for number in range(5):
        send(double, ('x@external.test', 'bob@example.com')[number % 2], source='127.0.0.8')
    mail(double, count=5)


def test_a_greylisted_message_is_taken_later(hostile):
    double = hostile('greylistingStatus')
    assert refusal(double) == 451
    time.sleep(MINUTE * 1.5)
    send(double)


@pytest.mark.parametrize('switch', ['authenticationRequired', 'requireLocalDomainSenderAuth', 'checkSpoofedSender'])
def test_own_senders_from_outside(hostile, switch):
    double = hostile()
    holder = {
        'authenticationRequired': double.state.data['sender_policy'],
        'requireLocalDomainSenderAuth': double.state.data['smtp'],
        'checkSpoofedSender': double.state.data['domains'][0],
    }[switch]
    holder[switch] = True
    assert refusal(double, 'bob@example.com') == 550
    send(double, 'bob@example.com', source='127.0.0.8')
    send(double, 'alice@example.com', ['bob@example.com'], login=LOGIN)


def test_the_repellent_lets_a_client_wait(hostile):
    double = hostile('repellentSetting')
    double.state.data['antispam']['repellentSetting']['delay'] = 30

    def greeting(source, early):
        start = time.monotonic()
        with socket.create_connection(('127.0.0.1', double.port()), 3, (source, 0)) as client:
            if early:
                client.sendall(b'EHLO early\r\n')
            return client.recv(200)[:3], time.monotonic() - start >= 0.3

    assert greeting('127.0.0.1', False) == (b'220', True)
    assert greeting('127.0.0.1', True) == (b'554', True)
    assert greeting('127.0.0.8', True) == (b'220', False)


def test_limits_of_an_address(hostile):
    double = hostile('maximumFromIp', 'maximumConnections', 'maximumUnknowns')
    for source, code in (('127.0.0.8', None), ('127.0.0.1', 450)):
        for dummy in range(3):
            send(double, source=source)
        assert code is None or refusal(double, source=source) == code
    first, second = (connect(double) for dummy in range(2))
    with pytest.raises(smtplib.SMTPConnectError):
        connect(double)
    first.close(), second.close()
    for dummy in range(3):
        refusal(double, recipients=['nobody@example.com'], source='127.0.0.8')
        refusal(double, recipients=['nobody@example.com'], source='127.0.0.7')
    connect(double, source='127.0.0.8').close()
    with pytest.raises(smtplib.SMTPConnectError):
        connect(double, source='127.0.0.7')


def test_names_in_the_dns(make):
    def prepare(state):
        state.data['smtp'].update(verifyClientRDnsEntry=True, blockUnknownDns=True)

    double = make(prepare=prepare, world={**HOSTILE, 'named': ['127.0.0.8']})
    with pytest.raises(smtplib.SMTPConnectError):
        connect(double)
    send(double, source='127.0.0.8')
    assert refusal(double, 'x@nowhere.test', source='127.0.0.8') == 550
    send(double, '', source='127.0.0.8')


def test_a_blacklisted_address(make):
    def prepare(state):
        black = state.data['antispam']['customBlackList']
        black.update(enabled=True, id=company.group(state, 'Black', {'type': 'Host', 'host': '127.0.0.1'}))

    with pytest.raises(smtplib.SMTPConnectError):
        connect(make(prepare=prepare))


# --- lines that are added


@pytest.mark.parametrize('version', ['8.5', '9.4.1', '10.0.8'])
def test_the_received_line(make, version):
    double = make(version)
    send(double, tls=False)
    send(double, 'alice@example.com', ['alice@example.com'], 'SMTP Submission', login=LOGIN)
    send(double, recipients=['alice@example.com', 'bob@example.com'])
    lines = sorted(header(raw, 'Received')[0] for raw in mail(double, count=3))
    number = re.escape(version + ('.0' if version == '9.2' else ''))
    server = rf'by mail\.example\.com \(Kerio Connect {number}\)'
    proto = (lambda name: f' with {name}') if version != '8.5' else (lambda name: '')
    date = r';\s\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} [+-]\d{4}'
    tls = r'\s\(using TLSv1\.[23] with cipher \S+ \(\d+ bits\)\)'
    user = r'\(authenticated user alice@example\.com\)'
    start = r'from client\.test \(\[127\.0\.0\.1\]\)'
    wanted = [
        rf'{start}\s{server}{proto("ESMTP")}\sfor alice@example\.com{date}',
        rf'{start}\s{user}\s{server}{proto("ESMTPSA")}{tls}\sfor alice@example\.com{date}',
        rf'{start}\s{server}{proto("ESMTPS")}{tls}{date}',
    ]
    assert all(any(re.fullmatch(pattern, line) for line in lines) for pattern in wanted), lines


def test_the_version_can_be_hidden(make):
    def prepare(state):
        state.data['advanced']['miscellaneous']['showProgramNameAndVersion'] = False

    double = make(prepare=prepare)
    send(double)
    assert 'Kerio' not in header(mail(double)[0], 'Received')[0]
    with connect(double) as client:
        assert b'Kerio' not in client.docmd('NOOP')[1]
    with socket.create_connection(('127.0.0.1', double.port())) as plain:
        assert plain.recv(99) == b'220 mail.example.com ESMTP ready\r\n'
    double.state.data['advanced']['miscellaneous']['showProgramNameAndVersion'] = True
    with socket.create_connection(('127.0.0.1', double.port())) as plain:
        assert plain.recv(99) == b'220 mail.example.com Kerio Connect 10.0.8 ESMTP ready\r\n'


def test_addresses_of_local_clients_can_be_hidden(make):
    def prepare(state):
        group = company.group(state, 'Local', {'type': 'Host', 'host': '127.0.0.1'})
        state.data['smtp']['relayControl'].update(ipAddressGroupId=group, hideLocalIpInRcv=True)
        state.data['advanced']['miscellaneous']['insertXEnvelopeTo'] = True

    double = make(prepare=prepare)
    send(double)
    raw = mail(double)[0]
    assert '[127.0.0.1]' not in header(raw, 'Received')[0]
    assert header(raw, 'X-Envelope-To') == ['alice@example.com']


@pytest.mark.parametrize(
    'way, words', [('http', 'with HTTP'), ('none', None), ('authenticated', '(authenticated user alice')]
)
def test_webmail(make, way, words):
    """U10"""
    double = make(webmail_received=way)
    double.mail.webmail('alice@example.com', ['alice@example.com'], b'Subject: web\r\n\r\ntext\r\n')
    lines = header(mail(double)[0], 'Received')
    assert lines == [] if words is None else words in lines[0]
    assert 'Service: HTTP' in double.state.journal.lines('mail')[0]


@pytest.mark.parametrize('conbool', [False, True])
def test_a_signature_does_not_survive_what_it_covers(make, conbool):
    """U21, by a stand-in for DKIM."""

    def prepare(state):
        state.data['domains'][0]['isDkimEnabled'] = True

    double = make(prepare=prepare, dkim_signs_conbool=conbool)
    send(double, 'alice@example.com', login=LOGIN, headers='X-Conbool-Released: yes\r\n')
    raw = mail(double)[0]
    assert signature_holds(raw) is True
    assert signature_holds(raw.replace(b'X-Conbool-Released: yes\r\n', b'')) is not conbool
    assert signature_holds(raw.replace(b'text', b'changed')) is False
    assert signature_holds(b'Subject: x\r\n\r\n') is None


# --- spam


def flag_rule(content=TOKEN, name='Received', score=6, action='IncreaseSpamScore', scale=1):
    return company.custom_rule(f'{action} {content}', name, content, action, score * scale)


def ruled(make, *rules, group=False, setting=(), **ways):
    """A double with these custom rules; the client's address in the relay group."""

    def prepare(state):
        company.entrust(state, custom_rules=rules)
        state.data['antispam'].update(dict(setting))
        if group:
            entry = {'type': 'Network', 'addr1': '127.0.0.0', 'addr2': '255.0.0.0'}
            state.data['smtp']['relayControl']['ipAddressGroupId'] = company.group(state, 'Local clients', entry)

    return make(prepare=prepare, **ways)


MARKED = f'Received: from hop by hop ({TOKEN});\r\n\tMon, 30 Nov 2026 10:00:00 +0000\r\n'


@pytest.mark.parametrize('scale', [1, 10])
def test_a_flag_leads_to_junk(make, scale):
    """U7: either scale."""
    double = ruled(make, flag_rule(scale=scale), score_scale=scale)
    send(double, headers=MARKED)
    raw = mail(double, folder='Junk E-mail')[0]
    assert header(raw, 'X-Spam-Flag') == ['YES'] and header(raw, 'X-Spam-Level') == ['******']
    assert header(raw, 'X-Spam-Status') == ['Yes, hits=6.0 required=5.0']
    send(double)
    assert header(mail(double)[0], 'X-Spam-Flag') == []
    assert 'marked as spam with score: 6.00' in double.state.journal.lines('spam')[0]


def test_rules_go_from_the_top_until_one_ends_it(make):
    flag, released = flag_rule(), flag_rule('released-token', action='TreatAsNotSpam')
    both = MARKED + 'Received: from hop by hop (released-token)\r\n'
    first, last = ruled(make, released, flag), ruled(make, flag, released)
    spam = flag_rule('lottery', 'Subject', action='TreatAsSpam')
    refusing = ruled(make, flag_rule('win', 'Subject', action='TreatAsNotSpam'), spam)
    for double in (first, last):
        send(double, headers=both)
        mail(double)
    assert refusal(refusing, subject='lottery') == 550
    send(refusing, subject='lottery: win')
    mail(refusing)
    # Scores go on and add up.
    adding = ruled(make, flag_rule(score=3), flag_rule('test', 'Subject', score=3))
    send(adding, headers=MARKED)
    mail(adding, folder='Junk E-mail')


def test_a_disabled_rule_is_none(make):
    double = ruled(make, {**flag_rule(), 'enabled': False})
    send(double, headers=MARKED)
    mail(double)


def test_mail_of_the_relay_group_is_not_rated(make):
    double = ruled(make, flag_rule(), group=True)
    send(double, headers=MARKED)
    assert header(mail(double)[0], 'X-Spam-Status') == []
    rated = ruled(make, flag_rule(), group=True, setting={'isRatingRelayEnabled': True})
    send(rated, headers=MARKED)
    mail(rated, folder='Junk E-mail')


def test_without_rating_a_score_is_nothing_and_a_refusal_is_one(make):
    spam = flag_rule('lottery', 'Subject', action='TreatAsSpam')
    double = ruled(make, flag_rule(), spam, setting={'isRatingEnabled': False})
    send(double, headers=MARKED)
    mail(double)
    assert refusal(double, subject='lottery') == 550


def test_a_high_score_is_thrown_away(make):
    double = ruled(make, flag_rule(score=7), setting={'blockScore': 7, 'sendBounce': False})
    send(double, headers=MARKED)
    settled(double)
    assert double.state.journal.counters['deliveredToLocals'] == 0
    # Ten is no limit: it is off.
    off = ruled(make, flag_rule(score=12), setting={'blockScore': 10})
    send(off, headers=MARKED)
    mail(off, folder='Junk E-mail')
    kept = ruled(
        make,
        flag_rule(score=9),
        setting={'blockScore': 9, 'quarantineAddress': {'enabled': True, 'value': 'bob@example.com'}},
    )
    company.person(kept.state, 'bob')['emailForwarding']['mode'] = 'UForwardNone'
    send(kept, headers=MARKED)
    mail(kept, 'bob')
    discarding = ruled(
        make, flag_rule('lottery', 'Subject', action='TreatAsSpam'), setting={'useCustomRulesInSmtp': False}
    )
    send(discarding, subject='lottery')
    settled(discarding)
    assert discarding.state.journal.counters['deliveredToLocals'] == 0


@pytest.mark.parametrize(
    'ways, headers, matches',
    [
        ({}, MARKED, True),
        ({}, 'Received: first\r\n' + MARKED, True),
        ({'custom_received': 'first'}, 'Received: first\r\n' + MARKED, False),
        ({'custom_received': 'first'}, MARKED, True),
        ({}, f'Received: from a\r\n\tby b ({TOKEN})\r\n', True),
        ({'custom_folded': 'first_line'}, f'Received: from a\r\n\tby b ({TOKEN})\r\n', False),
        ({}, f'X-Other: {TOKEN}\r\n', False),
        ({}, f'Subject2: {TOKEN.upper()}\r\n', False),
        ({}, MARKED.upper(), True),
    ],
)
def test_which_received_lines_count(make, ways, headers, matches):
    """U6"""
    double = ruled(make, flag_rule(), **ways)
    send(double, headers=headers)
    mail(double, folder='Junk E-mail' if matches else 'INBOX')


@pytest.mark.parametrize('way', ['listed', 'any'])
def test_a_rule_for_a_header_of_the_gateway(make, way):
    """U6: documented is that it never holds."""
    double = ruled(make, flag_rule('YES', 'X-Conbool-Flag'), custom_headers=way)
    send(double, headers='X-Conbool-Flag: YES\r\n')
    mail(double, folder='Junk E-mail' if way == 'any' else 'INBOX')


@pytest.mark.parametrize(
    'kind, name, content, headers, matches',
    [
        ('ContainsSubstring', 'Subject', 'te?t', '', True),
        ('ContainsSubstring', 'Subject', 't*t', '', True),
        ('ContainsSubstring', 'Subject', 't.st', '', False),
        ('ContainsAddress', 'From', 'x@external.test', '', True),
        ('ContainsAddress', 'From', 'x@external', '', False),
        ('ContainsDomain', 'From', 'external.test', '', True),
        ('ContainsBinary', 'Subject', 'TEST', '', False),
        ('IsMissing', 'Cc', '', '', True),
        ('IsMissing', 'Cc', '', 'Cc: x@y.test\r\n', False),
        ('IsEmpty', 'Cc', '', 'Cc:\r\n', True),
        ('ContainsSubstring', 'X-Envelope-To', 'alice@', '', True),
    ],
)
def test_types_of_rules(make, kind, name, content, headers, matches):
    double = ruled(make, {**flag_rule(content, name), 'type': kind})
    send(double, headers=headers)
    mail(double, folder='Junk E-mail' if matches else 'INBOX')


def test_a_rule_for_the_body(make):
    double = ruled(make, {**flag_rule(r'te.t$', ''), 'kind': 'Body', 'header': ''})
    send(double)
    mail(double, folder='Junk E-mail')


def test_malware_passes_over_a_release(make):
    double = ruled(make, flag_rule('released-token', action='TreatAsNotSpam'))
    double.state.data['antispam']['integratedAntiSpamSetting']['enabled'] = True
    headers = 'Received: from hop (released-token)\r\n'
    assert refusal(double, headers=headers, body=MALWARE.decode()) == 550
    send(double, headers=headers, body=SPAM.decode())
    mail(double)
    send(double, body=SPAM.decode())
    mail(double, folder='Junk E-mail')


@pytest.mark.parametrize('reads', [False, True])
def test_the_engine_may_read_received_lines(make, reads):
    """U24"""
    double = ruled(make, antispam_reads_received=reads, world={'infamous': ['203.0.113.5']})
    double.state.data['antispam']['integratedAntiSpamSetting']['enabled'] = True
    send(double, headers='Received: from bad ([203.0.113.5])\r\n\tby hop\r\n')
    mail(double, folder='Junk E-mail' if reads else 'INBOX')


@pytest.mark.parametrize('ways, junk', [({}, False), ({'junk_rule': 'header'}, True)])
def test_junk_is_for_the_verdict_of_the_server(make, ways, junk):
    """U8: not for a header that somebody wrote, or for that too."""
    double = make(**ways)
    send(double, headers='X-Spam-Flag: YES\r\n')
    raw = mail(double, folder='Junk E-mail' if junk else 'INBOX')[0]
    assert header(raw, 'X-Spam-Flag') == ['YES']


def test_foreign_spam_headers_may_be_taken_away(make):
    double = make(strip_spam_headers=True)
    send(double, headers='X-Spam-Flag: YES\r\nX-Other: kept\r\n')
    raw = mail(double)[0]
    assert header(raw, 'X-Spam-Flag') == [] and header(raw, 'X-Other') == ['kept']


def test_who_has_no_junk_rule_gets_spam_marked_in_the_inbox(make):
    double = ruled(make, flag_rule())
    company.user(double.state, 'carol', junk_rule=False)
    send(double, recipients=['carol@example.com'], headers=MARKED)
    assert header(mail(double, 'carol')[0], 'X-Spam-Flag') == ['YES']
