# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queued messages with a FILTER, which a message keeps until it is sent: those that wait for a transport that goes, or
for a host that is another one now.

C(postsuper -r) would drop a FILTER as well. But it makes a new message: always_bcc and header checks count once more,
and what was on hold is sent. So the record is struck out in place, as qmgr(8) itself does with records that are done
with.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

# Those in which messages are complete and have been through cleanup(8).
QUEUES = ('incoming', 'active', 'deferred', 'hold')
# REC_TYPE_FILT, KILL, PTR, SIZE, MESG and END (rec_type.h in Postfix's source).
FILTER, STRUCK_OUT, POINTER, SIZES, MESSAGE, END = b'L', b'K', b'p', b'C', b'M', b'E'
MOST_PASSES, MOST_JUMPS = 20, 10000
# So many messages are tried at once; the others when Postfix looks at its queue the next time (queue_run_delay), since
# what was written to is due.
MOST_AT_ONCE = 20
BLOCK = 4096
# The first record of a queue file: the length of the message, and where it begins.
SIZE = re.compile(rb'C[\x00-\xff] *(\d+) +(\d+) ')


class FilteredMessage(NamedTuple):
    """A message with a FILTER: its file, its queue, and the FILTER's offset and value."""

    path: str
    queue: str
    offset: int
    value: str

    @property
    def identifier(self) -> str:
        return os.path.basename(self.path)


def messages_filtered_to(
    queue_directory: str, transports: Collection[str], others: set[tuple[str, int]] | None = None
) -> list[FilteredMessage]:
    """Return the messages whose FILTER names one of these transports.

    Messages move while Postfix runs, so one may be missing that is found the next time.

    Args:
        others: names and inodes of messages that were looked at before, which are passed over. All that are looked at
            and have no such FILTER are added.
    """
    texts, found = [encode(name + ':') for name in sorted(transports)], []
    others = set() if others is None else others
    for queue in QUEUES:
        for path, name, inode in _files(os.path.join(queue_directory, queue)):
            if (name, inode) in others or not _is_complete(path):
                continue
            envelope = _envelope(path)
            named = any(text in envelope for text in texts)
            filtered = [
                FilteredMessage(path, queue, offset, value)
                for offset, value in (_filters(path) if named else ())
                if value.partition(':')[0] in transports
            ]
            found += filtered
            if envelope and not named:
                others.add((name, inode))
    return found


def _files(folder: str) -> Iterator[tuple[str, str, int]]:
    """Yield path, name and inode of each file of a queue."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        else:
            yield entry.path, entry.name, entry.inode()


def _is_complete(path: str) -> bool:
    """Return whether cleanup(8) has written a queue file to its end; before that it writes where we would."""
    try:
        return bool(os.stat(path).st_mode & stat.S_IXUSR)
    except OSError:
        return False


def _envelope(path: str) -> bytes:
    """Return what a queue file has before and behind the message itself; of one without a length, all of it.

    Who asks postcat(1) of every message, waits long.
    """
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


def those_filtered_to(queue_directory: str, destination: str, among: Collection[str]) -> set[str]:
    """Return those of the messages, given by their identifiers, that have this very FILTER. Nobody else is asked, so
    that it is quick with a long queue."""
    record, found = FILTER + bytes([len(destination)]) + encode(destination), set()
    for queue in QUEUES:
        for folder, dummy, names in os.walk(os.path.join(queue_directory, queue)):
            for name in set(names).intersection(among):
                if record in _envelope(os.path.join(folder, name)):
                    found.add(name)
    return found


def _filters(path: str) -> list[tuple[int, str]]:
    """Return where the FILTERs of a message are that are in force, and what they say; of one that has just been moved
    none, it is found where it is the next time. As C(postcat -eo) does, which takes its time for each message."""
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


def strike_out(message: FilteredMessage) -> None:
    """Have a message take the ordinary way, whatever queue it is in; one on hold stays there.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    with open(message.path, 'r+b') as stream:
        offset, dummy, begin = _located(stream, message.offset)
        if begin >= 0:
            stream.seek(offset)
            stream.write(STRUCK_OUT)
            stream.flush()
            os.fsync(stream.fileno())


def lead(message: FilteredMessage, value: str) -> None:
    """Have the FILTER of a message have another value, whatever queue it is in.

    A record cannot grow. So it becomes a pointer to a new one behind the end of the file, which leads back, as
    cleanup(8) does it with what a milter changes (cleanup_extracted.c, record.h).

    Raises:
        FileNotFoundError: it is not there any more.
    """
    with open(message.path, 'r+b') as stream:
        offset, length, begin = _located(stream, message.offset)
        if begin < 0:
            return
        place = stream.seek(0, os.SEEK_END)
        stream.write(_record(FILTER, encode(value)) + _record(POINTER, b'%15d' % (begin + length)))
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
    for dummy in range(MOST_PASSES):
        stream.seek(offset)
        kind = stream.read(1)
        length = _length(stream) if kind in (FILTER, POINTER) else 0
        begin = stream.tell()
        if kind != POINTER:
            return offset, length, begin if kind == FILTER else -1
        offset = int(stream.read(length))
    return offset, 0, -1


def _record(kind: bytes, data: bytes) -> bytes:
    size, left = b'', len(data)
    while left > 127:
        size, left = size + bytes([left & 127 | 128]), left >> 7
    return kind + size + bytes([left]) + data


def led_elsewhere(queue_directory: str, way: str, others: set[tuple[str, int]] | None = None) -> list[FilteredMessage]:
    """Return the messages whose FILTER names the transport of a way, and another next hop.

    Args:
        others: as of messages_filtered_to().
    """
    transport = way.partition(':')[0]
    return [entry for entry in messages_filtered_to(queue_directory, [transport], others) if entry.value != way]


def take_this_way(instance: Instance, queue_directory: str, way: str) -> list[FilteredMessage]:
    """Have all messages that a FILTER leads elsewhere by the transport of a way take that way.

    Returns:
        Those messages.

    Raises:
        OSError: a queue file cannot be written.
    """
    return _changed(
        instance, lambda others: led_elsewhere(queue_directory, way, others), lambda message: lead(message, way)
    )


def take_ordinary_way(instance: Instance, queue_directory: str, transports: Collection[str]) -> list[FilteredMessage]:
    """Have all messages that wait for one of these transports, which are gone, be sent as if there had been no FILTER.

    Returns:
        Those messages.

    Raises:
        OSError: a queue file cannot be written.
    """
    return _changed(
        instance,
        lambda others: messages_filtered_to(queue_directory, transports, others),
        strike_out,
    )


def _changed(
    instance: Instance,
    find: Callable[[set[tuple[str, int]]], list[FilteredMessage]],
    change: Callable[[FilteredMessage], None],
) -> list[FilteredMessage]:
    """Change messages until none is found any more, have them be tried, and return them."""
    done: list[FilteredMessage] = []
    clean, others = 0, set()
    for dummy in range(MOST_PASSES):
        found = find(others)
        # A message that was on its way from one queue to another may be in neither when one looks once.
        clean = 0 if found else clean + 1
        if clean == 2:
            break
        for message in found:
            with contextlib.suppress(FileNotFoundError):
                change(message)
                done.append(message)
    for message in [message for message in done if message.queue == 'deferred'][:MOST_AT_ONCE]:
        instance.run('postqueue', '-c', instance.config_dir, '-i', message.identifier)
    return done
