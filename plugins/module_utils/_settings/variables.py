# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates the variables of all roles and brings them into one canonical form (runs on the controller).

Those of role C(conbool) are here; those of the others are known from their argument_specs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import clients, grammars, readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.names import unknown
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import overlap
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.places import check_places
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import Reader, Setting, is_unset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.roles import (
    by_role,
    check_ports,
    settings_of,
)

try:
    import netaddr
except ImportError:
    pass  # remembered in readers.IMPORT_ERRORS; the action plugin reports it before anything here runs

PREFIX = 'conbool_'
# Of roles that have no part in an undo.
NOT_FOR_UNDO = ('preflight_', 'verify_')
OWNERSHIP = 'must be a dictionary of domain and TXT value, or lines of both'


def _ownership(value: Any) -> Mapping[Any, Any]:
    """A dictionary as it is, or text with a domain, a blank and the TXT value in each line."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, str):
        raise ValueError(OWNERSHIP)
    result: dict[str, str] = {}
    for line in filter(None, map(str.strip, value.splitlines())):
        domain, *content = line.split(None, 1)
        if not content:
            raise ValueError(f'{OWNERSHIP}: {readers.shown(line)} has no TXT value')
        if domain in result:
            raise ValueError(f'names {domain} twice')
        result[domain] = content[0]
    return result


SETTINGS = {
    'conbool_domains': Setting(readers.host_name, [], many=True),
    'conbool_networks': Setting(readers.network, [], many=True),
    'conbool_relay_host': Setting(readers.relay_host, 'mail.conbool.com'),
    'conbool_relay_port': Setting(readers.port, 25),
    'conbool_tls_name': Setting(readers.host_name),
    'conbool_tls_ca_file': Setting(readers.file_path),
    'conbool_tls_client_cert': Setting(readers.file_path),
    'conbool_tls_client_key': Setting(readers.file_path),
    # Files of the controller, for the playbook client_certificate.
    'conbool_tls_client_cert_source': Setting(grammars.controller_file),
    'conbool_tls_client_key_source': Setting(grammars.controller_file),
    'conbool_scope': Setting(readers.choice('all', 'senders'), 'all'),
    'conbool_scope_senders': Setting(readers.sender, [], many=True),
    'conbool_inbound': Setting(readers.boolean, True),
    'conbool_inbound_require_certificate': Setting(readers.boolean, True),
    'conbool_inbound_trust': Setting(readers.boolean, False),
    'conbool_inbound_certificate_fingerprints': Setting(readers.fingerprint, [], many=True),
    'conbool_smtp_allowed_networks': Setting(readers.network, [], many=True),
    'conbool_wash_networks': Setting(readers.network, [], many=True),
    'conbool_bypass_calendar': Setting(readers.boolean_or('itip'), True),
    'conbool_bypass_null_sender': Setting(readers.boolean_or('server'), True),
    'conbool_spam_delivery': Setting(readers.choice('auto', 'folder', 'header'), 'auto'),
    # These are for the playbooks, before any host is asked: plugins/lookup/hosts.py.
    'conbool_hosts': Setting(grammars.host_groups, 'conbool'),
    'conbool_slices': Setting(readers.boolean, False),
    'conbool_serial': Setting(grammars.batches, '100%'),
    'conbool_max_fail_percentage': Setting(readers.whole_number(0, 100)),
    'conbool_mta': Setting(readers.choice('auto', *names()), 'auto'),
    'conbool_preflight': Setting(readers.choice('enforce', 'warn', 'skip'), 'enforce'),
    'conbool_report_dir': Setting(readers.controller_directory, 'conbool-reports'),
    'conbool_report_language': Setting(readers.choice('en', 'de'), 'en'),
    'conbool_site_routes': Setting(readers.choice('keep', 'override'), 'keep'),
    'conbool_state': Setting(readers.choice('present', 'absent'), 'present'),
    'conbool_dns_mx_targets': Setting(readers.host_name, [], many=True),
    'conbool_dns_dkim_selectors': Setting(readers.dkim_selector, [], many=True),
    'conbool_dns_ownership_txt': Setting(_ownership, {}),
    'conbool_dns_dmarc_minimum_policy': Setting(readers.choice('none', 'quarantine', 'reject'), 'none'),
    'conbool_dns_spf_addresses': Setting(readers.network, [], many=True),
    'conbool_dns_servers': Setting(readers.address, [], many=True),
}


def _read_ownership(report: Reader) -> None:
    """Put the canonical form of each domain and its text in place."""
    name, result = 'conbool_dns_ownership_txt', {}
    for domain, content in (report.values[name] or {}).items():
        if not is_unset(content):
            key = report.one(name, readers.host_name, domain)
            if key in result:
                report.problem(name, domain, f'is given twice (it means {key})')
            elif key is not None:
                result[key] = report.one(name, readers.txt_value, content)
    report.values[name] = result


def _check_domains(values: Mapping[str, Any], report: Reader) -> None:
    name = 'conbool_domains'
    headers: dict[str, str] = {}
    domains = values[name]
    if not domains and values['conbool_state'] == 'present' and report.good(name):
        report.problem(name, domains, 'names no hosted domain: list at least one, such as example.com')
    for domain in domains:
        header = readers.loop_header(domain)
        if header in headers and headers[header] == domain:
            report.problem(name, domain, 'is listed twice')
        elif header in headers:
            report.problem(
                name,
                domain,
                f'has the same loop header {header} as {headers[header]!r}: the gateway cannot tell them apart',
            )
        headers[header] = domain
    if report.good(name):
        for domain in values['conbool_dns_ownership_txt']:
            if domain not in domains:
                report.problem('conbool_dns_ownership_txt', domain, 'is not in conbool_domains')


def _check_scope(values: Mapping[str, Any], report: Reader) -> None:
    senders = values['conbool_scope_senders']
    if not report.good('conbool_scope', 'conbool_scope_senders'):
        return
    if values['conbool_scope'] == 'senders' and not senders and values['conbool_state'] == 'present':
        report.problem(
            'conbool_scope_senders', senders, 'must name at least one sender because conbool_scope is senders'
        )
    if values['conbool_scope'] == 'all' and senders:
        report.warnings.append(
            'conbool_scope_senders has no effect because conbool_scope is all: the mail of every sender goes to the'
            ' gateway'
        )
    for sender in senders:
        if sender.rpartition('@')[2] not in values['conbool_domains'] and report.good('conbool_domains'):
            report.warnings.append(
                f'conbool_scope_senders: the domain of {sender!r} is not in conbool_domains; is it spelt right?'
            )


def _check_combinations(values: Mapping[str, Any], report: Reader) -> None:
    networks, cert, key = 'conbool_networks', 'conbool_tls_client_cert', 'conbool_tls_client_key'
    if (
        report.good(networks, 'conbool_inbound')
        and values['conbool_inbound']
        and not values[networks]
        and values['conbool_state'] == 'present'
    ):
        report.problem(
            networks, values[networks], 'must hold the addresses of the gateway because conbool_inbound is true'
        )
    for given, other in ((cert, key), (key, cert)):
        if report.good(given, other) and values[given] and not values[other]:
            report.problem(given, values[given], f'needs {other} as well (give both or neither)')
    for given in (cert, key):
        source = given + '_source'
        if report.good(given, source) and values[source] and not values[given]:
            report.problem(source, values[source], f'needs {given}, which says where on the host it goes')
    host = values['conbool_relay_host']
    if (
        report.good('conbool_relay_host', 'conbool_tls_name')
        and not values['conbool_tls_name']
        and readers.is_address(host)
    ):
        report.problem(
            'conbool_relay_host',
            host,
            'is an IP address, so conbool_tls_name must say which name its certificate carries',
        )


def _check_wash_networks(report: Reader) -> None:
    """Headers of the gateway itself must count, or what it releases and what comes back from it goes to it again."""
    name, gateways = 'conbool_wash_networks', 'conbool_networks'
    known = list(map(ipaddress.ip_network, _merged(report.values[gateways]))) if report.good(gateways) else []
    for network in report.values[name] if known else ():
        for other in known:
            if overlap(ipaddress.ip_network(network), other):
                report.problem(name, network, f'overlaps {other} of {gateways}, whose headers are what they are for')


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _merged(networks: Iterable[str]) -> list[str]:
    """Without overlaps, which nftables sets refuse."""
    return [str(net) for net in netaddr.cidr_merge(networks)]


def _normalised(values: Mapping[str, Any]) -> dict[str, Any]:
    networks, host, port = (
        _merged(values['conbool_networks']),
        values['conbool_relay_host'],
        values['conbool_relay_port'],
    )
    tls_name = values['conbool_tls_name'] or host
    result = {name[len(PREFIX) :]: values[name] for name in SETTINGS if not name.startswith('conbool_dns_')}
    result.update(
        mta=clients.told(values),
        loop_headers=[readers.loop_header(domain) for domain in values['conbool_domains']],
        networks=networks,
        allowed_networks=_merged(result.pop('smtp_allowed_networks')),
        relay_destination=f'[{host}]:{port}',
        tls_name=tls_name,
        wash_networks=_merged(values['conbool_wash_networks']),
        scope_senders=_unique(values['conbool_scope_senders']),
        dns={
            # An MX record cannot hold an address, so the certificate's name stands in for one.
            'mx_targets': (
                _unique(values['conbool_dns_mx_targets']) or [host if not readers.is_address(host) else tls_name]
            ),
            'relay_host': host if not readers.is_address(host) else tls_name,
            'dkim_selectors': _unique(values['conbool_dns_dkim_selectors']),
            'ownership_txt': values['conbool_dns_ownership_txt'],
            'dmarc_minimum_policy': values['conbool_dns_dmarc_minimum_policy'],
            'spf_addresses': _merged(values['conbool_dns_spf_addresses']) or networks,
            'servers': _unique(values['conbool_dns_servers']),
        },
    )
    return result


def _forgive(report: Reader, roles: Mapping[str, Any]) -> None:
    """Turn problems with variables that are not needed into warnings: an undo needs few, and must not wait for more."""
    if report.values['conbool_state'] != 'absent':
        return
    known = set(SETTINGS).union(*roles.values())
    kept = []
    for problem in report.problems:
        name = problem.partition(':')[0]
        strange = name not in known and not name.startswith(PREFIX)
        if strange or name.startswith(NOT_FOR_UNDO):
            report.warnings.append(f'{problem}. It is not needed here, and left alone')
        else:
            kept.append(problem)
    report.problems = kept


def normalise(
    variables: Mapping[str, Any], roles: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None
) -> tuple[dict[str, Any] | None, list[str], list[str]]:
    """Read and check all variables of a host.

    Args:
        variables: name to value. A variable whose template could not be evaluated has the exception as its value. A
            variable whose default is a template has to be there, evaluated, even where it was not set.
        roles: the options in argument_specs of all other roles, {role: {variable: option}}.

    Returns:
        Settings (None when there are problems), problems, warnings. Problems are texts, each of which names its
        variable.
    """
    roles = roles or {}
    report = Reader(variables, {**SETTINGS, **settings_of(roles)})
    _read_ownership(report)
    known = {f'{role}_': list(options) for role, options in roles.items()}
    strange, foreign = unknown(variables, {PREFIX: list(SETTINGS), **known})
    report.problems += strange
    report.warnings += foreign
    _check_domains(report.values, report)
    _check_scope(report.values, report)
    _check_combinations(report.values, report)
    _check_wash_networks(report)
    clients.check_told(report)
    if report.values['conbool_state'] == 'present':
        check_ports(report, roles, report.values['conbool_mta'])
        check_places(report)
    _forgive(report, roles)
    if report.problems:
        return None, report.problems, report.warnings
    settings = dict(_normalised(report.values), roles=by_role(report.values, roles))
    return settings, report.problems, report.warnings
