# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message as bytes: header fields are read and put in front, everything else stays as it came."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email.utils import formatdate

PROGRAM = 'Kerio Connect'
FIELD = re.compile(rb'^([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)', re.MULTILINE)
# The double's own stand-in for DKIM: it knows whether signed fields and body are as they were, and no more.
SIGNATURE = 'DKIM-Signature'
KEY = b'lab'
SIGNED = ('from', 'to', 'subject', 'message-id')


def head(raw: bytes) -> bytes:
    """The header, without the empty line."""
    return raw.partition(b'\r\n\r\n')[0]


def fields(raw: bytes) -> list[tuple[str, str]]:
    """(name in lower case, value as it stands, with its line ends) in the message's order."""
    return [
        (match.group(1).decode('ascii').lower(), match.group(2).decode('utf-8', 'surrogateescape'))
        for match in FIELD.finditer(head(raw))
    ]


def values(raw: bytes, name: str) -> list[str]:
    """The values of a header, unfolded."""
    return [unfolded(value) for key, value in fields(raw) if key == name.lower()]


def unfolded(value: str) -> str:
    return re.sub(r'\r\n(?=[ \t])', '', value).strip()


def prepended(raw: bytes, *lines: str) -> bytes:
    """With fields in front of all others, the last one first."""
    for line in lines:
        raw = line.encode('utf-8', 'surrogateescape') + b'\r\n' + raw
    return raw


def without(raw: bytes, names: tuple[str, ...]) -> bytes:
    """Without all fields of these names, in lower case."""
    start, blank, body = raw.partition(b'\r\n\r\n')
    kept = FIELD.sub(lambda match: b'' if match.group(1).decode().lower() in names else match.group(), start)
    return b'\r\n'.join(line for line in kept.split(b'\r\n') if line) + blank + body


def received(state, helo, address, recipients, user='', tls=None, protocol='ESMTP', hide_address=False) -> str:
    """The line that this server writes for a message that comes in.

    Args:
        tls: (version, cipher, bits), or None.
        protocol: ESMTP, ESMTPS, ESMTPA or ESMTPSA; said from 9.x on.
        hide_address: the client is a local one whose address is not for others to see.
    """
    told = [f'from {helo}' + ('' if hide_address else f' ([{address}])')]
    if user:
        told.append(f'(authenticated user {user})')
    line = f'by {state.data["hostname"]}'
    if state.data['advanced']['miscellaneous']['showProgramNameAndVersion']:
        version = '.'.join(str(number) for number in state.profile.numbers)
        line += f' ({PROGRAM} {version})'
    new = state.profile.numbers >= (9,)
    if new:
        line += f' with {protocol}'
    told.append(line)
    if tls:
        version, cipher, bits = tls
        told.append(f'(using {version} with cipher {cipher} ({bits} bits))')
    if len(recipients) == 1:
        told.append(f'for {recipients[0]}')
    return 'Received: ' + '\r\n\t'.join(told) + ';\r\n\t' + formatdate(localtime=True)


def by_webmail(state, user: str, recipients: list[str]) -> str:
    """The line of a message that a user wrote in the browser; '' where there is none."""
    way = state.profile.webmail_received
    if way == 'none':
        return ''
    return received(
        state, '127.0.0.1', '127.0.0.1', recipients, user if way == 'authenticated' else '', protocol='HTTP'
    )


def footer(sender: str) -> str:
    """The line that goes out with all mail."""
    return 'X-Footer: ' + base64.b64encode(sender.rpartition('@')[2].encode()).decode()


# --- the signature


def signed(raw: bytes, conbool: bool) -> bytes:
    """With a signature over some fields and the body.

    Args:
        conbool: whether headers of the gateway are signed too.
    """
    names = [*SIGNED, *({name for name, dummy in fields(raw) if name.startswith('x-conbool-')} if conbool else ())]
    return prepended(raw, f'{SIGNATURE}: v=1; a=lab-hmac; h={":".join(names)}; b={_digest(raw, names)}')


def signature_holds(raw: bytes) -> bool | None:
    """None where there is no signature of the double."""
    for value in values(raw, SIGNATURE):
        if found := re.search(r'a=lab-hmac; h=([^;]+); b=(\w+)', value):
            return hmac.compare_digest(found.group(2), _digest(raw, found.group(1).split(':')))
    return None


def _digest(raw, names):
    text = ''.join(f'{name}:{"|".join(values(raw, name))}\n' for name in names)
    body = raw.partition(b'\r\n\r\n')[2]
    return hmac.new(KEY, text.encode('utf-8', 'surrogateescape') + body, hashlib.sha256).hexdigest()
