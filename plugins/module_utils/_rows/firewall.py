# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets to the mail port, as rows. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import nftables, turned, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.converge import look_ahead
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import (
    FirewallError,
    guests,
    limit_of,
    limits,
    read_redirect,
    read_wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.units import shadow_rows

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted

TARGET = 'mail port'
# A packet has to be accepted by all that filters, so each is a person's to mend where it is not ours.
OPEN_IT = (
    'Have what is named accept it, or take it out: ours opens nothing that others close. nft -a list ruleset shows the'
    ' rules of nftables by their numbers, iptables-save those of iptables and ufw.'
)
CLOSE_IT = (
    'Run site.yml. If that does not help, take out what is named: it is asked before our refusal. nft -a list ruleset'
    ' shows the rules of nftables by their numbers, firewall-cmd --list-all-policies the policies of firewalld.'
)
CANNOT = 'Mend that, or choose a way for inbound mail that needs no redirect.'
TURN_IT = (
    'Run site.yml. If that does not help, take out what is named: it is asked before ours. nft -a list ruleset shows'
    ' the rules by their numbers.'
)
MEANT = 'They are allowed in conbool_smtp_allowed_networks. Nothing to do if a ban is meant. '
SEE = (
    'Run as root: nft list ruleset, iptables-save, ip6tables-save. Mend the one that fails. If there is no nft, install'
    ' the package nftables.'
)
PEERS = (
    'Nothing to do if nobody is in there whom you do not know. To keep them from the port, say so where the tunnel is'
    ' set up (Tailscale: its access controls), or use inbound_firewall_backend: nftables.'
)
LOOK = 'Such as a rate, a mark or a set that nobody can see from outside. Nothing to do if it is meant so.'


def port_rows(module: AnsibleModule, settings: Mapping[str, Any], redirect_port: int = 0) -> list[dict[str, Any]]:
    """Return the rows on whom the rules in the kernel let in, whoever made them.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned, by which somebody has to get there.
        redirect_port: where the gateway's connections have to arrive instead, 0 for the mail port.
    """
    limit = limit_of(settings, redirect_port)
    wanted = read_wanted(limit['port'], limit['networks'], limit['names'])
    host = Host(module.run_command, module.get_bin_path)
    rules = way_in.Rules(host)
    rows = _shut_rows(rules, settings, limit)
    rows += _redirect_rows(host, rules, limit) if redirect_port else []
    # Where somebody else takes care of the firewall, strangers are too.
    rows += _open_rows(rules, wanted) if limits(settings) else []
    rows += _unread_rows(rules) + _unit_rows(module)
    found = f'port {wanted.port} is open to {guests(settings)}' + (', and to no stranger' if limits(settings) else '')
    found += f'; the gateway is led to port {redirect_port}' if redirect_port else ''
    return rows or [row('firewall.ok', TARGET, GREEN, found)]


def redirect_rows(
    module: AnsibleModule, settings: Mapping[str, Any], redirect_port: int, variable: str
) -> list[dict[str, Any]]:
    """Return the row of a preflight on whether the gateway's connections can be led to another port.

    Args:
        variable: the one that has the port.
    """
    try:
        look_ahead(module, limit_of(settings, redirect_port, variable))
    except FirewallError as exc:
        return [row('firewall.redirect', TARGET, RED, str(exc), CANNOT)]
    finding = f'the gateway can be led to port {redirect_port}'
    return [row('firewall.redirect', TARGET, GREEN, finding)]


def _redirect_rows(host: Host, rules: way_in.Rules, limit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the row on whose connections do not arrive where the gateway is asked for its certificate."""
    wanted = read_wanted(limit['port'], limit['networks'], limit['names'])
    wanted.redirect = read_redirect(limit['redirect_port'], limit['redirect_networks'], limit['port'])
    found = turned.untracked(rules, wanted.port, wanted.redirect)
    found += turned.astray(turned.read(host), wanted, rules.routes)
    if not found:
        return []
    finding = f'is not led from port {wanted.port} to port {wanted.redirect.port}, where the gateway is known'
    return [row('firewall.redirect', TARGET, RED, f'{finding}: {way_in.told(found)}', TURN_IT)]


def _unit_rows(module: AnsibleModule) -> list[dict[str, Any]]:
    """Return the rows on what systemd makes of our service, and of the drop-in by which the limit comes back after the
    host's own ruleset."""
    rows = (
        shadow_rows(Unit(module.run_command, nftables.UNIT), nftables.UNIT)
        if os.path.exists(nftables.unit_path())
        else []
    )
    if not os.path.exists(nftables.drop_in_path()):
        return rows
    others = Unit(module.run_command, nftables.SERVICE_OF_HOST)
    shown = others.show('LoadState', *nftables.DROPPED_IN, 'DropInPaths')
    gone = [name for name in nftables.DROPPED_IN if nftables.RULESET not in shown.get(name, '')]
    if shown.get('LoadState') != 'loaded' or not gone:
        return rows
    paths = [path for path in shown.get('DropInPaths', '').split() if path != nftables.drop_in_path()]
    finding = 'our drop-in is not in force ({}): the ruleset of the host takes the limit away'.format(', '.join(gone))
    hint = 'Run: systemctl daemon-reload. ' + (f'Look at what takes it away: {", ".join(paths)}.' if paths else '')
    return rows + [row('running.unit', nftables.SERVICE_OF_HOST, RED, finding, hint.strip())]


def _unread_rows(rules: way_in.Rules) -> list[dict[str, Any]]:
    if not rules.unread:
        return []
    finding = f'not all rules can be seen, so that nobody can tell who gets in. {rules.unread}'
    return [row('firewall.unsure', TARGET, GREEN, finding, SEE, severity='low')]


def _shut_rows(rules: way_in.Rules, settings: Mapping[str, Any], limit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on who of the list is kept out. It is red for the gateway, or for the clients of a smart host: of
    others one may be banned."""
    clients, to, rows = settings['roles']['outbound_hop']['clients'], limit['redirect_port'], []
    if clients and to:
        # They come to the mail port itself, beside the gateway.
        rows += _shut_rows(rules, settings, dict(limit, redirect_port=0))
    networks = settings['networks'] if to else clients or settings['networks']
    wanted = read_wanted(to or limit['port'], networks, limit['names'])
    refused, unsure = way_in.shut_out(rules, wanted, every=True, turned=bool(to))
    if settings['allowed_networks'] and not clients:
        allowed = read_wanted(limit['port'], settings['allowed_networks'], limit['names'])
        banned, more = way_in.shut_out(rules, allowed)
        # A network may be in both lists.
        known = {found.source for found in refused + unsure}
        banned, unsure = [found for found in banned if found.source not in known], unsure + more
        if banned:
            finding = f'port {limit["port"]} is closed to {way_in.told(banned)}'
            rows.append(row('firewall.allowed', TARGET, GREEN, finding, MEANT + OPEN_IT, severity='low'))
    if refused:
        finding = f'port {wanted.port} is closed to {way_in.told(refused)}'
        if way_in.closed(refused, wanted):
            rows.append(row('firewall.shut', TARGET, RED, finding, OPEN_IT))
        else:
            rows.append(row('firewall.ipv6', TARGET, GREEN, finding, OPEN_IT, severity='low'))
    if unsure:
        finding = f'whether port {wanted.port} is open cannot be told for {way_in.told(unsure)}'
        rows.append(row('firewall.unsure', TARGET, GREEN, finding, LOOK, severity='low'))
    return rows


def _open_rows(rules: way_in.Rules, wanted: Wanted) -> list[dict[str, Any]]:
    accepted, unsure = way_in.let_in(rules, wanted)
    strangers = [found for found in accepted if not found.by_tunnel]
    if strangers:
        finding = f'strangers get in by {_ways(strangers)}, such as {way_in.told(strangers)}'
        return [row('firewall.open', TARGET, RED, finding, CLOSE_IT)]
    rows = []
    if accepted:
        finding = f'who is in the tunnel {_ways(accepted)} gets in, such as {way_in.told(accepted)}'
        rows.append(row('firewall.tunnel', TARGET, GREEN, finding, PEERS, severity='low'))
    if unsure:
        finding = f'whether strangers are kept out cannot be told, such as {way_in.told(unsure)}'
        rows.append(row('firewall.unsure', TARGET, GREEN, finding, LOOK, severity='low'))
    return rows


def _ways(found: list[way_in.Found]) -> str:
    return ', '.join(dict.fromkeys(each.interface for each in found))
