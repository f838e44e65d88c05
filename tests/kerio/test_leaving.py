# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail that leaves: relay rules, TLS that is asked for and never required, forwarding, bounces, times, statistics."""

from __future__ import annotations

import pytest

from lab.kerio import company
from lab.kerio.bounces import away
from lab.kerio.profiles import profile
from lab.kerio.routing import chosen, like

from .conftest import MINUTE, mail, send, settled
from .sink import header

LOGIN = ('alice@example.com', company.PASSWORD)
OUT = 'y@external.test'


def out(double, sender='alice@example.com', recipients=(OUT,), **more):
    send(double, sender, list(recipients), 'SMTP Submission', login=LOGIN, **more)


@pytest.fixture(name='sent')
def fixture_sent(make, sink):
    """sent(*rules, version=, tls=) -> (double, hop, outside): rules lead to hop.test, the outside has external.test."""

    def start(*rules, version='10.0.8', tls='offered', prepare=None, **ways):
        hop, outside = sink(tls), sink(tls)

        def settle(state):
            company.entrust(state, rules)
            if prepare:
                prepare(state)

        world = {'hosts': {'hop.test': hop.place}, 'exchangers': {'external.test': outside.place}}
        return make(version, settle, world, **ways), hop, outside

    return start


def rule(pattern='', test='RelayCondSender', comparator='RelayCompEqual', host='hop.test', **more):
    found = company.relay_rule(f'{test} {pattern} {host}', host, pattern=pattern or '', **more)
    if pattern:
        found['condition'].update(test=test, comparator=comparator)
    return found


# --- relay rules


@pytest.mark.parametrize(
    'rules, sender, by_hop',
    [
        ([], 'alice@example.com', False),
        ([rule()], 'alice@example.com', True),
        ([{**rule(), 'isEnabled': False}], 'alice@example.com', False),
        ([rule('*@example.com')], 'alice@example.com', True),
        ([rule('*@EXAMPLE.com')], 'alice@example.com', True),
        ([rule('*@sub.example.co.uk')], 'alice@example.com', False),
        ([rule('*@external.test', 'RelayCondRecipient')], 'alice@example.com', True),
        ([rule('*@example.com', comparator='RelayCompNotEqual')], 'alice@example.com', False),
        ([rule('*@other.test', comparator='RelayCompNotEqual')], 'alice@example.com', True),
    ],
)
def test_a_relay_rule_decides_by_the_envelope(sent, rules, sender, by_hop):
    double, hop, outside = sent(*rules)
    out(double, sender)
    (hop if by_hop else outside).wait()
    settled(double)
    assert len(hop.deliveries) + len(outside.deliveries) == 1
    counters = double.state.journal.counters
    assert (counters['relay'], counters['mx']) == (int(by_hop), int(not by_hop))


ALL, OWN, OTHER = rule(), rule('*@example.com'), rule('*@other.test')


@pytest.mark.parametrize(
    'ways, rules, sender, decides',
    [
        ({}, [OWN, ALL], 'a@example.com', OWN),
        ({}, [ALL, OWN], 'a@example.com', ALL),
        ({'relay_order': 'last'}, [OWN, ALL], 'a@example.com', ALL),
        ({}, [OTHER, OWN], 'a@example.com', OWN),
        ({}, [OWN], '', None),
        ({}, [ALL], '', ALL),
        ({}, [rule('*')], '', None),
        ({'pattern_null_sender': 'text'}, [rule('*')], '', rule('*')),
    ],
)
def test_the_first_rule_that_holds(ways, rules, sender, decides):
    """U5"""
    assert chosen(rules, sender, OUT, profile(**ways)) == decides


def test_the_null_sender_is_not_another_sender():
    unequal = rule('*@example.com', comparator='RelayCompNotEqual')
    assert chosen([unequal], '', OUT, profile()) is None
    assert chosen([unequal], '', OUT, profile(pattern_null_sender='text')) == unequal


@pytest.mark.parametrize(
    'pattern, address, ways, holds',
    [
        ('*@example.com', 'a@example.com', {}, True),
        ('*@Example.com', 'A@eXample.com', {}, True),
        ('*@Example.com', 'a@example.com', {'pattern_case': 'sensitive'}, False),
        ('?@example.com', 'a@example.com', {}, False),
        ('?@example.com', 'a@example.com', {'pattern_question': 'wildcard'}, True),
        ('example.com', 'a@example.com', {}, False),
        ('example.com', 'a@example.com', {'pattern_bare_domain': 'addresses'}, True),
        ('*@example.com', 'a@sub.example.com', {}, False),
        ('*@example.com', 'a@sub.example.com', {'pattern_subdomains': 'yes'}, True),
        ('*@example.com', 'a@notexample.com', {'pattern_subdomains': 'yes'}, False),
        ('a.b@example.com', 'axb@example.com', {}, False),
    ],
)
def test_patterns(pattern, address, ways, holds):
    """U5"""
    assert like(pattern, address, profile(**ways)) is holds


def test_the_relay_of_version_8_is_for_everything(sent):
    def prepare(state):
        state.data['smtp']['smtpOptions'].update(isUsedRelay=True, hostName='hop.test')

    double, hop, outside = sent(version='8.5', prepare=prepare)
    out(double)
    hop.wait()
    double.state.data['smtp']['smtpOptions']['isUsedRelay'] = False
    out(double)
    outside.wait()


def test_a_rule_logs_in(sent):
    login = {'isRequired': True, 'userName': 'company', 'password': 'secret', 'authType': 'Auth'}
    double, hop, outside = sent(rule(authentication=login))
    out(double)
    hop.wait()
    assert hop.logins == [('company', 'secret')]
    # Without its password the mail stays.
    double.state.data['relay_rules'][0]['authentication']['password'] = ''
    out(double)
    for dummy in range(100):
        if len(hop.logins) > 1:
            break
        hop.thread.join(0.02)
    assert len(double.mail.queue.waiting()) == 1 and len(hop.deliveries) == 1
    assert outside.deliveries == []


# --- TLS


@pytest.mark.parametrize('tls, useful', [('offered', True), ('none', False), ('broken', False)])
def test_tls_is_for_good_days(sent, tls, useful):
    """Any certificate will do; where TLS is not offered or fails, clear text will do."""
    double, hop, dummy = sent(rule(), tls=tls)
    out(double)
    assert hop.wait()[0].tls is useful


def test_tls_can_be_off(sent):
    double, hop, dummy = sent(rule())
    double.state.data['smtp']['useSSL'] = False
    out(double)
    assert hop.wait()[0].tls is False


def test_a_wrong_certificate_may_lead_to_clear_text(sent):
    """U15"""
    double, hop, dummy = sent(rule(), relay_certificate='verified')
    out(double)
    assert hop.wait()[0].tls is False


# --- aliases, forwarding, lists, people who are away


def test_an_alias_leads_outside_with_sender_and_headers(sent):
    double, dummy, outside = sent()
    send(double, recipients=['fwd@example.com'], headers='X-Conbool-example-com: true\r\n')
    delivery = outside.wait()[0]
    assert (delivery.sender, delivery.recipients) == ('x@external.test', [company.OUTSIDE])
    assert header(delivery.raw, 'X-Conbool-example-com') == ['true']
    send(double, recipients=['mixed@example.com'])
    outside.wait(2)
    mail(double)


@pytest.mark.parametrize('mode, kept', [('UForwardYes', 0), ('UForwardDeliver', 1), ('UForwardNone', 1)])
def test_a_user_forwards(sent, mode, kept):
    double, dummy, outside = sent()
    company.person(double.state, 'bob')['emailForwarding']['mode'] = mode
    send(double, recipients=['bob@example.com'])
    outside.wait(int(mode != 'UForwardNone'))
    mail(double, 'bob', count=kept)


@pytest.mark.parametrize(
    'ways, sender, marked',
    [
        ({}, 'x@external.test', True),
        ({'forward_sender': 'user'}, 'bob@example.com', True),
        ({'forward_headers': 'renewed'}, 'x@external.test', False),
    ],
)
def test_what_is_left_of_a_forwarded_message(sent, ways, sender, marked):
    """U9"""
    double, dummy, outside = sent(**ways)
    send(double, recipients=['bob@example.com'], headers='X-Conbool-example-com: true\r\n')
    delivery = outside.wait()[0]
    assert delivery.sender == sender and bool(header(delivery.raw, 'X-Conbool-example-com')) is marked


@pytest.mark.parametrize('way, sender', [('original', 'x@external.test'), ('user', 'alice@example.com'), ('null', '')])
def test_a_users_own_script_redirects(sent, way, sender):
    double, dummy, outside = sent(redirect_sender=way)
    company.person(double.state, 'alice')['_redirect'] = [OUT]
    send(double)
    assert outside.wait()[0].sender == sender
    assert any('Service: Sieve' in line for line in double.state.journal.lines('mail'))
    mail(double)


@pytest.mark.parametrize('way, sender', [('null', ''), ('user', 'alice@example.com')])
def test_an_answer_of_who_is_away(sent, way, sender):
    """Once for a sender; not to lists, machines and the null sender."""
    double, dummy, outside = sent(vacation_sender=way)
    company.person(double.state, 'alice')['_vacation'] = True
    send(double, subject='first')
    assert outside.wait()[0].sender == sender and outside.deliveries[0].recipients == ['x@external.test']
    assert header(outside.deliveries[0].raw, 'Auto-Submitted') == ['auto-replied']
    send(double, subject='second')
    send(double, 'z@external.test', headers='Auto-Submitted: auto-generated\r\n')
    send(double, '')
    mail(double, count=4)
    settled(double)
    outside.wait(1)
    assert b'\n' not in away(double.state, 'a@b.test', 'c@d.test').replace(b'\r\n', b'')


@pytest.mark.parametrize('way, sender', [('owner', 'list-owner@example.com'), ('original', 'x@external.test')])
def test_a_mailing_list(sent, way, sender):
    double, dummy, outside = sent(list_sender=way)
    send(double, recipients=['list@example.com'])
    delivery = outside.wait()[0]
    assert (delivery.sender, delivery.recipients) == (sender, ['member@external.test'])
    assert header(delivery.raw, 'List-Id') == ['<list.example.com>']
    mail(double)


def test_an_alias_to_nobody_is_not_the_end_of_a_message(sent):
    double, dummy, outside = sent()
    double.state.named('aliases', double.state.primary(), 'mixed')['deliverTo'] = 'gone@example.com, alice@example.com'
    send(double, recipients=['mixed@example.com'])
    mail(double)
    assert outside.wait()[0].sender == ''
    assert b'gone@example.com' in outside.deliveries[0].raw


@pytest.mark.parametrize('way', ['past', 'rules'])
def test_a_split_domain_has_a_way_of_its_own(sent, sink, way):
    """U20"""
    other = sink()
    double, hop, outside = sent(rule(), domain_forwarding=way)
    double.state.world.hosts['other.test'] = other.place
    forwarding = {'isEnabled': True, 'host': 'other.test', 'port': 25, 'how': 'Online', 'preventLoop': True}
    double.state.data['domains'][0]['forwardingOptions'] = forwarding
    send(double, recipients=['elsewhere@example.com'])
    (other if way == 'past' else hop).wait()


# --- what does not arrive


def test_a_refusal_comes_back(sent):
    double, hop, dummy = sent(rule())
    hop.refused[OUT] = '550 5.1.1 nobody'
    out(double, recipients=[OUT, 'z@external.test'])
    assert hop.wait()[0].recipients == ['z@external.test']
    raw = mail(double)[0]
    assert header(raw, 'Return-Path') == ['<>']
    assert b'Action: failed' in raw and b'Final-Recipient: rfc822; y@external.test' in raw and b'z@external' not in raw
    assert any('Service: DSN, From: <>' in line for line in double.state.journal.lines('mail'))


def test_a_notice_goes_by_the_rules_and_is_never_answered(sent):
    double, hop, outside = sent(rule('*@example.com'))
    double.state.data['aliases'][0]['deliverTo'] = 'gone@nowhere.test'
    double.state.world.exchangers['nowhere.test'] = hop.place
    hop.refused['gone@nowhere.test'] = '550 nobody'
    outside.refused['x@external.test'] = '550 nobody'
    send(double, recipients=['fwd@example.com'])
    settled(double)
    # No rule for senders holds for the null sender.
    assert outside.deliveries == [] and hop.deliveries == []
    log = '\n'.join(double.state.journal.lines('mail'))
    assert log.count('Service: DSN') == 1 and 'Recipient: <x@external.test>, Result: failed' in log


def minutes(number):
    return {'value': number, 'units': 'Minutes'}


def test_trouble_is_tried_again(sent):
    def prepare(state):
        state.data['smtp'].update(retryInterval=minutes(1))

    double, hop, dummy = sent(rule(), prepare=prepare)
    hop.replies = ['451 later', '451 later']
    out(double)
    delivery = hop.wait()[0]
    settled(double)
    assert len(hop.deliveries) == 1 and header(delivery.raw, 'Subject') == ['test']
    assert '\n'.join(double.state.journal.lines('mail')).count('Result: delayed') == 2


def test_a_message_that_waits_is_told_of_and_given_up(sent):
    def prepare(state):
        state.data['smtp'].update(retryInterval=minutes(1), warningInterval=minutes(2), bounceInterval=minutes(8))

    double, hop, dummy = sent(rule(), prepare=prepare)
    hop.refused[OUT] = '450 4.2.0 not now'
    out(double)
    first, second = mail(double, count=2)
    assert {b'Action: delayed' in first, b'Action: delayed' in second} == {True, False}
    settled(double)
    assert hop.deliveries == [] and MINUTE < 1


def test_the_queue_outlives_a_restart(sent, admin):
    double, hop, dummy = sent(rule())
    hop.replies = ['451 later']
    out(double)
    for dummy in range(200):
        if not hop.replies and double.mail.queue.waiting() and double.mail.queue.waiting()[0].status:
            break
        hop.thread.join(0.01)
    client = admin(double)
    queue = client.call('Queue.get', query={})
    assert (queue['totalItems'], queue['list'][0]['to'], queue['list'][0]['status']) == (1, OUT, 'later')
    assert queue['list'][0]['authSender'] == 'alice@example.com'
    client.log_out()
    double.restart()
    client = admin(double)
    client.call('Queue.run')
    hop.wait()
    settled(double)
    assert client.call('Queue.get', query={})['list'] == []


# --- what is written down


def test_statistics_are_texts(sent, admin):
    double, hop, outside = sent(rule('*@example.com'))
    client = admin(double)
    assert client.call('Statistics.get')['statistics']['relay']['count'] == '0'
    out(double)
    hop.wait()
    send(double, recipients=['fwd@example.com'])
    outside.wait()
    send(double)
    mail(double)
    settled(double)
    told = client.call('Statistics.get')['statistics']
    names = ('relay', 'mx', 'transmitted', 'deliveredToLocals', 'received')
    assert [told[name]['count'] for name in names] == ['1', '1', '2', '1', '3']
    assert told['smtpServer']['acceptedMessages'] == '3'


def test_logs(sent, admin):
    double, hop, dummy = sent(rule())
    out(double)
    hop.wait()
    settled(double)
    client = admin(double)
    assert {'logName': 'mail', 'hasMessages': True} in client.call('Logs.getLogSet')['logSet']
    lines = [row['content'] for row in client.call('Logs.get', logName='mail', fromLine=0, countLines=9)['viewport']]
    assert 'Service: SMTP, From: <alice@example.com>, To: <y@external.test>' in lines[0] and 'User: alice' in lines[0]
    assert 'Recipient: <y@external.test>, Result: relayed, Status: 250 ok, Remote-Host: 127.0.0.1' in lines[1]
    last = client.call('Logs.get', logName='mail', fromLine=-1, countLines=1)
    assert last['totalItems'] == 2 and len(last['viewport']) == 1
    assert company.PASSWORD not in '\n'.join(lines)


def test_all_mail_that_leaves_has_a_footer_and_every_byte_of_its_body(sent):
    double, hop, dummy = sent(rule())
    out(double, body='.dot\r\n' + 'x' * 2000)
    raw = hop.wait()[0].raw
    assert header(raw, 'X-Footer') == ['ZXhhbXBsZS5jb20=']
    assert raw.endswith(b'\r\n\r\n.dot\r\n' + b'x' * 2000 + b'\r\n')
