# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's options in canonical form. What cannot be used is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.names import host, is_address, mailbox

EXPECTATIONS: dict[str, dict[str, Any]] = {
    'reachable': {'type': 'bool', 'default': True},
    'starttls': {'type': 'bool', 'default': True},
    'chain_verified': {'type': 'bool', 'default': True},
    'name_verified': {'type': 'bool', 'default': True},
    'client_certificate_requested': {'type': 'bool', 'default': False},
    'min_days_left': {'type': 'int'},
    'accepts': {'type': 'list', 'elements': 'str', 'default': []},
    'refuses': {'type': 'list', 'elements': 'str', 'default': []},
}

OPTIONS: dict[str, dict[str, Any]] = {
    'hosts': {'type': 'list', 'elements': 'str', 'required': True, 'aliases': ['host']},
    'port': {'type': 'int', 'default': 25},
    'address_family': {'type': 'str', 'choices': ['any', 'ipv4', 'ipv6'], 'default': 'any'},
    'source_address': {'type': 'str'},
    'helo_name': {'type': 'str'},
    'tls_name': {'type': 'str'},
    'ca_file': {'type': 'path'},
    'client_cert': {'type': 'path'},
    'client_key': {'type': 'path', 'no_log': False},
    'minimum_tls_version': {'type': 'str', 'choices': ['TLSv1.2', 'TLSv1.3'], 'default': 'TLSv1.2'},
    'mail_from': {'type': 'str', 'default': ''},
    'timeout': {'type': 'float', 'default': 15},
    'deadline': {'type': 'float', 'default': 60},
    'concurrency': {'type': 'int', 'default': 50},
    'expect': {'type': 'dict', 'options': EXPECTATIONS},
}


def _read(option: str, value: Any, reader: Callable[[Any], Any]) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        raise ValueError(f'{option}: {value!r} {error}') from error


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError('is not an IP address')
    return host(value)


def _name(value: str) -> str:
    if is_address(value):
        raise ValueError('is an IP address where a name is needed')
    return host(value)


def _within(least: float, most: float) -> Callable[[float], float]:
    def reader(value: float) -> float:
        # Infinity and NaN fail both comparisons or one.
        if not least <= value <= most:
            raise ValueError(f'is not between {least:g} and {most:g}')
        return value

    return reader


READERS: dict[str, Callable[[Any], Any]] = {
    'port': _within(1, 65535),
    'concurrency': _within(1, 500),
    'timeout': _within(0.1, 3600),
    'deadline': _within(0.1, 86400),
    'source_address': _address,
    'helo_name': _name,
    'tls_name': host,
    'mail_from': mailbox,
}


def with_defaults(**given: Any) -> dict[str, Any]:
    """Return the module's options as they are when only some of them are given."""
    return dict({name: spec.get('default') for name, spec in OPTIONS.items()}, **given)


def expectations(expect: Mapping[str, Any]) -> dict[str, Any]:
    """The option expect with its addresses as they are sent; ValueError names the option and the value."""
    read = dict({name: spec.get('default') for name, spec in EXPECTATIONS.items()}, **expect)
    for option in ('accepts', 'refuses'):
        read[option] = [_read('expect.' + option, recipient, mailbox) for recipient in read[option]]
    both = sorted(set(read['accepts']) & set(read['refuses']))
    if both:
        raise ValueError('expect.accepts and expect.refuses: {} cannot be in both'.format(', '.join(both)))
    return read


def canonical(params: Mapping[str, Any], expect: Mapping[str, Any]) -> dict[str, Any]:
    """All other options with names as they are looked up, and the recipients to ask for; ValueError names the option
    and the value."""
    settings = dict(params)
    for option, reader in READERS.items():
        # Empty counts as unset, as AWX sends it.
        if params[option] not in (None, ''):
            settings[option] = _read(option, params[option], reader)
    if not params['hosts']:
        raise ValueError('hosts: is empty')
    settings['hosts'] = [_read('hosts', name, host) for name in params['hosts']]
    settings['recipients'] = list(dict.fromkeys(expect['accepts'] + expect['refuses']))
    return settings
