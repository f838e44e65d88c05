# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the variables of all roles but C(conbool), which are known from their argument_specs. Private."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import with_role
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import clients, grammars, kinds, readers

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import Reader, Setting

PACKAGES = 'ansible_collections.conbool.smtp_relay.plugins.module_utils'


# Where the type in argument_specs is not strict enough: role, option without the role's prefix. A mail server's role
# has such a table in its own package, _<mail server>/variables.py.
READERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    'inbound_firewall': {'port': readers.port},
    'outbound_hop': {
        'address': kinds.loopback_address,
        'clients': clients.network,
        'clients_without_tls': clients.network,
        'drain_timeout': readers.whole_number(0),
        'hostname': readers.host_name,
        'listen': clients.listen_address,
        'listen_port': readers.port,
        'message_size_limit': readers.whole_number(0),
        'parameters': kinds.mapping(grammars.parameter_name, grammars.parameter_value),
        'port': readers.port,
        'return_address': grammars.next_hop,
        'return_routes': kinds.mapping(readers.host_name, grammars.next_hop, lenient=False),
        'sbin_dir': readers.directory,
        'tls_cert': readers.file_path,
        'tls_key': readers.file_path,
    },
    'preflight': {
        'certificate_days': readers.whole_number(0),
        'queue_directories': readers.directory,
        'queue_megabytes': readers.whole_number(0),
    },
    'spam_delivery': {'folder': grammars.folder},
    'verify': {
        'inbound_host': grammars.host,
        'inbound_port': readers.port,
        'outside': grammars.inventory_name,
        'queue_seconds': readers.whole_number(0, 60),
    },
}


def smarthost_roles() -> dict[str, str]:
    """Return the role of each mail server that has one: name of the mail server to name of the role."""
    return {name: f'{name}_smarthost' for name in with_role()}


def package_of(role: str) -> Any:
    """Return what a mail server's package says of the variables of its role, None where it says nothing."""
    name = {role: name for name, role in smarthost_roles().items()}.get(role)
    if name:
        module = f'{PACKAGES}._{name}.variables'
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as exc:
            if exc.name != module:
                raise
    return None


def readers_of(role: str) -> dict[str, Callable[[Any], Any]]:
    """Return the stricter readers of a role, by option without the role's prefix."""
    return getattr(package_of(role), 'READERS', READERS.get(role, {}))


def settings_of(roles: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Setting]:
    """Return how each variable of the roles is read.

    Args:
        roles: role to name of a variable to its option, as in argument_specs.

    Returns:
        Name of the variable to Setting.
    """
    result = {}
    for role, options in roles.items():
        strict = readers_of(role)
        result.update(
            {name: kinds.setting_of(option, strict.get(name[len(role) + 1 :])) for name, option in options.items()}
        )
    return result


def by_role(
    values: Mapping[str, Any], roles: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Return the values as {role: {option without the role's prefix: value}}. Secrets are not among them: settings are
    written to logs and shown by -vvv, so roles hand secrets to their modules themselves."""
    return {
        role: {name[len(role) + 1 :]: values[name] for name, option in options.items() if not option.get('no_log')}
        for role, options in roles.items()
    }


def _in_use(
    values: Mapping[str, Any], roles: Mapping[str, Mapping[str, Mapping[str, Any]]], mta: str | None
) -> list[str]:
    """The mail servers' roles whose ports count.

    Which mail server a host has is found out later when conbool_mta is auto. Then only a role of which something was
    set counts, so that a port is not refused because of the default of a mail server that is not there.
    """
    ours = {name: role for name, role in smarthost_roles().items() if role in roles}
    if mta in ours:
        return [ours[mta]]
    touched = [
        role
        for role in ours.values()
        if any(
            values[name] != kinds.setting_of(option).default
            for name, option in roles[role].items()
            if not kinds.has_template(option.get('default'))
        )
    ]
    return touched or list(ours.values())


def _listeners(role: str, roles: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Return the variables with the ports on which something will listen, as far as that is known by now."""
    said = getattr(package_of(role), 'listeners', None)
    if said:
        return sorted(name for name in said(values) if name in values)
    return [name for name in ['outbound_hop_port', *sorted(roles[role])] if name.endswith('_port') and name in values]


def check_ports(report: Reader, roles: Mapping[str, Mapping[str, Mapping[str, Any]]], mta: str | None) -> None:
    """Remember as a problem if two listeners that one host can have on loopback were given the same port.

    Args:
        report: L(Reader) that has read all.
        roles: as for settings_of().
        mta: value of C(conbool_mta).
    """
    said = set()
    for role in _in_use(report.values, roles, mta):
        ports = [name for name in _listeners(role, roles, report.values) if report.good(name)]
        for first, second in itertools.combinations(ports, 2):
            if report.values[first] == report.values[second] and (first, second) not in said:
                said.add((first, second))
                report.problems.append(
                    f'{first}: {report.values[first]} is the value of {second} as well; each needs a port of its own'
                )
