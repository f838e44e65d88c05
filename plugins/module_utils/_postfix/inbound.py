# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's Postfix needs so that on port 25 only the gateway brings mail from the outside, and nothing else of
it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.client import (
    unthrottled,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.gateway_tls import (
    GatewayCertificate,
    tls_problems,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import (
    HEADER_CHECKS,
    wash,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.restriction_lists import (
    CLASSES,
    DATA_RESTRICTIONS,
    KEPT,
    POSTSCREEN_LIST,
    RESTRICTIONS,
    in_front,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.spam_flag import (
    flag_configuration,
    flag_restriction,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.trust import (
    LAST_WORDS,
    TRUSTED_TABLE,
    trusted_table,
    trusting,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.wash_lan import (
    WASH_CLIENTS_TABLE,
    wash_configuration,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    CLIENTS_TABLE,
    DATA_TABLE,
    POSTSCREEN_TABLE,
    RECIPIENTS_TABLE,
    client_tables,
    own_addresses,
    postscreen_table,
    recipients_table,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.line_ends import line_ends, warning
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import is_ours, listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import effective
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

NOT_OURS = '554 5.7.1 This server takes mail from its gateway only. Send to the MX of the domain'

# Variables of the role whose values stand in master.cf.
CHECKED = {
    'client_ca_file': readers.file_path,
    'wash_port': readers.port,
    'flag_port': readers.port,
    'release_port': readers.port,
}


def _bad_values(options: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, read in CHECKED.items():
        try:
            if options[name] != '':
                read(options[name])
        except ValueError as exc:
            problems.append(f'postfix_smarthost_{name}: {options[name]!r} {exc}')
    return problems


def stale_copies(info: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the lists of main.cf that a service has a copy of, and whether main.cf says something else by now.

    Header checks, of which submission has a copy, are among them only when they do.

    Args:
        info: what C(postfix_info) returned.

    Returns:
        By parameter, the names of the services whose copy is old; empty where all are as they should be.
    """
    found: dict[str, list[str]] = {}
    for entry in info['services']:
        for name, kind in KEPT.items():
            copy = entry['options'].get(f'conbool_main_{kind}')
            if copy is not None:
                stale = found.setdefault(name, [])
                stale += (
                    ['{}/{}'.format(entry['name'], entry['type'])]
                    if copy.split() != info['parameters'].get(name, '').split()
                    else []
                )
    services = {entry['name']: entry for entry in info['services']}
    washed = [
        entry
        for entry in info['services']
        if entry['options'].get('cleanup_service_name', '').startswith('conbool-') and not is_ours(entry)
    ]
    for sibling in wash(info['config_dir'], info['parameters'], info['services'], washed)[0]:
        present = services.get(sibling['name'], sibling)['options']
        for name in HEADER_CHECKS:
            if present.get(name) != sibling['options'][name]:
                found.setdefault(name, []).append(sibling['name'] + '/unix')
    return found


def inbound_configuration(
    settings: Mapping[str, Any], info: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what of the MTA's configuration limits port 25 to the gateway.

    Args:
        settings: the normalised settings (see the C(settings) module).
        info: what C(postfix_info) returned of the MTA.
        options: C(client_ca_file), C(gateway), C(learnt), C(services), C(wash_port), C(flag), C(flag_port),
            C(release_port). For C(gateway) and C(learnt) see GatewayCertificate.

    Returns:
        C(parameters), C(services), C(service_options), C(tables) for C(postfix_config), C(warnings), and
        C(problems), because of which nothing must be changed.
    """
    configuration = InboundConfiguration(settings, info, options)
    if settings['inbound'] or settings['wash_networks']:
        configuration.add_all()
    return configuration.wanted


class InboundConfiguration:
    """Collects what limits port 25 to the gateway, see inbound_configuration()."""

    def __init__(self, settings: Mapping[str, Any], info: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._settings = settings
        self._info = info
        self._options = options
        self._smtpds, self._postscreens = listeners(info, options['services'])
        self._certificate = GatewayCertificate(settings, info, options, self._smtpds)
        self.wanted: dict[str, Any] = {
            'parameters': {},
            'services': [],
            'service_options': [],
            'tables': [],
            'warnings': [],
            'problems': [],
        }

    def add_all(self) -> None:
        limits = self._settings['inbound']
        self._add_bad_options()
        self._add_found(wash_configuration(self._settings, self._info, self._options, self._smtpds))
        for entry in self._smtpds:
            self._add_listener(entry)
        if limits and self._smtpds:
            self._add_found(flag_configuration(self._info, self._options, self._smtpds))
            self._add_clients()
            self._add_found(self._certificate.configuration() if self._certificate.wanted else {})
            self._add_postscreens()
            self.wanted['warnings'] += warning(self._info['version'])
        clients = [service['name'] for service in self.wanted['services'] if service['command'] == 'smtp']
        self.wanted['parameters'].update(unthrottled(clients, self._info['expanded']))

    def _add_found(self, found: Mapping[str, list[Any]]) -> None:
        for part in found:
            self.wanted[part] += found[part]

    def _add_table(self, path: str, kind: str, content: str) -> None:
        self.wanted['tables'].append({'path': path, 'type': kind, 'content': content})

    def _add_options(self, entry: Mapping[str, Any], options: Mapping[str, str]) -> None:
        self.wanted['service_options'].append({'name': entry['name'], 'type': entry['type'], 'options': options})

    def _reference(self, kind: str, table: str) -> str:
        return '{}:{}/{}'.format(kind, self._info['config_dir'], table)

    def _named(self) -> list[str]:
        return [entry['name'] for entry in self._smtpds + self._postscreens]

    def _add_bad_options(self) -> None:
        if not self._smtpds:
            self.wanted['problems'].append(
                'master.cf has no smtpd(8) on port 25: name the services on which mail arrives in'
                ' postfix_smarthost_inbound_services'
            )
        self.wanted['problems'] += _bad_values(self._options)
        self.wanted['problems'] += [
            f'postfix_smarthost_inbound_services: {name!r} is no inet service of smtpd(8) in master.cf'
            for name in self._options['services']
            if name not in self._named()
        ]

    def _add_listener(self, entry: Mapping[str, Any]) -> None:
        """Put the restrictions of ours in front of those of one smtpd(8), and have it ask for the certificate."""
        limits, parameters = self._settings['inbound'], self._info['parameters']
        begin = 'check_client_access ' + self._reference('cidr', 'conbool_')
        ours = [
            'check_client_access ' + self._reference('cidr', table)
            for table, used in ((CLIENTS_TABLE, limits), (WASH_CLIENTS_TABLE, self._settings['wash_networks']))
            if used
        ]
        changed = entry['options'].get(RESTRICTIONS, '').startswith(begin)
        own = in_front(entry, parameters, RESTRICTIONS, begin, ours)
        if limits:
            classes = self._classes(next(name for name in own if name.startswith('conbool_')))
            own.update(classes)
            own.update(in_front(entry, parameters, CLASSES, 'conbool_gateway', list(classes)))
            # Postfix takes <postmaster> from everybody without asking the recipient restrictions.
            data = ['check_client_access ' + self._reference('cidr', DATA_TABLE)]
            own.update(in_front(entry, parameters, DATA_RESTRICTIONS, begin, data))
            own.update(line_ends(self._info['version']))
            if self._settings['inbound_trust']:
                own.update(trusting(entry, parameters, self._info['config_dir']))
            self.wanted['problems'] += tls_problems(entry, self._info['expanded'])
            if self._certificate.wanted:
                tls, problems = self._certificate.asked_for_by(entry, changed)
                own.update(tls)
                self.wanted['problems'] += problems
        self._add_options(entry, own)

    def _classes(self, kept: str) -> dict[str, str]:
        """Return the restriction classes of a listener whose own restrictions a parameter keeps."""
        known = ['check_recipient_access ' + self._reference('regexp', RECIPIENTS_TABLE)]
        known += flag_restriction(self._info, self._options)
        known += LAST_WORDS if self._settings['inbound_trust'] else ['$' + kept, 'permit']
        return {
            'conbool_gateway': self._certificate.restriction_class(),
            # "permit" ends the list, as its end would: what the list says is asked here, so that a certificate found
            # right needs no exit.
            'conbool_known': ', '.join(known),
            # For networks in mynetworks that cannot be listed, or came later.
            'conbool_others': f'permit_mynetworks, check_client_access static:{{{NOT_OURS}}}',
        }

    def _add_clients(self) -> None:
        """Add the tables of clients and recipients, which all listeners share."""
        expanded = self._info['expanded']
        mynetworks = ' '.join(effective(entry, expanded, 'mynetworks') for entry in self._smtpds[:1])
        # Where the server does not listen on loopback, its own programs come from its own address.
        clients, data, warnings = client_tables(
            self._settings, '{} {}'.format(' '.join(own_addresses(expanded)), mynetworks)
        )
        self.wanted['warnings'] += warnings
        if any(effective(entry, expanded, 'mynetworks') != mynetworks for entry in self._smtpds):
            self.wanted['problems'].append(
                'The services on port 25 have different mynetworks: name the networks in conbool_smtp_allowed_networks'
                ' instead'
            )
        self._add_table(CLIENTS_TABLE, 'cidr', clients)
        self._add_table(DATA_TABLE, 'cidr', data)
        if self._settings['inbound_trust']:
            self._add_table(TRUSTED_TABLE, 'cidr', trusted_table(self._settings['networks']))
        self._add_table(RECIPIENTS_TABLE, 'regexp', recipients_table(self._settings['domains']))

    def _add_postscreens(self) -> None:
        ours = self._reference('cidr', POSTSCREEN_TABLE)
        for entry in self._postscreens:
            self._add_options(entry, in_front(entry, self._info['parameters'], POSTSCREEN_LIST, ours, [ours]))
        if self._postscreens:
            self._add_table(POSTSCREEN_TABLE, 'cidr', postscreen_table(self._settings['networks']))
