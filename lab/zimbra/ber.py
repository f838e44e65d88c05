# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The little of ASN.1's basic encoding rules that LDAP (RFC 4511) needs: one-byte tags, definite lengths."""

from __future__ import annotations

from typing import BinaryIO

INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x02, 0x04, 0x0A, 0x30, 0x31


def encode(tag: int, *parts: bytes) -> bytes:
    content = b''.join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, 'big')
    return bytes((tag, 0x80 | len(size))) + size + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    return encode(tag, value.to_bytes(value.bit_length() // 8 + 1, 'big', signed=True))


def text(value: str) -> bytes:
    return encode(OCTETS, value.encode())


def read(stream: BinaryIO) -> tuple[int, bytes] | None:
    """The next element of a stream, as tag and content; None at its end. Raises EOFError in the middle of one."""
    tag = stream.read(1)
    if not tag:
        return None
    length = _exactly(stream, 1)[0]
    if length & 0x80:
        length = int.from_bytes(_exactly(stream, length & 0x7F), 'big')
    return tag[0], _exactly(stream, length)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError('the other side ended in the middle of an element')
    return data


def parts(content: bytes) -> list[tuple[int, bytes]]:
    """The elements that a constructed one is made of."""
    found, position = [], 0
    while position < len(content):
        tag, length = content[position], content[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(content[position : position + size], 'big')
            position += size
        found.append((tag, content[position : position + length]))
        position += length
    return found


def number(content: bytes) -> int:
    return int.from_bytes(content, 'big', signed=True)
