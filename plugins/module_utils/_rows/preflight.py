# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so before a mail server is led to the gateway (runs on the controller)."""

from __future__ import annotations

import ipaddress

from ansible.module_utils.compat.version import LooseVersion
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS, with_role
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.access_tables import (
    mynetworks_entries,
    shut_out,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import (
    dns_rows,
    row,
    skipped,
    smtp_rows,
    space_rows,
    unasked,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED


def mta_rows(result):
    """Return the rows on the host's mail server.

    Args:
        result: what M(conbool.smtp_relay.mta_info) returned, whether or not it failed.
    """
    if 'configuration' not in result:
        return unasked(result, 'mta', 'mail server')
    name, version = result['mta'], result['configuration'].get('version')
    if name not in with_role():
        return [
            row(
                'mta.unsupported',
                name,
                RED,
                'this version of the collection has no role for it',
                'It has roles for: {}.'.format(', '.join(sorted(with_role()))),
            )
        ]
    if LooseVersion(version) < LooseVersion(MAIL_SERVERS[name].minimum_version):
        return [
            row(
                'mta.version',
                name,
                RED,
                f'version {version}',
                f'Version {MAIL_SERVERS[name].minimum_version} or newer is needed.',
            )
        ]
    rows = [row('mta.ok', name, GREEN, f'version {version}')]
    if not result['configuration']['running']:
        rows.append(row('mta.stopped', name, RED, 'it does not run', 'Start it; its routes cannot be seen otherwise.'))
    return rows


def tls_rows(result):
    """Return the rows on the TLS files of the host; none when it needs none.

    Args:
        result: what M(conbool.smtp_relay.tls_files) returned, whether or not it failed or was skipped.
    """
    if skipped(result):
        return []
    if 'problems' not in result:
        return unasked(result, 'tls', 'TLS files')
    if result['problems']:
        return [row('tls.unusable', 'TLS files', RED, problem) for problem in result['problems']]
    days = (result.get('certificate') or {}).get('days_left')
    return [row('tls.ok', 'TLS files', GREEN, 'usable' if days is None else f'usable, {days} days left')]


def firewall_rows(result, mta, settings):
    """Return the rows on the host's firewall; none when it is not to be limited.

    Args:
        result: what M(conbool.smtp_relay.inbound_firewall) returned in check mode, whether or not it failed; None when
            nobody asked.
        mta: what M(conbool.smtp_relay.mta_info) returned, whether or not it failed.
        settings: the normalised settings.
    """
    if result is None:
        return []
    if 'backend' not in result:
        return unasked(result, 'firewall', 'mail port')
    found = 'can be limited to the gateway with {}'.format(result['backend'])
    # What keeps the gateway out all the same is a person's to judge: another chain may let it in.
    rows = [row('firewall.ok', 'mail port', GREEN, '. '.join([found] + result.get('warnings', [])))]
    return rows + _shut_out_rows(mta.get('configuration', {}), settings)


def _shut_out_rows(configuration, settings):
    """Return a row on the networks that may send through the mail server, and that the firewall would shut out."""
    where, name = 'mynetworks', 'firewall.mynetworks'
    networks = mynetworks_entries(configuration.get('expanded', {}).get('mynetworks', ''))
    if 'relay_networks' in configuration:
        where, name = 'relay-domains (class R) or the access map (Connect:)', 'firewall.relay_networks'
        networks = [ipaddress.ip_network(network) for network in configuration['relay_networks']]
    found = shut_out(settings, networks)
    return (
        [
            row(
                name,
                ', '.join(found),
                RED,
                f'{where} lets them send through this server, and the firewall would shut them out',
                'Name them in conbool_smtp_allowed_networks, or take them out there.',
            )
        ]
        if found
        else []
    )


def preflight_rows(results, settings, megabytes, days):
    """Return all rows of a host's preflight.

    Args:
        results: what the modules returned, failed or not - C(dns), C(gateway), C(mta), C(tls_files) and C(firewall).
        settings: the normalised settings.
        megabytes: how much has to be free for each queue.
        days: how long the gateway's certificate has to be valid.
    """
    return (
        dns_rows(results['dns'])
        + smtp_rows(results['gateway'], 'gateway', days)
        + mta_rows(results['mta'])
        + tls_rows(results['tls_files'])
        + firewall_rows(results['firewall'], results['mta'], settings)
        + space_rows(results['mta'].get('free', {}), megabytes)
    )
