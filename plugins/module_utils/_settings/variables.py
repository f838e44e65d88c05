# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates the conbool_* variables and brings them into one canonical form (runs on the controller)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

try:
    import netaddr
except ImportError:
    pass  # remembered in _values.IMPORT_ERRORS; the action plugin reports it before anything here runs

PREFIX = 'conbool_'
# Set by role conbool itself, so it is there when a play applies the role twice.
RESULT_FACT = 'conbool_settings'


class Setting(NamedTuple):
    """How one variable is read, and its value when unset."""

    read: Callable[[Any], Any]
    default: Any = None
    many: bool = False


SETTINGS = {
    'conbool_domains': Setting(readers.host_name, [], many=True),
    'conbool_networks': Setting(readers.network, [], many=True),
    'conbool_relay_host': Setting(readers.relay_host, 'mail.conbool.com'),
    'conbool_relay_port': Setting(readers.port, 25),
    'conbool_tls_name': Setting(readers.host_name),
    'conbool_tls_ca_file': Setting(readers.file_path),
    'conbool_tls_client_cert': Setting(readers.file_path),
    'conbool_tls_client_key': Setting(readers.file_path),
    'conbool_scope': Setting(readers.choice('all', 'senders'), 'all'),
    'conbool_scope_senders': Setting(readers.sender, [], many=True),
    'conbool_inbound': Setting(readers.boolean, True),
    'conbool_inbound_require_certificate': Setting(readers.boolean, True),
    'conbool_smtp_allowed_networks': Setting(readers.network, [], many=True),
    'conbool_bypass_calendar': Setting(readers.boolean, True),
    'conbool_bypass_null_sender': Setting(readers.boolean, True),
    'conbool_spam_delivery': Setting(readers.choice('auto', 'folder', 'header'), 'auto'),
    'conbool_mta': Setting(readers.choice('auto', *names()), 'auto'),
    'conbool_preflight': Setting(readers.choice('enforce', 'warn', 'skip'), 'enforce'),
    'conbool_report_dir': Setting(readers.controller_directory, 'conbool-reports'),
    'conbool_state': Setting(readers.choice('present', 'absent'), 'present'),
    'conbool_dns_mx_targets': Setting(readers.host_name, [], many=True),
    'conbool_dns_dkim_selectors': Setting(readers.dkim_selector, [], many=True),
    'conbool_dns_ownership_txt': Setting(readers.txt_value, {}),
    'conbool_dns_dmarc_minimum_policy': Setting(readers.choice('none', 'quarantine', 'reject'), 'none'),
    'conbool_dns_spf_addresses': Setting(readers.network, [], many=True),
    'conbool_dns_servers': Setting(readers.address, [], many=True),
}


def _is_list(value):
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_unset(value):
    """Empty strings count as unset: AWX sends them for unanswered questions."""
    if isinstance(value, (str, Mapping)) or value is None:
        return not value
    return _is_list(value) and all(item is None or item == '' for item in value)


class _Reader:
    """Reads every variable, remembering each problem instead of stopping at the first."""

    def __init__(self, variables):
        self.variables = variables
        self.problems = []
        self.faulty = set()
        self.warnings = []
        self.values = {name: self._value(name, setting) for name, setting in SETTINGS.items()}

    def problem(self, name, value, reason):
        self.faulty.add(name)
        self.problems.append(f'{name}: {readers.shown(value)} {reason}')

    def _one(self, name, read, value):
        try:
            return read(value)
        except ValueError as exc:
            self.problem(name, value, exc)
        return None

    def _value(self, name, setting):
        value = self.variables.get(name)
        if isinstance(value, Exception):
            self.faulty.add(name)
            self.problems.append('{}: cannot be evaluated: {}'.format(name, ' '.join(str(value).split())))
            return setting.default
        if _is_unset(value):
            return setting.default
        if readers.PEM_MARK in repr(value):
            # Before it is taken apart, so that no piece of a private key gets into a message.
            self.problem(name, value, 'must not be the content of a key or certificate')
            return setting.default
        if name == 'conbool_dns_ownership_txt':
            return self._ownership(name, setting, value)
        if not setting.many:
            return self._one(name, setting.read, value)
        if isinstance(value, str):
            # A text area, or -e name=a,b: any of the usual separators. A list's own items are never split.
            value = [item for item in re.split('[, \t\r\n]+', value) if item]
        elif not _is_list(value):
            self.problem(name, value, 'must be a list')
            return []
        return [item for item in (self._one(name, setting.read, item) for item in value) if item is not None]

    def _ownership(self, name, setting, value):
        if not isinstance(value, Mapping):
            self.problem(name, value, 'must be a dictionary of domain and TXT value')
            return {}
        result = {}
        for domain, content in value.items():
            if not _is_unset(content):
                key = self._one(name, readers.host_name, domain)
                if key in result:
                    self.problem(name, domain, f'is given twice (it means {key})')
                elif key is not None:
                    result[key] = self._one(name, setting.read, content)
        return result

    def good(self, *names):
        return not self.faulty.intersection(names)


def _check_names(variables, report):
    for name in variables:
        if name not in SETTINGS and name != RESULT_FACT:
            nearest = difflib.get_close_matches(name[len(PREFIX) :], [known[len(PREFIX) :] for known in SETTINGS], 1)
            hint = (
                f'did you mean {PREFIX}{nearest[0]}?'
                if nearest
                else 'names that begin with conbool_ belong to this collection'
            )
            # Without its value: nobody knows what it is, it may be a password.
            report.problems.append(f'{name}: there is no such variable; {hint}')


def _check_domains(values, report):
    name, headers = 'conbool_domains', {}
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


def _check_scope(values, report):
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


def _check_combinations(values, report):
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


def _unique(items):
    return list(dict.fromkeys(items))


def _merged(networks):
    """Without overlaps, which nftables sets refuse."""
    return [str(net) for net in netaddr.cidr_merge(networks)]


def _normalised(values):
    networks, host, port = (
        _merged(values['conbool_networks']),
        values['conbool_relay_host'],
        values['conbool_relay_port'],
    )
    tls_name = values['conbool_tls_name'] or host
    result = {name[len(PREFIX) :]: value for name, value in values.items() if not name.startswith('conbool_dns_')}
    result.update(
        loop_headers=[readers.loop_header(domain) for domain in values['conbool_domains']],
        networks=networks,
        allowed_networks=_merged(result.pop('smtp_allowed_networks')),
        relay_destination=f'[{host}]:{port}',
        tls_name=tls_name,
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


def normalise(variables):
    """Return (settings, problems, warnings); settings is None when there are problems.

    A variable whose template could not be evaluated has the exception as its value.
    """
    report = _Reader(variables)
    _check_names(variables, report)
    _check_domains(report.values, report)
    _check_scope(report.values, report)
    _check_combinations(report.values, report)
    return (None if report.problems else _normalised(report.values)), report.problems, report.warnings
