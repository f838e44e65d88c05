# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers of the site that lead mail past ours, where a sample's way is right: asked of a real Exim."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import set_itself
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.routers import for_all, past
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import TRANSPORT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

ELSEWHERE = f'someone@{OUTSIDE}'
PRIMARY = 'conf.d/router/200_exim4-config_primary'
SITE = """\
site_partner:
  driver = manualroute
  domains = partner.test
  transport = remote_smtp
  route_list = * 192.0.2.7
"""
USERS = """\
site_users:
  driver = dnslookup
  domains = ! +local_domains
  condition = ${if def:authenticated_id}
  transport = remote_smtp
"""


TAKING = """\
site_users:
  driver = accept
  domains = ! +local_domains
  condition = ${if def:authenticated_id}
  transport = remote_smtp
"""


KNOWN = """\
site_users:
  driver = manualroute
  domains = ${if eq{$sender_host_address}{192.0.2.7}{*}{}}
  transport = remote_smtp
  route_list = * 192.0.2.7
"""


# With the type internet, Debian's router for all other domains has another name.
SMART = """\
smarthost:
  driver = manualroute
  domains = ! +local_domains
  condition = ${if def:authenticated_id}
  transport = remote_smtp
  route_list = * 192.0.2.7
"""


def theirs(program):
    """The role asks about the configuration without ours."""
    return [name for name in for_all(program, program.macros()) if 'conbool_' not in name]


@pytest.mark.parametrize(
    'users', [USERS, *(pytest.param(each, marks=pytest.mark.full) for each in (TAKING, KNOWN, SMART))]
)
def test_routers_of_the_site_for_some_domains_keep_them_and_one_for_all_is_noticed(exim, users):
    """A sample is not authenticated: its way is right, and users' mail would go past the gateway."""
    assert exim.made(files={'conf.d/router/190_site': SITE}).returncode == 0
    program = exim.program()
    assert program.way('alice@example.com', 'x@partner.test').router == 'site_partner' and theirs(program) == []
    assert exim.made(files={'conf.d/router/190_site': SITE + users}).returncode == 0
    assert program.way('alice@example.com', ELSEWHERE).transport == TRANSPORT and theirs(program) == [
        users.partition(':')[0]
    ]


SRS = """\
site_srs:
  driver = redirect
  domains = +local_domains
  local_parts = fwd
  data = fwd@external.test
  redirect_router = dnslookup
"""


def test_new_addresses_that_begin_behind_ours_go_past_the_gateway(exim):
    assert exim.made(files={'conf.d/router/190_site': SRS}).returncode == 0
    program = exim.program()
    assert program.way('alice@example.com', ELSEWHERE).transport == TRANSPORT
    assert program.way('x@external.test', 'fwd@example.com')[:2] == ('dnslookup', 'remote_smtp')
    assert past(program, 'dnslookup') == ['site_srs (redirect_router = dnslookup)']
    assert (
        exim.made(files={'conf.d/router/190_site': SRS.replace('  redirect_router = dnslookup\n', '')}).returncode == 0
    )
    assert program.way('x@external.test', 'fwd@example.com').transport == TRANSPORT and past(program, 'dnslookup') == []


def test_a_transport_of_the_site_s_for_other_hosts_is_noticed(exim):
    """What it does to a message, ours does not."""
    assert exim.made().returncode == 0
    assert set_itself(exim.program(), exim.program().macros()) == []
    text = exim.sh(f'cat /etc/exim4/{PRIMARY}').stdout
    old = 'domains = ! +local_domains\n  transport = remote_smtp\n'
    assert text.count(old) == 1
    files = {
        PRIMARY: text.replace(old, old.replace('remote_smtp', 'site_smtp')),
        'conf.d/transport/99_site': 'site_smtp:\n  driver = smtp\n  return_path = srs-$return_path\n',
    }
    assert exim.made(files=files).returncode == 0
    assert set_itself(exim.program(), exim.program().macros()) == ['transport = site_smtp (router dnslookup)']
