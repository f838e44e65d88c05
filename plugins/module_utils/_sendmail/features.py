# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Sendmail offers the gateway TLS on port 25, and asks it for its certificate: its daemon's options, and
Srv_Features in the access map (srvfeatures() in srvrsmtp.c)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Union

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.networks import named

TAG = 'srv_features:'
MAIL_PORTS = ('', 'smtp', '25')
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def listener(port: str) -> dict[str, str]:
    """Return the fields of a DaemonPortOptions by their first letter (getdaemonport() in daemon.c)."""
    pairs = (word.partition('=') for word in port.split(','))
    return {name.strip()[:1].upper(): value.strip() for name, dummy, value in pairs if value}


def _letters(value: str, *letters: str) -> bool | None:
    """Return whether features are on (a small letter) or off (a capital); None when this does not say. The last one
    counts."""
    said = [word[0] for word in value.split() if word[0].upper() in letters]
    return said[-1].islower() if said else None


def _ranges(key: str) -> list[Network]:
    return [ipaddress.ip_network(network) for network in named([key[len(TAG) :]])]


def _covering(network: Network, entries: Mapping[str, str]) -> str:
    """Return the key of the entry that decides for a whole network: the closest one, else that for all clients."""
    found = [
        (whole.prefixlen, key)
        for key in entries
        for whole in _ranges(key)
        if whole.version == network.version and network.subnet_of(whole)
    ]
    return max(found)[1] if found else TAG


def _entries(settings: Mapping[str, Any], entries: Mapping[str, str]) -> dict[str, str]:
    """Return the entries (key in small letters to value) that count for the gateway: for its name, and for all or some
    of its addresses."""
    hosts = [name.strip('[]').lower() for name in (settings['relay_host'], settings['tls_name'])]
    networks = [ipaddress.ip_network(network) for network in settings['networks']]
    keys = {_covering(network, entries) for network in networks} & set(entries)
    for key in entries:
        name, ranges = key[len(TAG) :], _ranges(key)
        if any(part.version == whole.version and part.subnet_of(whole) for part in ranges for whole in networks):
            keys.add(key)
        if name and not ranges and any(host == name or host.endswith('.' + name) for host in hosts):
            keys.add(key)
    return {key: entries[key] for key in sorted(keys)}


def _asked_anyhow(settings: Mapping[str, Any], entries: Mapping[str, str]) -> bool:
    """Return whether entries have the gateway asked for its certificate, whatever the options of the daemon."""
    keys = [_covering(ipaddress.ip_network(network), entries) for network in settings['networks']]
    return bool(keys) and all(_letters(entries.get(key, ''), 'V', 'R') for key in keys)


def complaints(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return what keeps the gateway from using TLS on port 25, or from being asked for its certificate, each with what
    to do: all of its mail would be put off for ever.

    Args:
        settings: the normalised settings.
        info: what C(sendmail_info) returned.
    """
    found, asks = [], settings['inbound_require_certificate']
    if asks and 'V' in info['options'].get('tlssrvoptions', '') and not _asked_anyhow(settings, info['srv_entries']):
        found.append(
            'conbool_inbound_require_certificate: confTLS_SRV_OPTIONS is {}, so that this Sendmail asks nobody for a'
            ' certificate, and all mail of the gateway would wait; take the V out of sendmail.mc, or set'
            ' conbool_inbound_require_certificate: false'.format(info['options']['tlssrvoptions'])
        )
    for key, value in _entries(settings, info['srv_entries']).items():
        if asks and _letters(value, 'V', 'R') is False:
            found.append(
                f'conbool_inbound_require_certificate: {key} {value} in the access map keeps this Sendmail from asking'
                ' the gateway for a certificate, and all of its mail would wait; take the V out, or set'
                ' conbool_inbound_require_certificate: false'
            )
        if _letters(value, 'S') is False:
            found.append(
                f'conbool_inbound: {key} {value} in the access map keeps this Sendmail from offering the gateway'
                ' STARTTLS, which it must use; take the S out'
            )
    for port in info['daemon_ports']:
        fields = listener(port)
        if fields.get('P', '').lower() in MAIL_PORTS and 'S' in fields.get('M', ''):
            found.append(
                f'conbool_inbound: DAEMON_OPTIONS({port}) offers no STARTTLS on port 25 (M=S), and the gateway must use'
                ' it; take the S out of sendmail.mc'
            )
    return found


def warnings(info: Mapping[str, Any]) -> list[str]:
    """Return what a person should know of other ports than 25."""
    found = []
    if info['rulesets'].get('Local_srv_features'):
        found.append(
            'sendmail.mc has rules of its own for what clients are offered (LOCAL_SRV_FEATURES): see that they neither'
            ' keep STARTTLS from the gateway nor the request for its certificate (S, V)'
        )
    ports = [port for port in info['daemon_ports'] if _open_to_strangers(listener(port))]
    if ports:
        found.append(
            'Without a log-in, {} took mail for your own domains from anybody; from now on from those who could relay,'
            ' and conbool_smtp_allowed_networks'.format(' and '.join(f'DAEMON_OPTIONS({port})' for port in ports))
        )
    return found


def _open_to_strangers(fields: Mapping[str, str]) -> bool:
    address = fields.get('A', '').lower().replace('ipv6:', '')
    loopback = re.match(r'(127\.|::1$|localhost$)', address)
    return fields.get('P', '').lower() not in MAIL_PORTS and 'a' not in fields.get('M', '') and not loopback
