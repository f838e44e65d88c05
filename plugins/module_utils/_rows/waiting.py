# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a message waits for something that a person has to mend, or that time mends. Private to this collection."""

from __future__ import annotations

import re

# Seconds after which a message that nobody has tried to send is not just new.
OLD = 600
# Seconds after which "later" has meant "never": greylisting lets a message in at its second or third try.
LASTING = 3600
_TLS = re.compile(
    r'certificate (not|of the gateway)|TLS is required|start TLS|TLS engine|TLS handshake|STARTTLS|\bTLS\b.*fail',
    re.IGNORECASE,
)
# The next hop is known, and there is nobody to hand the message to; or nobody shall (defer_transports), which in other
# queues may be the site's own wish.
_TRANSPORT, _DEFERRED = re.compile(r'mail transport'), re.compile(r'\bdeferred transport')
# A host whose name stands in the reason.
_HOST = re.compile(r'[\w.-]+\[[\da-fA-F.:]+\]')
# What a server says that does not want our mail, whoever it is for (RFC 3463, X.7.Y).
_POLICY = re.compile(r' said: [45]\d\d[ -][45]\.7\.')
# What it will want by itself, as it says; some greylisting says it of the mailbox (X.2.0).
_LATER = re.compile(r' said: 4.*\b(gr[ae]y|(later|again|wait|too (many|much|fast)|rate)\b|temporar)', re.IGNORECASE)
_GREYLISTED = re.compile(r' said: 4.*\bgr[ae]y-?list', re.IGNORECASE)


def is_stuck(reason: str, age: float, to: str, tls: bool = True) -> bool:
    """Return whether a message that waits is a matter for a person: TLS with the next hop, the connection to it, or
    nobody tries at all.

    Args:
        reason: why it waits in the mail server's words, empty when it was not tried yet.
        age: seconds since it came.
        to: name or address of the next hop, as it stands in the mail server's words.
        tls: whether it is spoken to with TLS, so that a certificate that is not accepted, of which the reason does not
            say whose it is, is taken for its own; and whether it is the last queue before the gateway.
    """
    if not reason:
        return age > OLD
    if _TRANSPORT.search(reason) or (tls and _DEFERRED.search(reason)):
        return True
    if tls and _TLS.search(reason):
        return to in reason or not _HOST.search(reason)
    if not to or to not in reason:
        return False
    if 'in reply to RCPT TO' in reason:
        # A recipient that the next hop cannot judge now is no matter of the way there, and greylisting ends by itself.
        if not _POLICY.search(reason) and not _GREYLISTED.search(reason):
            return False
        if _LATER.search(reason):
            return age > LASTING
    return age > OLD or ' said: ' not in reason
