# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's Postfix needs so that its outbound mail goes to the hop, and nothing else of it changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.before import (
    BY_SENDER,
    ROUTES,
    SENDERS_TABLE,
    TRANSPORT,
    former,
    probes,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.client import loopback_client, unthrottled
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.logins import bad_names, login_services
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.null_sender import mark_users, wash_rules
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.site_routes import (
    NONE_FOUND,
    overriding,
    problems,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import effective

WASH_TABLE = 'conbool_wash'
HEADER_CHECKS = ('header_checks', 'mime_header_checks', 'nested_header_checks')


def _kept_transports(info: Mapping[str, Any]) -> list[str]:
    """Return why mail for some destinations would end up in the client for the hop, which reaches nothing but the
    hop."""
    return [
        'transport_maps: {} has {!r} in {}, which keeps default_transport and would take this mail past its destination'
        ' into the hop\'s client: name the transport there, as in {!r}'.format(
            kept['key'], kept['value'], kept['table'], 'smtp' + kept['value']
        )
        for kept in info.get('kept_transports', [])
    ]


def _opaque_transports(info: Mapping[str, Any]) -> list[str]:
    """Return what nobody can tell of tables that cannot be listed."""
    return [
        f'transport_maps: {table} cannot be looked into: mail for an entry without a transport there (":[host]") waits'
        ' in the client for the hop, which reaches nothing but the hop. Name the transport in each entry'
        ' ("smtp:[host]")'
        for table in info.get('opaque_transport_maps', [])
    ]


def _deferred(info: Mapping[str, Any]) -> list[str]:
    if TRANSPORT not in items(info['expanded'].get('defer_transports')):
        return []
    return [f'defer_transports: {TRANSPORT} in main.cf has all mail for the hop wait until somebody takes it out there']


def wash(
    config_dir: str,
    parameters: Mapping[str, str],
    services: Sequence[Mapping[str, Any]],
    logins: Iterable[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """Return how services on which users log in get rid of trust headers that a user wrote.

    The header checks of one service are those of its cleanup service, so every cleanup service that
    they use gets a sibling which strips the headers first and then does all that the original does.

    Args:
        config_dir: the MTA's configuration directory.
        parameters: the MTA's effective main.cf parameters.
        services: the MTA's master.cf entries.
        logins: those of them on which users hand in mail.

    Returns:
        New services, C(service_options), and warnings.
    """
    siblings, overrides, warnings = {}, [], []
    cleanups = {entry['name']: entry for entry in services if entry['command'].split()[0] == 'cleanup'}
    for entry in logins:
        name = '{}/inet'.format(entry['name'])
        if effective(entry, parameters, 'smtpd_proxy_filter'):
            warnings.append(
                f'The headers of mail handed in at {name} are not washed: smtpd_proxy_filter passes it on before '
                'header checks.'
            )
            continue
        current = effective(entry, parameters, 'cleanup_service_name') or 'cleanup'
        # On a host that has been changed before, the sibling's name tells what there was.
        original = re.sub(r'^conbool-(.*?)(-unchecked)?$', r'\1', current)
        if original not in cleanups:
            warnings.append(
                f'The headers of mail handed in at {name} are not washed: its cleanup service {original} is not in'
                ' master.cf.'
            )
            continue
        options = {}
        overriding = items(effective(entry, parameters, 'receive_override_options'))
        checked = 'no_header_body_checks' not in overriding and not current.endswith('-unchecked')
        if not checked:
            # The service wants no header checks; the sibling then has the washing and no others.
            options['receive_override_options'] = ' '.join(
                item for item in overriding if item != 'no_header_body_checks'
            )
        sibling = 'conbool-{}{}'.format(original, '' if checked else '-unchecked')
        options['cleanup_service_name'] = sibling
        siblings[sibling] = _sibling(sibling, cleanups[original], config_dir, parameters, checked)
        overrides.append({'name': entry['name'], 'type': 'inet', 'options': options})
    return list(siblings.values()), overrides, warnings


def _sibling(
    name: str, original: Mapping[str, Any], config_dir: str, parameters: Mapping[str, str], checked: bool
) -> dict[str, Any]:
    def before(parameter: str) -> str:
        if not checked:
            return ''
        # The others follow header_checks by default, and would otherwise follow the washing rules.
        return re.sub(
            r'\$(header_checks\b|\{header_checks\}|\(header_checks\))',
            lambda match: effective(original, parameters, 'header_checks'),
            effective(original, parameters, parameter),
        )

    checks = ('regexp:{}/{} {}'.format(config_dir, WASH_TABLE, before('header_checks'))).strip()
    options = dict(
        original['options'],
        header_checks=checks,
        mime_header_checks=before('mime_header_checks'),
        nested_header_checks=before('nested_header_checks'),
    )
    if not checked:
        options['body_checks'] = ''
    fields = {
        field: original[field]
        for field in ('type', 'private', 'unprivileged', 'chroot', 'wakeup', 'max_processes', 'command')
    }
    return dict(fields, name=name, options=options)


def _add_routes(wanted: dict[str, Any], settings: Mapping[str, Any], info: Mapping[str, Any], route: str) -> None:
    """Add what leads mail to the hop, behind or in front of the routes that the site has."""
    own_map = 'texthash:{}/{}'.format(info['config_dir'], SENDERS_TABLE)
    existing, found = former(info, BY_SENDER), info.get('site_routes', NONE_FOUND)
    override = overriding(settings, info, found, route)
    wanted['problems'] += problems(settings, found)
    wanted['parameters'].update(override['parameters'])
    wanted['tables'] += override['tables']
    if settings['scope'] != 'senders':
        wanted['parameters']['default_transport'] = route
        if existing and not found['senders'] and BY_SENDER not in override['parameters']:
            wanted['warnings'].append(
                f'{BY_SENDER} = {existing} keeps its own routes: the senders in it do not use the gateway.'
            )
    elif BY_SENDER not in override['parameters']:
        wanted['parameters'][BY_SENDER] = f'{own_map}, {existing}' if existing else own_map
        wanted['tables'].append(
            {'path': SENDERS_TABLE, 'type': 'texthash', 'entries': dict.fromkeys(settings['scope_senders'], route)}
        )
    wanted['parameters'].update(probes(info, [name for name in ROUTES if name in wanted['parameters']]))


def outbound_configuration(
    settings: Mapping[str, Any], info: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what of the MTA's configuration makes outbound mail go to the hop.

    Args:
        settings: the normalised settings (see the C(settings) module).
        info: what C(postfix_info) returned of the MTA.
        options: C(address) and C(port) of the hop, C(wash_submission), and the names of services that other servers
            use (C(inbound_services)) and that are washed in any case (C(wash_services)).

    Returns:
        C(parameters), C(services), C(service_options), C(tables) for C(postfix_config), C(warnings), and
        C(problems), because of which nothing must be changed.
    """
    parameters, address = info['parameters'], options['address']
    route = '{}:[{}]:{}'.format(TRANSPORT, address, options['port'])
    wanted: dict[str, Any] = {
        'parameters': unthrottled([TRANSPORT], info['expanded']),
        'services': [loopback_client(TRANSPORT, address, parameters)],
        'service_options': [],
        'tables': [],
        'warnings': _opaque_transports(info) + _deferred(info),
        'problems': _kept_transports(info),
    }

    _add_routes(wanted, settings, info, route)
    if options['wash_submission']:
        _add_washing(wanted, settings, info, options)
    elif settings['bypass_null_sender'] == 'server':
        wanted['problems'].append(
            "conbool_bypass_null_sender: 'server' needs postfix_smarthost_wash_submission: true, or else what users"
            ' hand in cannot be told from the notices of the server'
        )
    return wanted


def _add_washing(
    wanted: dict[str, Any], settings: Mapping[str, Any], info: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Add what takes trust headers away from the mail of users."""
    config_dir, parameters = info['config_dir'], info['parameters']
    further, washed = options['inbound_services'], options['wash_services']
    wanted['problems'] += bad_names(info, further, washed)
    # What a filter passes on is washed where it comes back, if the user says where.
    logins = [
        entry
        for entry in login_services(info, further, washed)
        if not (washed and effective(entry, parameters, 'smtpd_proxy_filter'))
    ]
    siblings, overrides, warnings = wash(config_dir, parameters, info['services'], logins)
    wanted['services'] += siblings
    wanted['service_options'] += overrides
    wanted['warnings'] += warnings
    if siblings:
        mode = settings['bypass_null_sender']
        wanted['tables'].append({'path': WASH_TABLE, 'type': 'regexp', 'content': wash_rules(mode)})
        wanted['tables'] += mark_users(info, overrides) if mode == 'server' else []
