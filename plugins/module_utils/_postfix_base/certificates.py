# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a Postfix knows the certificate of the gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import (
    DIGESTS,
    fingerprint,
    kept,
    remembered,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    certificates,
    learnt_fingerprints,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificate_policy import covers

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

# May be cured at the gateway, so it is a 4xx: its mail waits instead of bouncing.
NOT_NAMED = '450 4.7.1 A client certificate is required: trusted, and %s'
DIGEST_LENGTHS = {digest: length for length, digest in DIGESTS.items()}
NO_PYTHON = (
    'No Python of this host can be run by every user, and the name in the certificate of the gateway is compared by a'
    ' program that does not run as root: have /usr/bin/python3 there, or name the fingerprints of the certificate in'
    ' conbool_inbound_certificate_fingerprints'
)
NOT_LEARNT = (
    "The key of the gateway is not known, since the gateway showed no verified certificate. As long as that is so, its"
    ' mail is taken only with a certificate that is for clients (clientAuth); run site.yml again once it can be asked.'
)


def learnt(digests: Iterable[str], known: Iterable[str], gateway: Iterable[Shown]) -> list[str]:
    """Return the fingerprints of the gateway's public keys that count from now on, of each digest that is compared.

    Args:
        digests: as smtpd_tls_fingerprint_digest names them.
        known: what was learnt so far.
        gateway: what the gateway shows as a server.
    """
    found = []
    for digest in sorted(set(digests)):
        length = DIGEST_LENGTHS.get(digest)
        before = [item for item in known if len(item.replace(':', '')) == length]
        found += remembered(before, [fingerprint(shown.public_key, digest) for shown in gateway])
    return found


def learnt_before(data: bytes | None, intact: bool, gateway: Sequence[Shown]) -> list[str]:
    """Return the fingerprints that earlier runs have learnt, and that go on to count.

    Args:
        data: the table that they are kept in, None where there is none.
        intact: whether it is as the last run left it.
        gateway: what the gateway shows as a server.

    Raises:
        HostError: see kept().
    """
    return kept(learnt_fingerprints(decode(data or b'')), intact, gateway)


def known_by(certificate: Shown, table: str, settings: Mapping[str, Any]) -> str:
    """Return by what a gateway is let in that shows a certificate when it brings mail: its key, its name, or empty.

    Args:
        table: the text of the table of fingerprints.
        settings: what M(conbool.smtp_relay.settings) returned.
    """
    if certificate.has(certificates(table)):
        return 'key'
    # Postfix tells a policy service nothing but the common name.
    named = covers(certificate.common_name, settings['tls_name'])
    return 'name' if not settings['inbound_certificate_fingerprints'] and certificate.for_clients and named else ''


def unfit(explicit: Iterable[str], digest: str, whose: str) -> list[str]:
    """Return the fingerprints of the settings that a listener can never find, as problems.

    Args:
        digest: as its smtpd_tls_fingerprint_digest says.
        whose: the listener, in words.
    """
    length = DIGEST_LENGTHS.get(digest)
    return [
        f'conbool_inbound_certificate_fingerprints: {item!r} is not a fingerprint as {whose} compares them'
        f' (smtpd_tls_fingerprint_digest = {digest}): {length} hexadecimal digits'
        for item in explicit
        if length and len(item.replace(':', '')) != length
    ]
