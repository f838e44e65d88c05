# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queued messages with a FILTER, which a message keeps until it is sent: those that wait for a transport that goes.

C(postsuper -r) would drop a FILTER as well. But it makes a new message: always_bcc and header checks count once more,
and what was on hold is sent. So the record is struck out in place, as qmgr(8) itself does with records that are done
with.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

# Those in which messages are complete and have been through cleanup(8).
QUEUES = ('incoming', 'active', 'deferred', 'hold')
# REC_TYPE_FILT and REC_TYPE_KILL (rec_type.h in Postfix's source).
FILTER, STRUCK_OUT = b'L', b'K'
LINE = re.compile(r'^ *(\d+) content_filter: (.*)$', re.MULTILINE)
MOST_PASSES = 20
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
    instance: Instance, queue_directory: str, transports: Collection[str]
) -> list[FilteredMessage]:
    """Return the messages whose FILTER names one of these transports.

    Messages move while Postfix runs, so one may be missing that is found the next time.
    """
    texts, found = [encode(name + ':') for name in sorted(transports)], []
    for queue in QUEUES:
        for folder, dummy, names in os.walk(os.path.join(queue_directory, queue)):
            for path in [os.path.join(folder, name) for name in sorted(names)]:
                envelope = _envelope(path)
                if any(text in envelope for text in texts):
                    found += [
                        FilteredMessage(path, queue, offset, value)
                        for offset, value in _filters(instance, path)
                        if value.partition(':')[0] in transports
                    ]
    return found


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


def _filters(instance: Instance, path: str) -> list[tuple[int, str]]:
    status, out, dummy = instance.run('postcat', '-c', instance.config_dir, '-eo', path)
    # One that has just been moved is found where it is, the next time.
    return [(int(offset), value) for offset, value in LINE.findall(decode(out))] if status == 0 else []


def strike_out(message: FilteredMessage) -> None:
    """Have a message take the ordinary way, whatever queue it is in; one on hold stays there.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    with open(message.path, 'r+b') as stream:
        stream.seek(message.offset)
        if stream.read(1) == FILTER:
            stream.seek(message.offset)
            stream.write(STRUCK_OUT)
            stream.flush()
            os.fsync(stream.fileno())


def take_ordinary_way(instance: Instance, queue_directory: str, transports: Collection[str]) -> list[FilteredMessage]:
    """Have all messages that wait for one of these transports, which are gone, be sent as if there had been no FILTER.

    Returns:
        Those messages.

    Raises:
        OSError: a queue file cannot be written.
    """
    done: list[FilteredMessage] = []
    clean = 0
    for dummy in range(MOST_PASSES):
        found = messages_filtered_to(instance, queue_directory, transports)
        # A message that was on its way from one queue to another may be in neither when one looks once.
        clean = 0 if found else clean + 1
        if clean == 2:
            break
        for message in found:
            with contextlib.suppress(FileNotFoundError):
                strike_out(message)
                done.append(message)
    for message in done:
        if message.queue == 'deferred':
            # Otherwise it would wait for its next turn, up to maximal_backoff_time.
            instance.run('postqueue', '-c', instance.config_dir, '-i', message.identifier)
    return done
