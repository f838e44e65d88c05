# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the outbound hop takes over of the MTA that it serves."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.parameters import ALWAYS, LIMITS, of_kind
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import loopback
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.before import former
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.return_listener import present_next_hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.size_limit import with_headroom, with_hops
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items

# What the outside sees of the MTA, and what the MTA promised to its users: the hop must not differ in it.
INHERITED = tuple(of_kind('mta'))
# The same of its smtp(8) client, whose entry in master.cf may have values of its own.
INHERITED_CLIENT = tuple(of_kind('client'))
# Of mail that goes direct only.
INHERITED_DIRECT = tuple(of_kind('direct'))
INHERITED_FROM_MX = tuple(of_kind('mx'))

# ldap_table(5) and its like, "OBSOLETE MAIN.CF PARAMETERS".
SOURCE = re.compile(r'\b(?:ldap|mysql|pgsql|sqlite|mongodb|memcache):([A-Za-z][\w-]*)(?![\w./-])')


class Client(NamedTuple):
    """The smtp(8) client with which the MTA sent mail to the outside.

    C(values) are its effective parameters, C(said) the names of those that the MTA's configuration has, C(to_mx) is
    whether it looked for the recipients' own servers.
    """

    name: str
    values: dict[str, str]
    said: Collection[str]
    to_mx: bool


def _names(mta: Mapping[str, str]) -> list[str]:
    """Return the host names among the addresses on which the MTA listens."""
    listed = [item for item in items(mta.get('inet_interfaces', 'all')) if item not in ('all', 'loopback-only')]
    return [item for item in listed if not re.match(r'[\d.]+$|.*:', item)]


def _expand(text: str, values: Mapping[str, str]) -> str:
    """Return a value with the names in it replaced, and C($$) by one dollar sign."""
    values = dict(values, **{'$': '$'})
    return re.sub(r'\$(\$|\w+|\{\w+\}|\(\w+\))', lambda match: values.get(match.group(1).strip('{()}'), ''), text)


def _client(info: Mapping[str, Any]) -> Client:
    mta = info['expanded']
    entries = {
        entry['name']: entry
        for entry in info.get('services', [])
        if entry['type'] == 'unix' and entry['command'].split()[0] == 'smtp'
    }
    transport, dummy, next_hop = _expand(former(info, 'default_transport'), mta).partition(':')
    name = transport if transport in entries else 'smtp'
    options = {key: _expand(value, mta) for key, value in entries.get(name, {'options': {}})['options'].items()}
    values = dict(mta, **options)
    # Of another MTA, only what there is to say is said.
    said = set(info['configured']) | set(options) if 'configured' in info else {key for key in values if values[key]}
    return Client(name, values, said, not values.get('relayhost') and not (transport == name and next_hop))


def _taken(client: Client, names: Iterable[str]) -> dict[str, str]:
    """Return those of these parameters that the MTA has, as they are to be written down for the hop."""
    found = {}
    for name in names:
        value = client.values.get(name)
        if value is not None and (name in client.said or (value and name in ALWAYS)):
            # The hop has no proxymap(8), and its programs open tables themselves, with the rights of whoever starts
            # them. A dollar sign that is left now is meant as one.
            found[name] = re.sub(r'\bproxy:(?=\w+:)', '', value).replace('$', '$$')
    return found


def _sources(info: Mapping[str, Any], values: Iterable[str]) -> dict[str, str]:
    """Return the parameters of main.cf that describe a table which is named there and has no file of its own."""
    names = {name for value in values for name in SOURCE.findall(value)}
    said = info.get('configured', {}).items()
    return {
        key: _expand(value, info['expanded']) for key, value in said for name in names if key.startswith(name + '_')
    }


def direct_tls_level(info: Mapping[str, Any]) -> str:
    """Return the level at which the MTA spoke to the servers of recipients, at least C(may)."""
    client = _client(info)
    if not client.to_mx:
        # It spoke to that one only, of which more can be asked than of anybody's server.
        return 'may'
    enforced = 'verify' if client.values.get('smtp_tls_enforce_peername') == 'yes' else 'encrypt'
    level = client.values.get('smtp_tls_security_level') or (
        enforced if client.values.get('smtp_enforce_tls') == 'yes' else 'may'
    )
    return 'may' if level == 'none' else level


def return_address(info: Mapping[str, Any]) -> str | None:
    """Return where the MTA takes the hop's bounces: the listener that was made for them; without one, that on port 25,
    on loopback when there is one.

    Args:
        info: what C(postfix_info) returned; of another MTA, without C(services).

    Returns:
        A next hop, or None when the MTA takes no mail on port 25.
    """
    present = present_next_hop(info)
    if present:
        return present
    everywhere = loopback(info['expanded'].get('inet_protocols', 'all'))
    if 'services' not in info:
        return f'[{everywhere}]:25'
    hosts: list[str] = []
    for entry in info['services']:
        host, dummy, port = entry['name'].rpartition(':')
        if (
            entry['type'] == 'inet'
            and port in ('smtp', '25')
            and entry['command'].split()[0] in ('smtpd', 'postscreen')
        ):
            hosts += [host] if host else items(info['expanded'].get('inet_interfaces', 'all'))
    hosts = [
        everywhere if host in ('all', 'loopback-only', 'localhost', '0.0.0.0', '[::]') else host.strip('[]')
        for host in hosts
    ]
    inside = [host for host in hosts if host.startswith('127.') or host == '::1']
    return f'[{(inside + hosts)[0]}]:25' if hosts else None


def mta_parameters(info: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of main.cf that the hop takes over from the MTA.

    Args:
        info: what C(postfix_info) returned of the MTA; names that its version lacks are missing.

    Returns:
        Name to value, of those that the MTA's configuration has, or whose default would be another one in the hop.
    """
    mta, client = info['expanded'], _client(info)
    taken = dict(_taken(client._replace(values=mta), INHERITED), **_taken(client, INHERITED_CLIENT))
    direct = _taken(client, INHERITED_DIRECT + INHERITED_FROM_MX)
    taken.update(_sources(info, [*taken.values(), *direct.values()]))
    taken['message_size_limit'] = with_headroom(mta['message_size_limit'])
    if 'hopcount_limit' in mta:
        taken['hopcount_limit'] = with_hops(mta['hopcount_limit'])
    if client.values.get('smtp_dns_support_level') == 'dnssec':
        # Mail to a relay host can do without any, mail that goes direct cannot.
        taken['smtp_dns_support_level'] = 'dnssec'
    if 'smtp_host_lookup' in client.said and 'dns' in items(client.values['smtp_host_lookup']):
        taken['smtp_host_lookup'] = client.values['smtp_host_lookup']
    # Postfix sends from the only address it listens on; the hop listens elsewhere and has to be told.
    interfaces = [item.strip('[]') for item in items(mta.get('inet_interfaces', 'all'))]
    for name, own in (
        ('smtp_bind_address', [item for item in interfaces if re.match(r'^\d+(\.\d+){3}$', item)]),
        ('smtp_bind_address6', [item for item in interfaces if ':' in item]),
    ):
        if (
            len(own) == 1
            and not _names(mta)
            and not taken.get(name)
            and not own[0].startswith('127.')
            and own[0] != '::1'
        ):
            taken[name] = own[0]
    return taken


def client_options(info: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what the hop takes over for single services, by service."""
    mta, client = info['expanded'], _client(info)
    direct = _taken(client, INHERITED_DIRECT + (INHERITED_FROM_MX if client.to_mx else ()))
    socket = direct.get('smtp_tlsrpt_socket_name')
    if socket and not os.path.isabs(socket):
        direct['smtp_tlsrpt_socket_name'] = os.path.join(mta['queue_directory'], socket)
    # Its own addresses and its own name are how it finds that a message comes back to where it came from. On the other
    # ways of the hop, the MTA is at the end, as it should be.
    direct.update(inet_interfaces=mta.get('inet_interfaces', 'all'), myhostname=mta['myhostname'])
    if mta.get('proxy_interfaces'):
        direct['proxy_interfaces'] = mta['proxy_interfaces']
    options = {'direct': direct}
    if _names(mta):
        # Which addresses these names have, and whether it sends from one of them, Postfix finds out.
        options['gateway'] = {'inet_interfaces': mta['inet_interfaces']}
    # Who reports what became of a message is the host, as before; cleanup(8) makes the Message-ID.
    options.update((name, {'myhostname': mta['myhostname']}) for name in ('bounce', 'cleanup', 'defer', 'trace'))
    return options


def transport_limits(info: Mapping[str, Any]) -> dict[str, str]:
    """Return how much the hop's clients send at a time to one destination, as far as the MTA's configuration says."""
    mta, client = info['expanded'], _client(info)
    found = {}
    for limit, default in LIMITS.items():
        own = f'{client.name}_{limit}'
        value = mta.get(own if own in client.said else default)
        if value is None or 'configured' not in info or not client.said & {own, default}:
            continue
        if client.to_mx:
            found['direct_' + limit] = value
        if limit == 'destination_recipient_limit':
            # It is seen in the envelopes; the other ones are what many destinations are spared, and the gateway is one.
            found['gateway_' + limit] = value
    return found
