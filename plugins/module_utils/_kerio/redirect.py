# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's mail, which the outbound hop takes for Kerio Connect: what the hop has to know for that, and what of a
Kerio Connect stands against it. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import for_others, holders, not_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import received
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.hop import LOCAL, identity, pid, users, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.ip_group import MACHINE, told
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import SMTP
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.session import certificates
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.variables import BY_HOP
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import IPV4, loopback
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import instance, marks

MODE = 'redirect'
KEY = 'PRIVATE KEY-----'
IN_USE = 'kerio_smarthost_inbound: {}: '
# Where whatever stands against it is no matter.
OTHERWISE = 'or set kerio_smarthost_inbound to direct or front'


def used(settings: Mapping[str, Any]) -> bool:
    """Whether the hop takes the gateway's mail."""
    own = settings['roles']['kerio_smarthost']
    return bool(settings['inbound'] and own['inbound'] in BY_HOP and settings['state'] == 'present')


def turned(settings: Mapping[str, Any]) -> bool:
    """Whether the firewall turns the gateway's connections to it."""
    return used(settings) and settings['roles']['kerio_smarthost']['inbound'] == MODE


def arrival(settings: Mapping[str, Any]) -> Arrival | None:
    """Where it does; None where it does not."""
    own = settings['roles']['kerio_smarthost']
    if not used(settings):
        return None
    marking = ('kerio_smarthost_marking_port', own['marking_port'], own['hop_source'])
    if turned(settings):
        return Arrival('kerio_smarthost_inbound_port', own['inbound_port'], *marking)
    port, places = settings['roles']['inbound_firewall']['port'], tuple(dict.fromkeys(own['inbound_addresses']))
    return Arrival('kerio_smarthost_inbound_addresses', port, *marking, places)


def shown(settings: Mapping[str, Any], active: list[str]) -> tuple[str, str]:
    """The certificate that the hop shows, and its key: those of the hop's variables, or Kerio Connect's own.

    Args:
        active: the files with the active certificate of Kerio Connect.
    """
    hop = settings['roles']['outbound_hop']
    if hop['tls_cert']:
        return hop['tls_cert'], hop['tls_key']
    for path in active:
        beside = os.path.splitext(path)[0] + '.key'
        for key in (path, beside):
            if KEY in decode(read_file(key).data or b''):
                return path, key
    return '', ''


def active_files(found: Site) -> list[str]:
    """The files with the certificate that Kerio Connect shows."""
    active = {one['fingerprintSha256'].replace(':', '').lower() for one in found.certificates if _active(one)}
    return sorted(path for digest, path in certificates().items() if digest in active)


def _active(certificate: dict[str, Any]) -> bool:
    return certificate['type'] == 'ActiveCertificate'


def inbound(settings: Mapping[str, Any], active: list[str], gateway: list[Any]) -> Inbound | None:
    """What the hop has to know; None where it takes no mail of the gateway."""
    where = arrival(settings)
    if where is None:
        return None
    own = settings['roles']['kerio_smarthost']
    return Inbound(
        where,
        *shown(settings, active),
        client_ca_file=own['client_ca_file'],
        gateway=gateway,
        marks=marks.known(settings['roles']['outbound_hop']['config_dir']),
    )


def hop_of(
    site: Site, options: Mapping[str, Any], taken: Inbound | None, listeners: list[dict[str, Any]] | None = None
) -> Hop:
    """What the hop has to know of a Kerio Connect at all.

    Args:
        options: the variables of the role.
        taken: what it has to know where it takes the gateway's mail.
        listeners: those that the service SMTP will have; None for those that it has.
    """
    return Hop(
        {'expanded': identity(site)},
        own_programs=True,
        return_address=way_in(site, listeners),
        users=users(),
        inbound=taken,
        provenance=received.provenance(options, site.hostname),
    )


def problems(site: Site, settings: Mapping[str, Any], active: list[str]) -> list[str]:
    """Why it cannot be."""
    found, own = [], settings['roles']['kerio_smarthost']
    in_use = IN_USE.format(own['inbound'])
    if not shown(settings, active)[0]:
        found.append(
            in_use + 'the hop has to show a certificate, and there is none with its key in Kerio Connect\'s directory'
            f' sslcert. Name both in outbound_hop_tls_cert and outbound_hop_tls_key, {OTHERWISE}'
        )
    listeners = site.service(SMTP)['listeners']
    if loopback() != IPV4 or not any(listener['type'] in LOCAL for listener in listeners):
        found.append(
            f'{in_use}the hop hands mail on by 127.0.0.1, where the service {SMTP} does not listen. Have it listen on'
            f' all addresses, {OTHERWISE}'
        )
    if site.smtp['verifyClientRDnsEntry']:
        found.append(
            f'{in_use}Kerio Connect asks for the name of each client in the DNS, and an address of this host alone has'
            f' none. Switch that off (SMTP server, security options), {OTHERWISE}'
        )
    if turned(settings):
        found += _others(settings['roles']['inbound_firewall']['port'], settings['roles']['outbound_hop'])
    return found + [in_use + text for text in _unrated(site, own['hop_source'])]


def _others(port: int, hop: Mapping[str, Any]) -> list[str]:
    """Who else takes mail here, at an address of his own: the gateway's mail for him would be led to the hop, which
    refuses it."""
    own = pid()
    # Of a server that does not run, more is to be said. The hop may have the port from mode swap, and leaves it.
    sockets = not_of(not_of(for_others(port), own), instance.master(hop['queue_directory'])[0]) if own else []
    who = sorted({f'{", ".join(holders([entry]))} at {entry.address}' for entry in sockets})
    return [
        IN_USE.format(MODE)
        + f'port {port} is held by {each} as well. The redirect is for all addresses of this host, and the hop'
        f' takes mail for hosted domains only: mail of the gateway for that one would be refused. Move one of them to'
        f' another host, {OTHERWISE}'
        for each in who
    ]


def _unrated(site: Site, source: str) -> list[str]:
    """Why flagged mail would not be filed: that of clients that may relay is not rated, unless that is wanted."""
    group = site.smtp['relayControl']['ipAddressGroupId']
    if site.antispam['isRatingRelayEnabled'] or not group:
        return []
    name = site.group_name(group)
    if site.within(group, source):
        what = f'has {source} in it (kerio_smarthost_hop_source), from which the hop hands mail on'
    elif MACHINE in {told(entry) for entry in site.all_entries(group)}:
        what = f'has this machine in it, which may be {source}, too (nobody says): name 127.0.0.1 there instead'
    else:
        return []
    return [
        f'the group {name!r} of relay control {what}. Mail of that group is not rated by the spam filter. Take'
        f' it out, or have the mail of these clients rated as well (isRatingRelayEnabled), {OTHERWISE}'
    ]


def tls_files(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files of the variables, as options of M(conbool.smtp_relay.tls_files)."""
    hop, own = settings['roles']['outbound_hop'], settings['roles']['kerio_smarthost']
    named = {
        'cert_file': ('outbound_hop_tls_cert', hop['tls_cert']),
        'key_file': ('outbound_hop_tls_key', hop['tls_key']),
        'ca_file': ('kerio_smarthost_client_ca_file', own['client_ca_file']),
    }
    files = {option: value for option, (dummy, value) in named.items() if value}
    return [dict(files, names={option: named[option][0] for option in files})] if files else []
