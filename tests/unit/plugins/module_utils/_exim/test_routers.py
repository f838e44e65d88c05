# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routers of the site lead mail past the gateway."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.routers import for_all, past

from tests.unit.fakes.exim import Answers

ROUTERS = """\
domain_literal router:
domains = ! +local_domains
driver = ipliteral

partner router:
domains = partner.test : !x.partner.test
driver = manualroute

users router:
condition = ${if def:authenticated_id}
domains = ! +local_domains
driver = dnslookup
no_unseen

copies router:
driver = manualroute
unseen

asked router:
domains = *
driver = dnslookup

smarthost router:
driver = manualroute
domains = ! +local_domains
condition = ${if def:authenticated_id}

taking router:
domains = ! +local_domains
driver = accept
transport = site_smart

chosen router:
domains = ! +local_domains
driver = accept
transport = ${if def:authenticated_id{site_smart}{spamcheck}}

listed router:
domains = partner.test : +elsewhere
driver = dnslookup

own router:
domains = +local_domains : +relay_to_domains
driver = dnslookup

scanned router:
driver = accept
transport = spamcheck

checked router:
driver = dnslookup
verify_only

dnslookup router:
domains = ! +local_domains
driver = dnslookup

late router:
driver = dnslookup
"""
BY_MESSAGE = """\
sometimes router:
driver = manualroute
unseen = ${if def:authenticated_id}

known router:
domains = ${if eq{$sender_host_address}{192.0.2.7}{*}{}}
driver = manualroute

"""


def test_routers_in_front_that_send_to_any_domain_are_known(monkeypatch):
    said = {'routers': ROUTERS, 'site_smart': 'driver = smtp\n', 'spamcheck': 'driver = pipe\n'}
    # Which lists a domain is in that nobody has.
    everything = ('! +local_domains', 'partner.test : +elsewhere')
    exim = Answers(
        monkeypatch,
        bP=lambda words, data: (0, said[words[-1]], ''),
        be=lambda words, data: (
            0,
            '> yes\n' if any(rf'{{\N{text}\N}}' in data.decode() for text in everything) else '> no\n',
            '',
        ),
    )
    found = ['users', 'asked', 'smarthost', 'taking', 'chosen', 'listed']
    assert for_all(Program(exim), ['MAIN_TLS_ENABLE', 'DCconfig_internet']) == found
    # With another type, that name is Debian's.
    assert for_all(Program(exim), ['DCconfig_smarthost']) == ['users', 'asked']
    said['routers'] = BY_MESSAGE + ROUTERS
    assert for_all(Program(exim), ['DCconfig_smarthost']) == ['sometimes', 'known', 'users', 'asked']
    exim.said['be'] = '> Failed: database is away\n'
    assert 'partner (Exim cannot say which domains it takes: ' in for_all(Program(exim), ['DCconfig_smarthost'])[2]


REDIRECTING = """\
srs router:
redirect_router = dnslookup

aliases router:
redirect_router = late

forwards router:
redirect_router = users

plain router:
redirect_router =

"""


def test_routers_whose_new_addresses_begin_behind_ours_are_known(monkeypatch):
    """Of an alias: the sample's way is right, and its mail goes past the gateway."""
    said = {'routers': REDIRECTING + ROUTERS + 'mailbox router:\ndriver = accept\n'}
    # The one for a single domain is last.
    said['routers'] = said['routers'].replace('late router:\n', 'late router:\ndomains = partner.test\n')
    yes = 'local_domains'
    exim = Answers(
        monkeypatch,
        bP=lambda words, data: (0, said.get(words[-1], ''), ''),
        be=lambda words, data: (0, '> yes\n' if yes in data.decode() else '> no\n', ''),
    )
    assert past(Program(exim), 'dnslookup') == ['srs (redirect_router = dnslookup)']
    assert past(Program(exim), 'mailbox') == past(Program(exim), 'not_there') == []
    # Where nobody can say, it may send.
    exim.said['be'] = '> Failed: database is away\n'
    assert len(past(Program(exim), 'dnslookup')) == 2
