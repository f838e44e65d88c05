# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not arrive, what waits, and what is written down about it."""

from __future__ import annotations

from lab.kerio import company

from .conftest import MINUTE, OUT, mail, out, rule, send, settled
from .sink import header


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
