# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail server of this host, which learns here what only the hop knows. Private to this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import maker_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.programs import possible

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import MailServer


def server_of(server_class: type[MailServer], module: AnsibleModule, settings: dict[str, Any]) -> MailServer:
    """Return the mail server. Its C(settings) are those given, and say where the programs of the hop are."""
    server = server_class(module, settings)
    hop = settings['roles'].get('outbound_hop', {})
    sbin_dir = hop.get('sbin_dir') or server.hop_sbin_dir
    server.settings = dict(settings, roles=dict(settings['roles'], outbound_hop=dict(hop, sbin_dir=sbin_dir)))
    server.hop_possible = lambda: possible(maker_of(module), sbin_dir or None)
    return server
