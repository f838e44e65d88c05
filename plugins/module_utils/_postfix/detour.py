# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A detour of a queued message: by FILTER to a listener on loopback whose cleanup service edits headers, and only from
there on its way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import in_brackets, loopback, network
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.client import (
    loopback_client,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.size_limit import with_headroom, with_hops
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.line_ends import line_ends
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import effective

# Of all detours, and the clients that hand mail to them.
NAMES = ('wash', 'flag', 'release')
# What says who may hand in mail there.
CLIENTS = ('mynetworks', 'smtpd_authorized_xforward_hosts')
TRANSPORTS = tuple(f'conbool-{name}' for name in NAMES)


def address_of(info: Mapping[str, Any]) -> str:
    """Return where detours listen on this host: what C(postfix_info) returned says what its Postfix can use."""
    return loopback(info['expanded'].get('inet_protocols', 'all'))


def listener_name(address: str, port: int) -> str:
    """Return the name in master.cf of a detour's listener."""
    return f'{in_brackets(address)}:{port}'


def address_and_port(name: str) -> tuple[str, int]:
    """Return what listener_name() was made of."""
    address, dummy, port = name.rpartition(':')
    return address.strip('[]'), int(port)


def detour_of(entry: Mapping[str, Any]) -> str:
    """Return the name of the detour whose listener an entry of master.cf is, empty for none."""
    match = re.match('conbool-({})-cleanup$'.format('|'.join(NAMES)), entry['options'].get('cleanup_service_name', ''))
    return match.group(1) if match and entry['type'] == 'inet' else ''


def route(name: str, port: int, info: Mapping[str, Any]) -> str:
    """Return the access or header check action that sends a message on the detour of this name."""
    return f'FILTER conbool-{name}:[{address_of(info)}]:{port}'


def detour_services(
    name: str, port: int, rules_table: str, info: Mapping[str, Any], smtpds: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the master.cf entries of a detour.

    Args:
        name: of the detour.
        port: of its listener.
        rules_table: name of the regexp table that is its cleanup service's header_checks.
        info: what C(postfix_info) returned.
        smtpds: the entries of master.cf from which messages come.
    """
    size = {'message_size_limit': with_headroom(info['expanded']['message_size_limit'])}
    hops = (
        {'hopcount_limit': with_hops(info['expanded']['hopcount_limit'])}
        if 'hopcount_limit' in info['expanded']
        else {}
    )
    # The filter of the first listener is replaced by the detour, and comes after it.
    content_filter = {
        'content_filter': entry['options']['content_filter'] for entry in smtpds if 'content_filter' in entry['options']
    }
    address = address_of(info)
    client = loopback_client('conbool-' + name, address, info['parameters'], smtp_send_xforward_command='yes')
    return [
        client,
        _listener(name, address, port, dict(size, **content_filter, **line_ends(info['version']))),
        _cleanup(name, rules_table, info, dict(size, **hops)),
    ]


def listener_at(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a detour's listener for another address and port, given as its name."""
    own = network(address_and_port(name)[0])
    return dict(entry, name=name, options=dict(entry['options'], **dict.fromkeys(CLIENTS, own)))


def behind_proxy_filter(entries: Iterable[Mapping[str, Any]], info: Mapping[str, Any]) -> str:
    """Return those of the listeners from which no message takes a detour, as a text for warnings."""
    return ', '.join(
        '{}/{}'.format(entry['name'], entry['type'])
        for entry in entries
        if effective(entry, info['expanded'], 'smtpd_proxy_filter')
    )


def _listener(name: str, address: str, port: int, options: Mapping[str, str]) -> dict[str, Any]:
    """Return the listener that takes the mail back. What it may be, the first listener has decided."""
    return {
        'name': listener_name(address, port),
        'type': 'inet',
        'private': 'n',
        'chroot': 'n',
        'command': 'smtpd',
        'options': dict(
            options,
            **dict.fromkeys(CLIENTS, network(address)),
            cleanup_service_name=f'conbool-{name}-cleanup',
            receive_override_options='no_address_mappings no_unknown_recipient_checks no_milters',
            smtpd_client_connection_count_limit='0',
            smtpd_client_restrictions='',
            smtpd_data_restrictions='',
            smtpd_delay_reject='yes',
            smtpd_discard_ehlo_keywords='',
            smtpd_end_of_data_restrictions='',
            smtpd_helo_required='no',
            smtpd_helo_restrictions='',
            smtpd_milters='',
            smtpd_proxy_filter='',
            smtpd_recipient_restrictions='',
            smtpd_reject_unlisted_sender='no',
            smtpd_relay_restrictions='permit_mynetworks, reject',
            smtpd_sasl_auth_enable='no',
            smtpd_sender_restrictions='',
            smtpd_tls_security_level='none',
            smtpd_tls_wrappermode='no',
            smtpd_upstream_proxy_protocol='',
            syslog_name='postfix/conbool-' + name,
        ),
    }


def _cleanup(name: str, rules_table: str, info: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = next((entry for entry in info['services'] if entry['name'] == 'cleanup'), {})
    return {
        'name': f'conbool-{name}-cleanup',
        'type': 'unix',
        'private': 'n',
        'max_processes': '0',
        'chroot': fields.get('chroot', 'n'),
        'command': 'cleanup',
        # Every other check has seen the message before its detour.
        'options': dict(
            options,
            header_checks='regexp:{}/{}'.format(info['config_dir'], rules_table),
            mime_header_checks='',
            nested_header_checks='',
            body_checks='',
        ),
    }
