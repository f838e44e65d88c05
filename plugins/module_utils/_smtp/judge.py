# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the facts of a mail server mean, given what is expected of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.probe import Facts

REACHABLE = 'SMTP reachable'
NOT_REACHABLE = 'SMTP not reachable'
MOST_NAMED = 5

# Not the server's doing: with these nothing is known about whether others can reach it.
NOT_ASKED = ('resolve', 'source_address', 'deadline')


def _row(
    kind: str, finding: str, seen: Any = None, expected: Any = None, hint: str | None = None, severity: str = 'error'
) -> dict[str, Any]:
    return {'id': kind, 'severity': severity, 'finding': finding, 'seen': seen, 'expected': expected, 'hint': hint}


def _must_not_be_reachable(facts: Facts) -> list[dict[str, Any]]:
    if facts['reachable']:
        return [
            _row(
                'reachable',
                'the server is reachable, although it should not be',
                facts['banner'],
                NOT_REACHABLE,
                'Check the firewall and the server\'s client restrictions.',
            )
        ]
    return [_row(**trouble) for trouble in facts.troubles if trouble['kind'] in NOT_ASKED]


def _tls(facts: Facts, expect: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _starttls(facts, expect) + _name(facts, expect) + _certificates(facts, expect)


def _starttls(facts: Facts, expect: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    # What is asked of a certificate needs one.
    needed = expect['starttls'] or expect['client_certificate_requested'] or expect['min_days_left'] is not None
    if needed and facts['starttls_offered'] is False:
        rows.append(
            _row(
                'starttls_offered',
                'the server does not offer STARTTLS',
                ' '.join(facts['extensions']),
                'STARTTLS',
                'Turn TLS on at the server; a firewall that inspects SMTP may hide it.',
            )
        )
    if facts['plaintext_injected'] is not None:
        rows.append(
            _row(
                'plaintext_injected',
                'plaintext came after the reply to STARTTLS, in front of TLS; it was discarded',
                facts['plaintext_injected'],
                'nothing',
                'Somebody between here and the server, or the server itself, tries command injection (CVE-2011-0411).',
            )
        )
    return rows


def _name(facts: Facts, expect: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    if expect['name_verified'] and facts['name_verified'] is False:
        names = ', '.join(facts['certificate']['subject_alt_names']) or facts['certificate']['subject']
        rows.append(
            _row(
                'name',
                'the certificate is not for {}'.format(facts['tls_name']),
                names,
                facts['tls_name'],
                'If another name is the right one, give it in tls_name.',
            )
        )
    if (facts['matched_name'] or '').startswith('CN:'):
        rows.append(
            _row(
                'common_name',
                'the certificate has the name only as its common name, which many mail servers ignore (RFC 9525)',
                facts['matched_name'],
                'DNS:' + facts['tls_name'],
                'Put the name into the next certificate\'s subject alternative names.',
                severity='warning',
            )
        )
    return rows


def _certificates(facts: Facts, expect: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of what is asked of both sides' certificates, apart from the server's name."""
    rows = []
    if expect['client_certificate_requested'] and facts['client_certificate_requested'] is False:
        rows.append(
            _row(
                'client_certificate_requested',
                'the server does not ask for a client certificate',
                expected='a certificate request',
            )
        )
    days_left, wanted = facts['certificate'].get('days_left'), expect['min_days_left']
    # A certificate that has expired is said to be so by the chain.
    if (
        wanted is not None
        and days_left is not None
        and days_left < wanted
        and not (days_left < 0 and expect['chain_verified'])
    ):
        rows.append(
            _row(
                'days_left',
                'the certificate expires too soon: {}'.format(facts['certificate']['not_after']),
                days_left,
                wanted,
                'Renew the certificate.',
            )
        )
    return rows


def verdict(answer: Mapping[str, Any]) -> str:
    """What a reply to the probe says about the recipient."""
    if answer['step'] == 'mail':
        return 'unknown'
    return {2: 'accepted', 4: 'deferred', 5: 'refused'}.get(answer['code'] // 100, 'unknown')


def _recipients(facts: Facts, expect: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for wanted, recipients in (('accepted', expect['accepts']), ('refused', expect['refuses'])):
        for answer in facts['recipients']:
            if answer['recipient'] not in recipients or answer['verdict'] == wanted:
                continue
            if answer['step'] == 'mail':
                finding = 'the sender was refused, so nothing is known about recipient {}'.format(answer['recipient'])
            else:
                finding = 'recipient {} is {}'.format(answer['recipient'], answer['verdict'])
            deferred = answer['verdict'] == 'deferred'
            hint = 'A greylisting server accepts a later try.' if deferred else None
            # Postfix's defer_unauth_destination, on by default in Debian, puts off what it would never accept.
            rows.append(
                _row(
                    'recipient',
                    finding,
                    answer['reply'],
                    wanted,
                    hint,
                    'warning' if deferred and wanted == 'refused' else 'error',
                )
            )
    return rows


def judge(facts: Facts, expect: Mapping[str, Any]) -> dict[str, Any]:
    """The result for one server: its facts, the findings, whether it is healthy, and its status in words.

    Args:
        facts: of _smtp_probe.examine().
        expect: the module's expectations, complete.
    """
    recipients = [dict(answer, verdict=verdict(answer)) for answer in facts['recipients']]
    facts['recipients'] = recipients
    if expect['reachable']:
        findings = [
            _row(**trouble) for trouble in facts.troubles if trouble['kind'] != 'chain' or expect['chain_verified']
        ]
        findings += _tls(facts, expect) + _recipients(facts, expect)
    else:
        findings = _must_not_be_reachable(facts)
    errors = [row['finding'] for row in findings if row['severity'] == 'error']
    status = REACHABLE if facts['reachable'] else NOT_REACHABLE
    return dict(facts, findings=findings, healthy=not errors, status=errors[0] if errors else status)


def summary(servers: Iterable[Mapping[str, Any]]) -> str:
    """What is wrong with which server, in a line."""
    unhealthy = [
        '{} port {}: {}'.format(
            server['host'],
            server['port'],
            '; '.join(
                row['finding'] + (' (seen: {})'.format(row['seen']) if row['seen'] else '')
                for row in server['findings']
                if row['severity'] == 'error'
            ),
        )
        for server in servers
        if not server['healthy']
    ]
    more = len(unhealthy) - MOST_NAMED
    return '. '.join(unhealthy[:MOST_NAMED]) + (f'. {more} more servers are not as expected' if more > 0 else '')
