# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spam: custom rules, scores, and where a message is filed."""

from __future__ import annotations

import pytest

from lab.kerio import company
from lab.kerio.rating import MALWARE, SPAM

from .conftest import mail, refusal, send, settled
from .sink import header

TOKEN = 'conbool-flag-0123456789abcdef'


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
    raw = mail(double, folder='Junk E-mail' if reads else 'INBOX')[0]
    assert header(raw, 'X-Kerio-Anti-Spam')


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
