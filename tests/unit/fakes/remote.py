# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a host that relays for one mail server."""

from __future__ import annotations

import copy

from tests.unit.fakes.mail_server import SETTINGS

HOP = {
    'listen': ['192.0.2.25'],
    'clients': ['192.0.2.100/32'],
    'tls_cert': '/etc/ssl/relay.pem',
    'tls_key': '/etc/ssl/relay.key',
    'hostname': 'relay.example.com',
}


def settings(more=None, **hop):
    """Return the settings, with other ones, C(mail_server) for the one behind, and other variables of the hop."""
    more = dict(more or {})
    found = copy.deepcopy(SETTINGS)
    # Those of the gateway are 192.0.2.0/28.
    found['roles']['outbound_hop'].update(HOP, **hop)
    found['roles']['remote_smarthost']['mail_server'] = more.pop('mail_server', '')
    return dict(found, **more)
