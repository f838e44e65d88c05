# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose mail goes where, whatever tables the site has of its own, as Postfix asks them: key by key."""

from __future__ import annotations

from tests.unit.fakes.zimbra_runs import apply, undo

HOP, WASH = '[127.0.0.1]:325', '[127.0.0.1]:326'


def bysender(zimbra, **rows):
    """A table of the site's with an entry for a whole address, which Postfix asks for first."""
    path = zimbra.prefix / 'common/conf/bysender'
    path.write_text('a@example.com [other.example.net]:25\n@outside.test [third.example.net]:25\n', encoding='ascii')
    zimbra.edit(sender_dependent_relayhost_maps=f'texthash:{path}')
    return f'texthash:{path}'


def test_maps_of_the_site_stay_behind_ours_and_do_not_win(zimbra):
    site = bysender(zimbra)
    apply(zimbra)
    table = f'regexp:{zimbra.prefix}/common/conf/conbool_senders'
    assert zimbra.main_cf['sender_dependent_relayhost_maps'] == f'{table}, {site}'
    for sender in ('a@example.com', 'a@outside.test', ''):
        assert zimbra.route('', sender, 'a@o.test')['next_hop'] == HOP
    undo(zimbra)
    assert zimbra.main_cf['sender_dependent_relayhost_maps'] == site


def test_an_address_of_the_site_does_not_win_over_a_domain_of_ours(zimbra):
    bysender(zimbra)
    apply(zimbra, scope='senders', scope_senders=['@example.com'])
    ways = {each: zimbra.route('', each, 'a@o.test')['next_hop'] for each in ('a@example.com', 'a@outside.test')}
    assert ways == {'a@example.com': HOP, 'a@outside.test': '[third.example.net]:25'}


def test_what_is_washed_is_washed_where_the_site_has_maps_of_its_own(zimbra):
    bysender(zimbra)
    apply(zimbra, options={'wash_senders': True})
    ways = {each: zimbra.route('', each, 'a@o.test')['next_hop'] for each in ('a@example.com', 'a@outside.test')}
    assert ways == {'a@example.com': WASH, 'a@outside.test': HOP}


def test_a_listed_address_counts_with_what_stands_behind_its_delimiter(zimbra):
    zimbra.edit(recipient_delimiter='+')
    zimbra.set('config', zimbraMtaRecipientDelimiter='+')
    apply(zimbra, scope='senders', scope_senders=['x.y@example.com'])
    senders = (
        'x.y@example.com',
        'X.Y+list@Example.com',
        'x.yz@example.com',
        'xay@example.com',
        'a@x.y@example.com.org',
    )
    ways = {each: zimbra.route('', each, 'a@o.test')['next_hop'] == HOP for each in senders}
    assert list(ways.values()) == [True, True, False, False, False]


def test_washing_by_sender_leads_to_the_other_port(zimbra):
    dummy, dummy, wanted = apply(zimbra, options={'wash_senders': True})
    assert zimbra.route('', 'a@example.com', 'a@o.test')['next_hop'] == WASH
    assert zimbra.route('', 'a@outside.test', 'a@o.test')['next_hop'] == HOP
    assert wanted.hop.wash_port == 326
