# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of one Postfix instance."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import file_owners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import delivery
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import originals, owners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.transport_maps import kept_transports, opaque
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance, PostfixError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import foreign, routes_of

ALWAYS = ('mail_version', 'queue_directory', 'default_database_type', 'transport_maps') + delivery.PARAMETERS
NO_IPV6 = 'no local interface found for ::1'


def _asked(instance: Instance, names: Sequence[str]) -> tuple[dict[str, str], dict[str, str], list[str], list[str]]:
    """Return what postconf tells; its warnings come last."""
    wanted = sorted(set(names) | set(ALWAYS)) if names else []
    try:
        parameters, warnings = instance.parameters(instance.config_dir, names, expand=False)
        return parameters, instance.parameters(instance.config_dir, wanted)[0], instance.lookup_types(), warnings
    except PostfixError as exc:
        if NO_IPV6 in str(exc):
            raise PostfixError(
                f'{exc}. IPv6 is switched off on this host: set "inet_protocols = ipv4" in main.cf'
            ) from exc
        raise


def _transport_maps(instance: Instance, expanded: Mapping[str, str], running: bool) -> dict[str, list[Any]]:
    return {
        'kept_transports': kept_transports(instance, expanded) if running else [],
        'opaque_transport_maps': opaque(expanded.get('transport_maps')),
    }


def _recorded(config_dir: str) -> dict[str, Any]:
    return {'owners': owners(config_dir), 'file_owners': file_owners(), 'originals': originals(config_dir)}


def _files(config_dir: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return what main.cf sets, and the entries of master.cf."""
    main = decode(read_file(os.path.join(config_dir, 'main.cf')).data or b'')
    values = {printable(name): printable(value) for name, value in MainCf(main).values().items()}
    return values, [entry.service().as_dict() for entry in MasterCf.of(config_dir, visible=True).entries()]


def facts(
    run: Callable[..., tuple[int, Any, Any]],
    find: Callable[..., str | None],
    config_dir: str,
    sbin_dir: str | None = None,
    parameters: Sequence[str] = (),
    hosted_domains: Sequence[str] = (),
    hosted_domains_from: str = 'hosted_domains',
) -> tuple[dict[str, Any], list[str]]:
    """Return what M(conbool.smtp_relay.postfix_info) returns, and the warnings of Postfix's commands.

    Args:
        run: takes an argument list; returns exit status, stdout and stderr.
        find: takes a command's name and the keyword C(opt_dirs), and returns its path.
        config_dir: configuration directory of the instance.
        sbin_dir: directory of Postfix's commands.
        parameters: names of the parameters that are asked for; all, when empty.
        hosted_domains: domains for which the running instance has to be responsible.
        hosted_domains_from: where the user gave them.

    Raises:
        PostfixError: a command of Postfix fails, or the instance is not responsible for one of the domains.
        RewriteError: the running instance cannot be asked.
        OSError: a file cannot be read.
    """
    config_dir = os.path.normpath(config_dir)
    if not os.path.isfile(os.path.join(config_dir, 'main.cf')):
        raise PostfixError(f'config_dir: {config_dir!r} has no main.cf')
    instance = Instance(run, find, config_dir, sbin_dir)
    raw, expanded, lookup_types, warnings = _asked(instance, parameters)
    routes = routes_of(expanded['queue_directory'], hosted_domains)
    others = foreign(routes)
    if others:
        raise PostfixError(
            '{}: this Postfix is not responsible for {} (not in mydestination, virtual_alias_domains,'
            ' virtual_mailbox_domains or relay_domains): its mail would leave the server and come back'.format(
                hosted_domains_from, ', '.join(others)
            )
        )
    configured, services = _files(config_dir)
    running = instance.running()
    return {
        'version': expanded['mail_version'],
        'config_dir': config_dir,
        'queue_directory': expanded['queue_directory'],
        'default_database_type': expanded['default_database_type'],
        'lookup_types': lookup_types,
        'parameters': {name: printable(value) for name, value in raw.items()},
        'expanded': {
            name: printable(value) for name, value in expanded.items() if not parameters or name in parameters
        },
        'configured': configured,
        'services': services,
        'deliveries': delivery.deliveries(routes, expanded, services, expanded['queue_directory']),
        **_transport_maps(instance, expanded, running),
        'running': running,
        **_recorded(config_dir),
    }, warnings
