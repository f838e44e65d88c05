# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in a Postfix queue that a FILTER action has given a next hop, which no change of the configuration takes
from them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.instance import PostfixError, words

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.instance import Instance

# What may still be delivered.
QUEUES = ('incoming', 'active', 'deferred', 'hold')
BLOCK = 4096
# The first record of a queue file: the length of the message, and where it begins.
SIZE = re.compile(rb'C[\x00-\xff] *(\d+) +(\d+) ')
CONTENT_FILTER = re.compile(r'^content_filter: (\S+)$', re.MULTILINE)


class FilteredMessage(NamedTuple):
    """A message: its file, the queue that it is in, and where its filter sends it, as C(transport:nexthop)."""

    path: str
    queue: str
    value: str

    @property
    def identifier(self) -> str:
        return os.path.basename(self.path)


def _envelope(path: str) -> bytes:
    """Return what a queue file has before and behind the message itself; of one without a length, all of it."""
    with open(path, 'rb') as stream:
        first = stream.read(BLOCK)
        match = SIZE.match(first)
        if match is None:
            return first + stream.read()
        length, offset = int(match.group(1)), int(match.group(2))
        front = first[:offset] + stream.read(max(0, offset - len(first)))
        stream.seek(offset + length)
        return front + stream.read()


def _candidates(queue_directory: str, transports: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield queue and path of the files in which one of the transports is named."""
    marks = [f'{transport}:'.encode() for transport in transports]
    for queue in QUEUES:
        for folder, dummy, names in os.walk(os.path.join(queue_directory, queue)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                try:
                    envelope = _envelope(path)
                except OSError:
                    # Delivered in the meantime, or on its way to the next queue.
                    continue
                if any(mark in envelope for mark in marks):
                    yield queue, path


def messages_filtered_to(
    instance: Instance, queue_directory: str, transports: Collection[str]
) -> list[FilteredMessage]:
    """Return the messages that a FILTER action has sent to one of these transports.

    Raises:
        PostfixError: a message cannot be read.
    """
    found = {}
    for queue, path in _candidates(queue_directory, transports):
        status, out, err = instance.run('postcat', '-c', instance.config_dir, '-e', path)
        if status:
            if os.path.exists(path):
                raise PostfixError(f'{path}: {words(decode(err))}')
            continue
        # Postfix goes by the last one.
        values = CONTENT_FILTER.findall(printable(decode(out)))
        if values and values[-1].partition(':')[0] in transports:
            found[os.path.basename(path)] = FilteredMessage(path, queue, values[-1])
    return [found[name] for name in sorted(found)]
