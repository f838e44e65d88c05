# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue file of Postfix: its records, and the FILTER in them. Private to this collection.

They are read here, since C(postcat -eo) takes its time for each message."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

# REC_TYPE_FILT, KILL, PTR, SIZE, MESG and END (rec_type.h in Postfix's source).
FILTER, STRUCK_OUT, POINTER, SIZES, MESSAGE, END = b'L', b'K', b'p', b'C', b'M', b'E'
MOST_JUMPS, DEEPEST = 10000, 20
BLOCK = 4096
# The first record of a queue file: the length of the message, and where it begins.
SIZE = re.compile(rb'C[\x00-\xff] *(\d+) +(\d+) ')


def envelope(path: str) -> bytes:
    """Return what a queue file has before and behind the message itself; of one without a length, all of it."""
    try:
        with open(path, 'rb') as stream:
            first = stream.read(BLOCK)
            match = SIZE.match(first)
            if match is None:
                return first + stream.read()
            length, offset = int(match.group(1)), int(match.group(2))
            front = first[:offset] + stream.read(max(0, offset - len(first)))
            stream.seek(offset + length)
            return front + stream.read()
    except OSError:
        # Delivered in the meantime, or on its way to the next queue.
        return b''


def filters(path: str) -> list[tuple[int, str]]:
    """Return where the FILTERs of a message are that are in force, and what they say; of one that has just been moved
    none, it is found where it is the next time."""
    try:
        with open(path, 'rb') as stream:
            return [(offset, decode(data)) for offset, kind, data in _records(stream) if kind == FILTER]
    except (OSError, ValueError, IndexError):
        return []


def _records(stream: BinaryIO) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield offset, type and data of each record of a queue file, without the message itself. That of a record to which
    a pointer leads is the pointer's."""
    behind, begin, jumps = 0, -1, 0
    while True:
        begin = stream.tell() if begin < 0 else begin
        kind = stream.read(1)
        if not kind:
            return
        data = stream.read(_length(stream))
        if kind == POINTER and int(data):
            jumps += 1
            if jumps > MOST_JUMPS:
                raise ValueError(f'{stream.name}: its pointers lead nowhere')
            stream.seek(int(data))
            continue
        yield begin, kind, data
        begin = -1
        if kind == SIZES:
            length, start = map(int, data.split()[:2])
            behind = start + length
        elif kind == MESSAGE:
            stream.seek(behind)
        elif kind == END:
            return


def _length(stream: BinaryIO) -> int:
    """Return the length of a record, 7 bits in each byte and the lowest first."""
    length, position = 0, 0
    while True:
        byte = stream.read(1)[0]
        length |= (byte & 127) << position
        position += 7
        if byte < 128:
            return length


def strike_out(path: str, offset: int) -> None:
    """Have a message take the ordinary way, whatever queue it is in; one on hold stays there.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    with open(path, 'r+b') as stream:
        offset, dummy, begin = _located(stream, offset)
        if begin >= 0:
            stream.seek(offset)
            stream.write(STRUCK_OUT)
            stream.flush()
            os.fsync(stream.fileno())


def lead(path: str, offset: int, value: str) -> None:
    """Have the FILTER of a message have another value, whatever queue it is in.

    A record cannot grow. So it becomes a pointer to a new one behind the end of the file, which leads back, as
    cleanup(8) does it with what a milter changes (cleanup_extracted.c, record.h).

    Raises:
        FileNotFoundError: it is not there any more.
    """
    with open(path, 'r+b') as stream:
        offset, length, begin = _located(stream, offset)
        if begin < 0:
            return
        place = stream.seek(0, os.SEEK_END)
        stream.write(record(FILTER, encode(value)) + record(POINTER, b'%15d' % (begin + length)))
        stream.flush()
        os.fsync(stream.fileno())
        stream.seek(offset)
        head = stream.read(begin - offset)
        stream.seek(offset)
        stream.write(POINTER + head[1:] + b'%*d' % (length, place))
        stream.flush()
        os.fsync(stream.fileno())


def _located(stream: BinaryIO, offset: int) -> tuple[int, int, int]:
    """Return where the record of a FILTER is, the length of its value, and where that begins: -1 when there is none.

    Args:
        offset: of a pointer to it perhaps.
    """
    for dummy in range(DEEPEST):
        stream.seek(offset)
        kind = stream.read(1)
        length = _length(stream) if kind in (FILTER, POINTER) else 0
        begin = stream.tell()
        if kind != POINTER:
            return offset, length, begin if kind == FILTER else -1
        offset = int(stream.read(length))
    return offset, 0, -1


def record(kind: bytes, data: bytes) -> bytes:
    size, left = b'', len(data)
    while left > 127:
        size, left = size + bytes([left & 127 | 128]), left >> 7
    return kind + size + bytes([left]) + data
