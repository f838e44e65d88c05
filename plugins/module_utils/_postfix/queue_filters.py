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
import stat
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import queue_file

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

# Those in which messages are complete and have been through cleanup(8).
QUEUES = ('incoming', 'active', 'deferred', 'hold')
MOST_PASSES = 20
# So many messages are tried at once; the others when Postfix looks at its queue the next time (queue_run_delay), since
# what was written to is due.
MOST_AT_ONCE = 20


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
            envelope = queue_file.envelope(path)
            named = any(text in envelope for text in texts)
            filtered = [
                FilteredMessage(path, queue, offset, value)
                for offset, value in (queue_file.filters(path) if named else ())
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


def those_filtered_to(queue_directory: str, destination: str, among: Collection[str]) -> set[str]:
    """Return those of the messages, given by their identifiers, that have this very FILTER. Nobody else is asked, so
    that it is quick with a long queue."""
    record, found = queue_file.record(queue_file.FILTER, encode(destination)), set()
    for queue in QUEUES:
        for folder, dummy, names in os.walk(os.path.join(queue_directory, queue)):
            for name in set(names).intersection(among):
                if record in queue_file.envelope(os.path.join(folder, name)):
                    found.add(name)
    return found


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
        instance,
        lambda others: led_elsewhere(queue_directory, way, others),
        lambda message: queue_file.lead(message.path, message.offset, way),
    )


def take_over(instance: Instance, queue_directory: str, transports: Collection[str], way: str) -> list[FilteredMessage]:
    """Have all messages that a FILTER leads to one of these transports take a way.

    Returns:
        Those messages.

    Raises:
        OSError: a queue file cannot be written.
    """
    return _changed(
        instance,
        lambda others: messages_filtered_to(queue_directory, transports, others),
        lambda message: queue_file.lead(message.path, message.offset, way),
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
        lambda message: queue_file.strike_out(message.path, message.offset),
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
