# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every finding that the DNS checks can report: its status, how bad it is, what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED, UNKNOWN

_ASK_AGAIN = 'Ask again later or other name servers (nameservers); nothing is known to be wrong.'

# id: (status, severity, finding, hint)
CATALOGUE = {
    'mx.ok': (GREEN, 'info', 'all mail goes to the gateway', ''),
    'mx.partial': (
        GREEN,
        'low',
        'all mail goes to the gateway, but {missing} is not used',
        'Add the missing target, so that mail arrives when the other one is down.',
    ),
    'mx.unknown': (UNKNOWN, 'medium', 'MX could not be looked up: {reason}', _ASK_AGAIN),
    'mx.target_unknown': (UNKNOWN, 'medium', 'addresses of {target} could not be looked up: {reason}', _ASK_AGAIN),
    'mx.no_domain': (
        RED,
        'critical',
        'the domain does not exist',
        'Check the spelling, the registration and the delegation of the domain.',
    ),
    'mx.missing': (
        RED,
        'critical',
        'no MX record: senders try the address of the domain itself',
        'Publish an MX record that names {wanted}.',
    ),
    'mx.null': (
        RED,
        'critical',
        'null MX: the domain says that it takes no mail (RFC 7505)',
        'Replace it by an MX record that names {wanted}.',
    ),
    'mx.null_mixed': (RED, 'high', 'null MX beside other MX records (RFC 7505)', 'Remove the record "0 .".'),
    'mx.elsewhere': (
        RED,
        'critical',
        'no mail goes to the gateway',
        'Make the MX records name {wanted} and nothing else.',
    ),
    'mx.bypass': (
        RED,
        'critical',
        'mail through {others} bypasses the gateway',
        'Remove the MX records of {others}. Senders of spam try the least preferred ones first.',
    ),
    'mx.cname': (
        RED,
        'medium',
        '{target} is an alias of {real}; an MX target must not be one (RFC 5321, 5.1)',
        'Name the host itself in the MX record.',
    ),
    'mx.dangling': (RED, 'high', '{target} has no address', 'Publish an address for it, or correct the MX record.'),
    'mx.address': (
        RED,
        'high',
        '{target} is an IP address; MX records need a name (RFC 1035, 3.3.9)',
        'Make the MX record name {wanted}.',
    ),
    'spf.ok': (GREEN, 'info', 'the policy authorises the gateway', ''),
    'spf.pass_all': (
        GREEN,
        'medium',
        'the policy authorises everyone (+all)',
        'Authorise the gateway by name and end the record with -all or ~all.',
    ),
    'spf.unknown': (UNKNOWN, 'medium', 'SPF could not be evaluated: {reason}', _ASK_AGAIN),
    'spf.no_addresses': (
        UNKNOWN,
        'medium',
        'the addresses of the gateway are not known: {reason}',
        'Set spf_addresses.',
    ),
    'spf.missing': (RED, 'high', 'no SPF record', 'Publish a TXT record "v=spf1 ... -all" that authorises {client}.'),
    'spf.multiple': (RED, 'high', '{count} SPF records, so none counts (RFC 7208, 4.5)', 'Merge them into one record.'),
    'spf.permerror': (
        RED,
        'high',
        'the policy cannot be evaluated: {reason}',
        'Correct the record; until then receivers treat all mail of the domain as unauthenticated.',
    ),
    'spf.not_authorised': (
        RED,
        'high',
        'the policy answers {result} for {client}',
        'Add the gateway, for example its include:, in front of the all mechanism.',
    ),
    'dkim.ok': (GREEN, 'info', 'selector {selector} has a {key} key', ''),
    'dkim.short': (
        GREEN,
        'low',
        'selector {selector} has a {key} key; 2048 bits are recommended (RFC 8301)',
        'Roll over to a key of 2048 bits.',
    ),
    'dkim.testing': (
        GREEN,
        'low',
        'selector {selector} is marked as test (t=y): receivers may ignore its signatures',
        'Remove t=y when signing works.',
    ),
    'dkim.unknown': (UNKNOWN, 'medium', 'selector {selector} could not be looked up: {reason}', _ASK_AGAIN),
    'dkim.missing': (
        RED,
        'high',
        'selector {selector} has no record',
        'Publish the TXT or CNAME record that the gateway shows for {name}.',
    ),
    'dkim.dangling': (
        RED,
        'high',
        'selector {selector} is an alias of {target}, which has no record',
        'Correct the CNAME, or create the key at the gateway.',
    ),
    'dkim.multiple': (
        RED,
        'high',
        'selector {selector} has {count} TXT records (RFC 6376, 3.6.2.2)',
        'Keep the one with the current key.',
    ),
    'dkim.revoked': (
        RED,
        'high',
        'the key of selector {selector} is revoked (empty p=)',
        'Publish the current key, or sign with another selector.',
    ),
    'dkim.unparsable': (
        RED,
        'high',
        'selector {selector} is not a valid key: {reason}',
        'Publish the record again, exactly as the gateway shows it.',
    ),
    'dkim.weak': (
        RED,
        'high',
        'selector {selector} has a {key} key; receivers must reject less than 1024 bits (RFC 8301)',
        'Roll over to a key of 2048 bits.',
    ),
    'dmarc.ok': (GREEN, 'info', 'policy {policy}', ''),
    'dmarc.inherited': (GREEN, 'info', 'policy {policy}, inherited from {source}', ''),
    'dmarc.sampled': (
        GREEN,
        'low',
        'policy {policy}, for {percent} % of the mail at receivers that still know pct= (RFC 7489)',
        'Remove pct=; RFC 9989 does not have it.',
    ),
    'dmarc.unknown': (UNKNOWN, 'medium', 'DMARC could not be looked up: {reason}', _ASK_AGAIN),
    'dmarc.missing': (
        RED,
        'high',
        'no DMARC record',
        'Publish a TXT record "v=DMARC1; p={wanted}" at _dmarc.{domain}.',
    ),
    'dmarc.multiple': (
        RED,
        'high',
        '{count} DMARC records, so none counts (RFC 9989, 4.10)',
        'Keep one record at _dmarc.{domain}.',
    ),
    'dmarc.invalid': (
        RED,
        'high',
        'the DMARC record is not valid, and receivers ignore it: {reason}',
        'Correct the record at {name}.',
    ),
    'dmarc.fallback': (
        RED,
        'high',
        'receivers take the DMARC record for p=none (RFC 9989, 4.10.1): {reason}',
        'Correct the record at {name}.',
    ),
    'dmarc.tags': (GREEN, 'low', 'of the DMARC record, not all counts: {reason}', 'Correct the record at {name}.'),
    'dmarc.weak': (
        RED,
        'medium',
        'policy {policy} is less strict than {wanted}',
        'Set {tag}={wanted} at {name} once the reports show that legitimate mail passes.',
    ),
    'dmarc.testing': (
        RED,
        'medium',
        'policy {written} counts as {policy} because of the test mode t=y (RFC 9989, 4.7)',
        'Remove t=y at {name}.',
    ),
    'ownership.ok': (GREEN, 'info', 'the ownership record is published', ''),
    'ownership.unknown': (UNKNOWN, 'medium', 'the ownership record could not be looked up: {reason}', _ASK_AGAIN),
    'ownership.missing': (
        RED,
        'medium',
        'the ownership record is not published',
        'Publish it as a TXT record of {domain}.',
    ),
}


def finding(identifier: str, domain: str, seen: Iterable[str] = (), expected: str = '', **words: Any) -> dict[str, Any]:
    """One result row."""
    status, severity, text, hint = CATALOGUE[identifier]
    words['domain'] = domain
    return {
        'id': identifier,
        'domain': domain,
        'status': status,
        'severity': severity,
        'finding': text.format(**words),
        'seen': list(seen),
        'expected': expected,
        'hint': hint.format(**words),
    }
