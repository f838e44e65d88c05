# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relay rules, and TLS that is asked for and never required."""

from __future__ import annotations

import pytest

from lab.kerio.profiles import profile
from lab.kerio.routing import chosen, like

from .conftest import OUT, out, rule, settled


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
