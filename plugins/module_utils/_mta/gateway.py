# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a mail server knows the gateway when that is the client: what it shows as a server. Private to this
collection.

Public authorities do not issue certificates for TLS clients any more. The gateway then shows its server certificate,
which no mail server trusts for that purpose. Its key, seen in a verified handshake, is known all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

# How many fingerprints are kept: of the gateway's machines, and of their keys before the last renewals.
MOST_REMEMBERED = 4
# Which digest a fingerprint is of, by its number of hexadecimal digits.
DIGESTS = {32: 'md5', 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512'}


class Shown(NamedTuple):
    """A certificate of the gateway, as a server, whose chain and name were verified.

    C(certificate) and C(public_key) are DER, the latter the whole SubjectPublicKeyInfo. C(for_clients) says whether
    the certificate may be a client's as well.
    """

    certificate: bytes
    public_key: bytes
    common_name: str
    dns_names: tuple[str, ...]
    for_clients: bool

    def has(self, fingerprints: Iterable[str], key: bool = True) -> bool:
        """Return whether one of the fingerprints, of whichever digest, is that of its certificate or, if that counts,
        its public key."""
        parts = [self.certificate, self.public_key] if key else [self.certificate]
        own = {fingerprint(part, digest) for part in parts for digest in DIGESTS.values()} - {''}
        return not own.isdisjoint(fingerprints)


def fingerprint(data: bytes, digest: str) -> str:
    """Return the digest of something in DER as mail servers write it; empty when Python has no such digest."""
    try:
        return hashlib.new(digest, data).digest().hex(':').upper()
    except ValueError:
        return ''


def kept(known: Sequence[str], intact: bool, gateway: Sequence[Shown]) -> list[str]:
    """Return those of the fingerprints of the runs before that go on to count.

    Args:
        known: what stands where they are kept.
        intact: whether that is as the last run left it. Otherwise nobody knows whose they are, and only those count
            that the gateway shows now.
        gateway: what it shows.

    Raises:
        HostError: it shows nothing now. Without them its mail would be refused, with them somebody else's might not.
    """
    if known and not intact and not gateway:
        raise HostError(
            'The fingerprints by which the gateway is known are not those that the last run wrote, and it cannot be'
            ' asked for its own now. Run it again when it can be reached, or name them in'
            ' conbool_inbound_certificate_fingerprints'
        )
    return [item for item in known if intact or any(shown.has([item]) for shown in gateway)]


def remembered(known: Sequence[str], seen: Iterable[str]) -> list[str]:
    """Return the fingerprints that count from now on.

    What is not seen any more stays until newer ones need its place: a gateway may have several machines, and renews
    the keys of one after the other. So nothing changes while nothing new is seen.

    Args:
        known: those of the runs before, the newest first.
        seen: those of this run, none when the gateway could not be asked.
    """
    new = sorted(item for item in set(seen) - set(known) if item)
    return (new + list(known))[: max(MOST_REMEMBERED, len(new))] if new else list(known)
