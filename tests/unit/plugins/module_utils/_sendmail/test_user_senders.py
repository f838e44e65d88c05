# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail without a sender that a user hands in is told from the server's own."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import compatibility as fit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import render

from tests.unit.fakes.sendmail_facts import SETTINGS, SYSTEM, info


def text(changes=None):
    return render(dict(SETTINGS, **(changes or {})), info(), SYSTEM)


INBOUND = {
    'inbound': True,
    'domains': ['example.com'],
    'inbound_require_certificate': False,
    'inbound_certificate_fingerprints': [],
    'networks': ['192.0.2.0/24'],
    'allowed_networks': [],
}
HOP = {'address': '127.0.0.1', 'port': 10027, 'wash_port': 10028}


def in_order(found, *rules):
    places = [found.index(rule) for rule in rules]
    return places == sorted(places)


def test_of_mail_without_a_sender_only_the_servers_goes_direct():
    found = text({'bypass_null_sender': 'server'})
    assert 'C{persistentMacros}{conbool_user}\n' in found
    assert 'SLocal_check_rcpt\nR$*\t\t\t$: $(conboolset {conbool_user} $@ $&{auth_type} $) $1\n' in found
    assert in_order(found, 'R<> < @ >', 'R<auth> < @ >', 'R<auth $*> < @ >', 'R<> $&n')
    for mode in (True, False):
        assert 'conbool_user' not in text({'bypass_null_sender': mode})
        assert 'R<auth>' not in text({'bypass_null_sender': mode})


def test_with_inbound_mail_the_same_rules_note_it():
    found = text({'bypass_null_sender': 'server', **INBOUND})
    assert found.count('SLocal_check_rcpt') == 1
    assert 'SLocal_check_rcpt\nR$*\t\t\t$: $(conboolset {conbool_user} $@ $&{auth_type} $) $1\nR$*' in found


def test_the_hop_is_told_whose_it_is():
    found = render(dict(SETTINGS, bypass_null_sender='server'), info(), SYSTEM, hop=HOP)
    assert in_order(found, 'R<check> < @ >', 'R<auth> < @ >', 'R<auth $*> < @ >', 'R<check> $*', 'R<void 1> $*')
    assert 'R<auth>' not in render(SETTINGS, info(), SYSTEM, hop=HOP)


def test_rules_of_the_site_at_the_same_place_are_named():
    server = dict(SETTINGS, bypass_null_sender='server')
    assert fit.complaints(server, info()) == []
    assert fit.complaints(SETTINGS, info(rulesets={'Local_check_rcpt': 2})) == []
    assert 'conbool_bypass_null_sender' in fit.complaints(server, info(rulesets={'Local_check_rcpt': 2}))[0]
