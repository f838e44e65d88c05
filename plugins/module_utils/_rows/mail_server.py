# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so of a mail server that is there, whichever it is (runs on the host)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.compat.version import LooseVersion
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import limits
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import free_space
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row, space_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import shut_out

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Facts


def queue_directories(settings: Mapping[str, Any]) -> list[str]:
    """Return the directories, there already or not yet, of queues that are not the mail server's own."""
    roles = settings['roles']
    return sorted({roles['outbound_hop']['queue_directory'], *roles['preflight']['queue_directories']})


def version_rows(name: str, version: str, running: bool, lost: str = '') -> list[dict[str, Any]]:
    """Return the rows on the mail server itself."""
    minimum = MAIL_SERVERS[name].minimum_version
    if LooseVersion(version) < LooseVersion(minimum):
        return [row('mta.version', name, RED, f'version {version}', f'Version {minimum} or newer is needed.')]
    rows = [row('mta.ok', name, GREEN, f'version {version}')]
    if lost:
        rows.append(row('mta.pid_file', name, RED, lost, 'Restart it: no change would come into force.'))
    elif not running:
        rows.append(row('mta.stopped', name, RED, 'it does not run', 'Start it; its routes cannot be seen otherwise.'))
    return rows


def shut_out_rows(facts: Facts, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row on the networks that may send through the mail server, and that the firewall would shut out."""
    if not limits(settings):
        return []
    found = shut_out(settings, [ipaddress.ip_network(network) for network in facts.relay_networks])
    if not found:
        return []
    return [
        row(
            facts.relay_networks_row,
            ', '.join(found),
            RED,
            f'{facts.relay_networks_from} lets them send through this server, and the firewall would shut them out',
            'Name them in conbool_smtp_allowed_networks, or take them out there.',
        )
    ]


def certificate_rows(files: Iterable[str], days: int, whom: str = 'the gateway') -> list[dict[str, Any]]:
    """Return a row for each certificate that is shown by a server of this host. Whether it is judged, is up to those
    who connect.

    Args:
        files: the files that it has them in.
        days: how long a certificate should be valid.
        whom: who connects, in words.
    """
    rows = []
    for path in files:
        report = tls_files.look(cert_file=path, warn_days=days)
        said = [printable(finding).partition(': ')[2] for finding in report['problems'] + report['warnings']]
        left = (report['certificate'] or {}).get('days_left')
        if said:
            hint = f'It is what this server shows to {whom}. Have it renewed; {days} days are asked for.'
            rows.append(row('tls.server', path, GREEN, '; '.join(said), hint, 'low'))
        else:
            rows.append(row('tls.server', path, GREEN, f'{left} days left'))
    return rows


def facts_rows(name: str, facts: Facts, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a preflight that only who knows the mail server can give.

    Args:
        name: of the mail server, one for which there is a role.
        facts: what is known of it - C(version), whether it is C(running), its C(queue_directory), C(relay_networks),
            the networks as text whose clients it lets send mail anywhere, C(relay_networks_from), where it has them
            from, in words, C(relay_networks_row), the C(id) of the row on those that the firewall shuts out, and
            C(certificate_files), those that it shows as a server.
        settings: the normalised settings with those of the roles.
    """
    # Of one on another machine there is no version.
    rows = version_rows(name, facts.version, facts.running, facts.lost) if facts.version else []
    rows += shut_out_rows(facts, settings)
    if settings['inbound']:
        rows += certificate_rows(facts.certificate_files, settings['roles']['preflight']['certificate_days'])
    # The preflight has looked at those of the settings.
    if facts.queue_directory not in queue_directories(settings):
        free = {facts.queue_directory: free_space(facts.queue_directory)}
        rows += space_rows(free, settings['roles']['preflight']['queue_megabytes'])
    return rows
