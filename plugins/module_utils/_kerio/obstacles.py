# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Kerio Connect would stand against the gateway's mail, or lead mail past it. Private to this collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import outbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import CLIENTS, SMTP
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import LINUX, Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import overlap, shut_out

# Roles that may read and change all of it.
MAY = ('FullAdmin', 'BuiltInAdmin')
# Actions of message filters that make mail of mail.
ONWARD = ('FaRedirect', 'FaCopyToAddress', 'FaAddRecipient', 'FaNotify', 'FaAutoReply')
# How mail comes in: what cannot be had so, and how it could be.
LIMITS = {
    'direct': (
        'Kerio Connect asks nobody for TLS or for a certificate on port 25, and its rules do not see X-Conbool-Flag:'
        ' the gateway is known by its address, and flagged mail is filed by the own spam filter only',
        'The hop can (kerio_smarthost_inbound: redirect). A Linux host with postfix_smarthost in front can ask for TLS'
        ' and certificate.',
    ),
    'front': (
        'Kerio Connect goes by neither X-Conbool-Flag nor the X-Spam-Flag of the host in front: flagged mail is filed'
        ' by the own spam filter only, which rates released mail, too',
        'The hop can tell it (kerio_smarthost_inbound: redirect).',
    ),
    'swap': (
        'Kerio Connect keeps port 25 of loopback alone: at other addresses of this host the hop takes the mail of the'
        ' gateway, and nobody else can hand in mail or log in there, programs of this host included',
        'Have programs of this host use 127.0.0.1 and not its name, and everybody else port 587. Where the firewall can'
        ' turn the gateway\'s connections, take redirect.',
    ),
}
# Gateway and hop add some lines to each message.
FEW_HOPS = 20


def obstacle_rows(
    site: Site, settings: Mapping[str, Any], problems: list[str], redirected: bool = False
) -> list[dict[str, Any]]:
    """Return the rows of a preflight on this Kerio Connect.

    Args:
        problems: why the change would be refused.
        redirected: whether the hop takes the gateway's mail.
    """
    rows = [_account(site), *_system(site)]
    rows += [
        row('mta.refused', site.hostname, RED, problem, 'Mend that first: nothing is changed before.')
        for problem in problems
    ]
    rows += _rules(site, settings) + _onward(site, settings)
    if site.smtp['readerHops'] < FEW_HOPS:
        found = f'refuses mail that has come over more than {site.smtp["readerHops"]} servers'
        rows.append(row('mta.hops', site.hostname, GREEN, found, 'The gateway and the hop add some.', 'low'))
    return rows + (_inbound(site, settings, redirected) if settings['inbound'] else [])


def _account(site: Site) -> dict[str, Any]:
    if site.role in MAY:
        return row('mta.account', site.role, GREEN, 'may read and change the configuration')
    hint = 'Take the built-in Admin, or an account with full access; of kerio_smarthost_user.'
    return row('mta.account', site.role, RED, 'may not change the configuration', hint)


def _system(site: Site) -> list[dict[str, Any]]:
    if site.os in (LINUX, ''):
        return []
    hint = 'Have that server send through a Linux host with the hop: name it in outbound_hop_clients there.'
    return [row('mta.system', site.os, RED, 'the hop has to be on the same Linux host', hint)]


def _rules(site: Site, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    past = outbound.past_the_gateway(site, settings)
    rows = []
    for rule in site.rules:
        if outbound.mine(site, rule) or not rule['isEnabled']:
            continue
        name, to = repr(rule['description']), f'{rule["hostName"]}:{rule["port"]}'
        if rule in past:
            # Said as a reason to refuse the change.
            continue
        if settings['scope'] == 'all' and rule['condition']['test'] == outbound.EVERYBODY:
            hint = 'An undo switches it on again.'
            rows.append(row('mta.relay_host', name, GREEN, f'the smart host {to} is switched off', hint, 'low'))
        elif settings['scope'] == 'all':
            found = f'mail that it is for goes to {to}, and not to the gateway'
            rows.append(row('mta.route', name, GREEN, found, severity='low'))
    return rows


def _onward(site: Site, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on mail that leaves without being asked about."""
    rows = []
    for domain in site.domains:
        forwarding = domain['forwardingOptions']
        if forwarding['isEnabled']:
            found = f'mail for recipients that are not here goes to {forwarding["host"]}, past all relay rules'
            rows.append(row('mta.forwarding', domain['name'], GREEN, found, severity='low'))
    for rule in site.filters:
        actions = sorted({action['type'] for action in rule['rule']['actions']} & set(ONWARD))
        if rule['isEnabled'] and actions:
            found = f'a message filter that makes mail of mail ({", ".join(actions)})'
            hint = 'What it sends to the outside is taken for any other mail that leaves.'
            rows.append(row('mta.onward', repr(rule['description']), GREEN, found, hint, 'low'))
    return rows


def relay_rows(site: Site, settings: Mapping[str, Any], redirected: bool) -> list[dict[str, Any]]:
    """Return the rows on who may send to anybody through this server; before a change and after it."""
    rows, control = [], site.smtp['relayControl']
    if not control['isRestricted']:
        hint = 'Restrict it: SMTP server, relay control.'
        rows.append(row('inbound.relay', site.hostname, RED, 'anybody may send to anybody through this server', hint))
    gateway = [ipaddress.ip_network(network) for network in settings['networks']]
    members = site.networks(control['ipAddressGroupId'])
    trusted = [str(network) for network in gateway if any(overlap(network, member) for member in members)]
    if trusted and not redirected:
        group = site.group_name(control['ipAddressGroupId'])
        found = f'the group {group!r} may send to anybody, and has the gateway in it: its mail would not be rated'
        rows.append(row('inbound.relay', ', '.join(trusted), RED, found, 'Take the gateway out of it.'))
    untold = site.untold(control['ipAddressGroupId'])
    if untold and not redirected:
        hint = 'Where one of them is the gateway, take it out: its mail would not be rated.'
        found = 'may send to anybody, and whose these names are is not looked up'
        rows.append(row('inbound.relay', ', '.join(untold), GREEN, found, hint, 'low'))
    return rows


def _inbound(site: Site, settings: Mapping[str, Any], redirected: bool) -> list[dict[str, Any]]:
    rows = relay_rows(site, settings, redirected)
    limit = site.service(SMTP)['group']
    if limit['isUsed'] and site.group_name(limit['ipGroup']['id']) != CLIENTS:
        # Until now these could connect.
        group = limit['ipGroup']['id']
        left = shut_out(settings, site.networks(group)) + site.untold(group)
        if left:
            hint = 'Name them in conbool_smtp_allowed_networks, or take them out there.'
            found = f'the service {SMTP} is for {limit["ipGroup"]["name"]!r} until now, and would shut them out'
            rows.append(row('firewall.clients', ', '.join(left), RED, found, hint))
    return rows + _senders(site) + _limits(settings)


def _senders(site: Site) -> list[dict[str, Any]]:
    """Return the rows on senders whose mail is refused, whoever brings it: nobody says that there are exceptions, as
    there are of the sender policy. What the hop has taken by then, it returns."""
    refused = {
        'requireLocalDomainSenderAuth': 'refuses mail of hosted senders from whoever has not logged in',
        'blockUnknownDns': 'refuses mail of senders whose domain is not in the DNS',
    }
    hint = 'The gateway may bring such mail, too. Switch {} off, or have the gateway refuse it.'
    return [
        row('inbound.senders', site.hostname, GREEN, finding, hint.format(name), 'low')
        for name, finding in refused.items()
        if site.smtp[name]
    ]


def _limits(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the row on what this mail server cannot do."""
    mode = settings['roles']['kerio_smarthost']['inbound']
    if mode not in LIMITS:
        return []
    return [row(f'inbound.{mode}', settings['tls_name'], GREEN, *LIMITS[mode], 'low')]
