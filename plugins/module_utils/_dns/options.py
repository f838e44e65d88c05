# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of dns_check and conbool_networks, validated before the first query."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import CHECKS, Expectations
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

DEADLINE, DEADLINE_WITH_WAIT = 60.0, 600.0


class OptionError(ValueError):
    """An option has a value that cannot be used."""


def read(params: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of _dns_run.run from the module's parameters."""
    domains = names('domains', params['domains'], readers.host_name)
    selectors = _list(params, 'dkim_selectors', readers.dkim_selector)
    relay_host = _read('relay_host', params['relay_host'], readers.relay_host)
    targets = _list(params, 'mx_targets', readers.host_name)
    addresses = _list(params, 'spf_addresses', readers.network)
    ownership = {
        _read('ownership', domain, readers.host_name): _read(f'ownership[{domain}]', value, readers.txt_value)
        for domain, value in params['ownership'].items()
    }
    for domain in ownership:
        if domain not in domains:
            raise OptionError(f'ownership: {domain} is not in domains')
    checks = _checks(params['checks'], selectors, ownership)
    if readers.is_address(relay_host):
        if not targets and 'mx' in checks:
            raise OptionError(f'mx_targets: is needed because relay_host {relay_host} is an IP address')
        addresses = addresses or [relay_host]
    deadline = params['deadline']
    if deadline is None:
        deadline = DEADLINE_WITH_WAIT if params['wait'] else DEADLINE
    return {
        'domains': domains,
        'checks': checks,
        'wanted': Expectations(
            relay_host,
            targets,
            [_short(address) for address in addresses],
            selectors,
            params['dmarc_minimum_policy'],
            ownership,
        ),
        'wait': params['wait'],
        'concurrency': _number('concurrency', params['concurrency'], 500, 1),
        **client({**params, 'deadline': deadline}),
    }


def names(option: str, values: Sequence[Any], reader: Callable[[Any], Any]) -> list[str]:
    """One or more DNS names as A-labels."""
    if not values:
        raise OptionError(f'{option}: is empty')
    return _list({option: values}, option, reader)


def record_name(value: Any) -> str:
    """A DNS name whose labels may begin with an underscore (RFC 8552), as in _spf.example.com."""
    labels = readers.text(value).split('.')
    bare = readers.host_name('.'.join(label[label.startswith('_') :] for label in labels)).split('.')
    return '.'.join('_' * label.startswith('_') + name for label, name in zip(labels, bare))


def client(params: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a DnsClient."""
    return {
        'nameservers': _list(params, 'nameservers', readers.address),
        'port': _read('port', params['port'], readers.port),
        'timeout': _number('timeout', params['timeout'], 60),
        'retries': _number('retries', params['retries'], 10, 0),
        'deadline': _number('deadline', params['deadline'], 86400),
    }


def _checks(asked: Sequence[str] | None, selectors: Sequence[str], ownership: Mapping[str, str]) -> list[str]:
    ready = {'dkim': selectors, 'ownership': ownership}
    if asked is None:
        return [check for check in CHECKS if ready.get(check, True)]
    if not asked:
        raise OptionError('checks: is empty')
    if 'dkim' in asked and not selectors:
        raise OptionError('dkim_selectors: is needed for the check dkim')
    if 'ownership' in asked and not ownership:
        raise OptionError('ownership: is needed for the check ownership')
    return [check for check in CHECKS if check in asked]


def _short(network: str) -> str:
    """A network of one address as that address."""
    return network.rsplit('/', 1)[0] if network.endswith('/128' if ':' in network else '/32') else network


def _list(params: Mapping[str, Any], option: str, reader: Callable[[Any], Any]) -> list[Any]:
    return list(dict.fromkeys(_read(option, value, reader) for value in params[option]))


def _read(option: str, value: Any, reader: Callable[[Any], Any]) -> Any:
    try:
        return reader(value)
    except ValueError as exc:
        raise OptionError(f'{option}: {readers.shown(value)} {exc}') from exc


def _number(option: str, value: float, largest: float, smallest: float | None = None) -> float:
    """A finite number; without a smallest one it must be above 0."""
    if not math.isfinite(value) or value > largest or (value <= 0 if smallest is None else value < smallest):
        raise OptionError(
            '{}: {} must be {} and at most {}'.format(
                option, value, 'above 0' if smallest is None else f'at least {smallest}', largest
            )
        )
    return value
