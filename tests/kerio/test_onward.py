# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aliases, forwarding, lists, people who are away."""

from __future__ import annotations

import pytest

from lab.kerio import company
from lab.kerio.bounces import away

from .conftest import OUT, mail, rule, send, settled
from .sink import header


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
    settled(double)
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
