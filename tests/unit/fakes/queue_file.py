# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queue files as cleanup(8) writes them (record.h in Postfix's source)."""

from __future__ import annotations

from pathlib import Path

SIZE = '%15ld %15ld %15ld %15ld %15ld %15ld'.replace('ld', 'd')


def record(kind, text):
    data, length = text.encode(), len(text.encode())
    assert length < 128 * 128
    size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return kind.encode() + size + data


def message(envelope_filter=None, header_filter=None, body=('hello',), recipients=('bob@example.com',)):
    """Return a queue file. The first FILTER is what smtpd(8) writes, the second what header checks do."""
    head = b''.join(
        [record('T', '1700000000 1')]
        + ([record('L', envelope_filter)] if envelope_filter else [])
        + [record('S', 'alice@example.com')]
        + [record('R', recipient) for recipient in recipients]
    )
    content = b''.join(record('N', line) for line in ('Subject: x', '', *body))
    start = len(record('C', SIZE % ((0,) * 6))) + len(head) + len(record('M', ''))
    first = record('C', SIZE % (len(content), start, len(recipients), 0, len(content), 0))
    tail = record('X', '') + (record('L', header_filter) if header_filter else b'') + record('E', '')
    return first + head + record('M', '') + content + tail


def records(data, offset=0):
    """Yield (offset, type, text) of the records of the envelope, as postcat -e reads them."""
    skip = begin = None
    while offset < len(data):
        kind, length, shift = chr(data[offset]), 0, 0
        begin = offset if begin is None else begin
        offset += 1
        while True:
            length |= (data[offset] & 127) << shift
            offset, shift, more = offset + 1, shift + 7, data[offset] & 128
            if not more:
                break
        text = data[offset : offset + length].decode()
        offset += length
        if kind == 'p':
            # It is followed, and what is there counts as if it were here.
            offset = int(text)
            continue
        yield begin, kind, text
        begin = None
        if kind == 'C':
            size, start = map(int, text.split()[:2])
            skip = start + size
        if kind == 'M':
            offset = skip
        if kind == 'E':
            return


def filters(path):
    """Return the FILTERs that are in force."""
    return [text for dummy, kind, text in records(Path(path).read_bytes()) if kind == 'L']
