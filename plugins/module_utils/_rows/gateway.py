# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that the gateway shows, and whether this host will know it when the gateway brings mail (runs on the
host)."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row, smtp_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.certificate import for_clients, public_key
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import examined
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.clock import Clock
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.connection import resolve
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import with_defaults
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import decoded
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Stopped

# Seconds for each step of a conversation, and for all of them. A gateway that is away must not hold up a run for long.
PATIENCE, DEADLINE = 5, 15
EXPLICIT = 'conbool_inbound_certificate_fingerprints'


def options(settings: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return the options of M(conbool.smtp_relay.smtp_check) with which a host looks at the gateway as its client
    does."""
    return with_defaults(
        **{
            'hosts': [settings['relay_host']],
            'port': settings['relay_port'],
            'tls_name': settings['tls_name'],
            'ca_file': settings['tls_ca_file'],
            'client_cert': settings['tls_client_cert'],
            'client_key': settings['tls_client_key'],
            **more,
        }
    )


def asks_for_certificate(settings: Mapping[str, Any]) -> bool:
    """Return whether the gateway has to show a certificate when it brings mail."""
    return settings['inbound'] and settings['inbound_require_certificate']


def shown(certificate: bytes) -> Shown:
    """Return what counts of a certificate (DER); ValueError or OSError when it cannot be read."""
    facts = decoded(certificate)
    names = [value for rdn in facts['subject'] for kind, value in rdn if kind == 'commonName']
    return Shown(
        certificate,
        public_key(certificate),
        names[0] if len(names) == 1 else '',
        tuple(value for kind, value in facts.get('subjectAltName', ()) if kind == 'DNS'),
        for_clients(certificate),
    )


def readable(certificates: Iterable[bytes]) -> list[Shown]:
    """Return what counts of each of the certificates that can be read, once."""
    found = []
    for certificate in sorted(set(certificates)):
        with contextlib.suppress(ValueError, OSError):
            found.append(shown(certificate))
    return found


def addresses(settings: Mapping[str, Any], dns_only: bool = False) -> list[str]:
    """Return all addresses of the gateway that this host has a way to, none when they cannot be had.

    Args:
        dns_only: whether who sends mail there reads no /etc/hosts.
    """
    found = _by_dns(settings['relay_host']) if dns_only else []
    clock = Clock(PATIENCE, time.monotonic() + PATIENCE)
    clock.start('resolve')
    with contextlib.suppress(Stopped, ValueError, OSError):
        found = found or [entry[4][0] for entry in resolve(settings['relay_host'], options(settings), clock)]
    # A client leaves out what its host has no address for, such as all of IPv6.
    return sorted({item for item in found if _has_way(item)} or set(found))


def _by_dns(name: str) -> list[str]:
    """Return the addresses that a name has in DNS, none where that cannot be asked without /etc/hosts."""
    try:
        # Rows are made without a module, so without its run_command.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            ['getent', '-s', 'dns', 'ahosts', name], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]


def _has_way(address: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Nothing is sent.
            probe.connect((address, 9))
    except OSError:
        return False
    return True


def shown_by_gateway(settings: Mapping[str, Any]) -> list[Shown]:
    """Return what the gateway shows at each of its addresses, as far as chain and name are verified; nothing where it
    cannot be asked."""
    asked = options(settings, hosts=addresses(settings), timeout=PATIENCE, deadline=DEADLINE)
    try:
        verified = [certificate for dummy, certificate in examined(asked) if certificate] if asked['hosts'] else []
        return readable(verified)
    except (Stopped, ValueError, OSError):
        # What is wrong with the gateway, or with the files that this takes, is said by those who need them.
        return []


def server_rows(settings: Mapping[str, Any], result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on the gateway as a server. An address that cannot be reached keeps no mail waiting as long as
    there are others.

    Args:
        result: C(servers), or what a module that fails returns.
    """
    others = any(server['healthy'] for server in result.get('servers', ()))
    return [
        (
            dict(entry, status=GREEN, severity='medium', hint='Mail goes to its other addresses.')
            if entry['id'] == 'gateway.connect' and others
            else entry
        )
        for entry in smtp_rows(result, 'gateway', settings['roles']['preflight']['certificate_days'])
    ]


def usage_rows(settings: Mapping[str, Any], target: str, certificates: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return the rows of a preflight on what the gateway will show when it brings mail.

    Args:
        settings: the normalised settings.
        target: whose certificates they are.
        certificates: those that were verified (DER).
    """
    if not asks_for_certificate(settings):
        return []
    rows = []
    for certificate in readable(certificates):
        explicit = settings['inbound_certificate_fingerprints']
        if explicit and not certificate.has(explicit):
            rows.append(
                row(
                    'gateway.key',
                    target,
                    RED,
                    f'neither its certificate nor its key is in {EXPLICIT}, and its mail would wait',
                    f'Name it there if it is the right one, or leave {EXPLICIT} unset.',
                )
            )
        elif not certificate.for_clients:
            rows.append(
                row(
                    'gateway.usage',
                    target,
                    GREEN,
                    'its certificate is not for clients (no clientAuth): when it brings mail, it is checked by key',
                    severity='low',
                )
            )
    return rows


def known_rows(
    settings: Mapping[str, Any], certificates: Sequence[Shown], knows: Callable[[Shown], str]
) -> list[dict[str, Any]]:
    """Return the rows on whether this host lets in the gateway with what it shows.

    Args:
        settings: the normalised settings.
        certificates: of shown_by_gateway().
        knows: returns by what the mail server knows one, in words; empty when it does not.
    """
    identifier, target = 'inbound.certificate', settings['tls_name']
    if not asks_for_certificate(settings):
        return []
    if not certificates:
        finding = 'not compared: the gateway shows no certificate whose chain and name are verified'
        return [row(identifier, target, GREEN, finding, severity='low')]
    rows = []
    for certificate in certificates:
        known = knows(certificate)
        if known:
            usage = '' if certificate.for_clients else '; the certificate itself is not for clients (no clientAuth)'
            rows.append(row(identifier, target, GREEN, f'the gateway is known by its {known}{usage}'))
        else:
            named = bool(settings['inbound_certificate_fingerprints'])
            rows.append(
                row(
                    identifier,
                    target,
                    RED,
                    'the gateway shows a key that this server does not accept, and its certificate does not pass by'
                    ' name: its mail waits',
                    (
                        f'Name its fingerprint in {EXPLICIT}, or leave that unset; then run site.yml.'
                        if named
                        else 'Run site.yml: it learns the key.'
                    ),
                )
            )
    return rows
