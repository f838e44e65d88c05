# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which certificate Exim knows the gateway when that brings mail.

Exim has the fingerprint of a whole certificate, of one that is not trusted as well. There is none of its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import expressions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import (
    DIGESTS,
    fingerprint,
    kept,
    remembered,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import asks_for_certificate

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

ALGORITHM = 'sha256'
# Digests of certificates that Exim's expansions have.
DIGESTS_THERE = ('md5', 'sha1', 'sha256')
VARIABLE = 'conbool_inbound_certificate_fingerprints'
# In front of the fingerprints that a run has learnt, in our text.
LEARNT = '# learnt: '


def digest_of(item: str) -> str:
    return DIGESTS[len(item.replace(':', ''))]


def condition(settings: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the condition that a client's certificate is the gateway's. Fingerprints in the settings are the only ones
    that count.

    Args:
        known: of learnt().
    """
    explicit = settings['inbound_certificate_fingerprints']
    if explicit:
        kinds = sorted({digest_of(item) for item in explicit})
        return expressions.any_of(
            expressions.by_fingerprint(kind, [item for item in explicit if digest_of(item) == kind]) for kind in kinds
        )
    name = expressions.by_name(settings['tls_name'])
    return expressions.any_of([expressions.by_fingerprint(ALGORITHM, known), name]) if known else name


def remark(known: Sequence[str]) -> str:
    """Return the lines by which the next run knows what this one has learnt."""
    return ''.join(f'{LEARNT}{item}\n' for item in known)


def in_text(text: str) -> list[str]:
    """Return the fingerprints that remark() has written."""
    return [line[len(LEARNT) :] for line in text.split('\n') if line.startswith(LEARNT)]


def learnt(present: str, gateway: Sequence[Shown], intact: bool = True) -> list[str]:
    """Return the fingerprints of the gateway's certificates that count from now on.

    Args:
        present: our text as it is.
        gateway: what the gateway shows as a server.
        intact: whether the text is as the last run left it.
    """
    known = kept(in_text(present), intact, gateway)
    return remembered(known, [fingerprint(shown.certificate, ALGORITHM) for shown in gateway])


def complaints(settings: Mapping[str, Any], gateway: Iterable[Shown]) -> list[str]:
    """Return what is wrong with the fingerprints in the settings.

    Args:
        gateway: what the gateway shows as a server.
    """
    if not asks_for_certificate(settings):
        return []
    explicit = settings['inbound_certificate_fingerprints']
    found = [
        f'{VARIABLE}: {item!r} cannot be used, Exim has no fingerprints by {digest_of(item)}: name that by sha256'
        for item in explicit
        if digest_of(item) not in DIGESTS_THERE
    ]
    return found + [
        f'{VARIABLE}: {item!r} is the fingerprint of the key of the gateway, and Exim compares that of the certificate:'
        f' name {fingerprint(shown.certificate, ALGORITHM)} instead'
        for item in explicit
        for shown in gateway
        if item == fingerprint(shown.public_key, digest_of(item))
    ]


def warnings(settings: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    """Return what a person should know of the way in which the gateway is told from others."""
    if not asks_for_certificate(settings) or settings['inbound_certificate_fingerprints'] or known:
        return []
    return [
        'The gateway is known by the name in its certificate only, since it showed no verified certificate. Run'
        ' site.yml again once it can be asked'
    ]


def knows(shown: Shown, settings: Mapping[str, Any], present: str, features: Sequence[str]) -> str:
    """Return by what a certificate is known, empty when it is not.

    Args:
        present: our text as it is.
        features: what Exim was built with. With GnuTLS, it does not look at what a certificate is for.
    """
    explicit = settings['inbound_certificate_fingerprints']
    if shown.has(explicit or in_text(present), key=False):
        return 'certificate'
    names = {item.lower() for item in shown.dns_names} or {shown.common_name.lower()}
    fits = 'GnuTLS' in features or shown.for_clients
    return 'name' if not explicit and fits and settings['tls_name'] in names else ''
