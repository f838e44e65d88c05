# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the hop and of the detours, and mail that goes through them."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import sockets

from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

# As they were before; any user can have these.
FORMER = {
    'outbound_hop_port': 10027,
    'postfix_smarthost_wash_port': 10028,
    'postfix_smarthost_flag_port': 10029,
    'postfix_smarthost_release_port': 10030,
    'sendmail_smarthost_wash_port': 10028,
}
PORTS = {325, 326, 327, 328, *FORMER.values()}
OUT = 'ports@external.test'


def listening(lab, host):
    """The ports of ours on which something listens, and where."""
    found = []
    for path, family in sockets.TABLES.items():
        found += sockets.parse(lab.lab.run(host, ['cat', path]).stdout, family)
    return {entry.port: entry.address for entry in found if entry.port in PORTS}


def case(name, inject, *places):
    return Case(name, name, 'ports', 'default', inject, expect=places)


def problems(lab, host, adapter, *cases):
    outcome = Engine(Site(lab.lab, host, adapter)).run(list(cases))
    return {result.case.name: result.problems + result.unverified for result in outcome.results if not result.ok}


PLAIN = case('plain', {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]}, Place('gateway', (OUT,)))
FROM_LAN = {
    'via': 'lan',
    'tls': False,
    'from': 'printer@example.com',
    'to': ['fwd@example.com'],
    'headers': ['X-Conbool-Released: yes'],
}
