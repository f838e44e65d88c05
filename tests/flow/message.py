# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the message of a case, byte for byte as the case says.

Not with the email package: it would tidy up what the cases are about (case, folding, white space).
"""

from __future__ import annotations

import secrets
from email.utils import formatdate

FILLER = b'x' * 76 + b'\r\n'
FOLDED_LINE = 900  # longer lines are cut by servers


def new_run():
    """A prefix that tells the messages of this run from all others."""
    return f'flow-{secrets.token_hex(3)}'


def token(run, number):
    # Of fixed length, so that no token is the beginning of another one.
    return f'{run}{number:04x}'


def render(inject, title, own_token, size=None):
    """The message of `inject` as bytes with CRLF; padded to `size`, or one byte less, when given."""
    if 'raw' in inject:
        lines = inject['raw'].replace('{token}', own_token).splitlines()
    else:
        lines = _envelope_headers(inject, title, own_token)
        for header in inject.get('headers', []):
            lines += header.splitlines() if isinstance(header, str) else _long_header(header['name'], header['length'])
        lines.append('MIME-Version: 1.0')
        lines += _entity(inject, 'b' + own_token.replace('-', ''), default_body=f'Token: {own_token}')
    content = '\r\n'.join(lines).encode() + b'\r\n'
    if 'hidden' in inject:
        return content[:-2] + inject['hidden'].encode() + _second_message(own_token)
    if size is not None:
        missing = size - len(content)
        content += FILLER * (missing // len(FILLER))
        rest = missing % len(FILLER)
        content += b'x' * (rest - 2) + b'\r\n' if rest >= 2 else b''
    return content


def _second_message(own_token):
    """What a server that sees an end where none is takes for commands and a message of their own."""
    lines = ['MAIL FROM:<hidden@external.test>', 'RCPT TO:<bob@example.com>', 'DATA', 'From: hidden@external.test']
    return '\r\n'.join([*lines, f'Subject: {own_token}: hidden', 'X-Conbool-Released: yes', '', 'hidden']).encode()


def _envelope_headers(inject, title, own_token):
    sender = inject['from'] if inject['from'] != '<>' else 'MAILER-DAEMON@example.com'
    return [
        f'From: {sender}',
        'To: {}'.format(inject['to'][0]),
        f'Date: {formatdate()}',
        f'Message-ID: <{own_token}@flow.example.com>',
        'Subject: {}: {}'.format(own_token, title.encode('ascii', 'replace').decode()),
    ]


def _long_header(name, length):
    lines = ['{}: {}'.format(name, 'x' * min(length, FOLDED_LINE))]
    for start in range(FOLDED_LINE, length, FOLDED_LINE):
        lines.append(' ' + 'x' * min(FOLDED_LINE, length - start))
    return lines


def _entity(part, boundary, default_body=''):
    """Content headers, empty line and body of a message or of a part of it."""
    if 'parts' not in part:
        body = part.get('body', default_body)
        transfer = '8bit' if not body.isascii() else '7bit'
        content_type = 'Content-Type: {}'.format(part.get('type', 'text/plain; charset=utf-8'))
        return content_type.splitlines() + [f'Content-Transfer-Encoding: {transfer}', ''] + body.splitlines()
    lines = ('Content-Type: {}; boundary="{}"'.format(part.get('type', 'multipart/mixed'), boundary)).splitlines() + [
        ''
    ]
    for number, inner in enumerate(part['parts']):
        lines.append('--' + boundary)
        lines += inner.get('headers', [])
        lines += _entity(inner, f'{boundary}.{number}')
    return lines + [f'--{boundary}--']
