# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Sendmail would do with a message, without sending one; and what waits in its queue."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import spend
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import QueueLook
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.waiting import is_stuck
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import MAILER

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program

DIRECT = 'direct'
# What Sendmail sets before it calls the ruleset of a header.
CURRENT = '.D{{currHeader}}"{}"'


def route(program: Program, cf_path: str, sender: str, recipient: str) -> dict[str, str]:
    """Return the C(mailer) and the C(next_hop) of a message without marks.

    Args:
        cf_path: the configuration.
        sender: envelope sender, empty for the null sender.
        recipient: its recipient.
    """
    found = program.routes(cf_path, [recipient])[0]
    if found is None:
        return {'mailer': 'error', 'next_hop': ''}
    if found['mailer'] != MAILER:
        return {'mailer': found['mailer'], 'next_hop': found['host']}
    macros = program.macros_after(cf_path, ['3,ConboolRoute %s' % (sender or '<>')], ['conbool_to', 'conbool_port'])
    hop, port = macros['conbool_to'] or found['host'], macros['conbool_port'] or '25'
    return {'mailer': MAILER, 'next_hop': f'{hop}:{port}'}


def header_action(program: Program, cf_path: str, checks: Mapping[str, Mapping[str, Any]], header: str) -> str:
    """Return C(direct) when a header line makes a message go direct, else an empty string.

    Args:
        cf_path: the configuration.
        checks: its header checks.
        header: the line.
    """
    name, dummy, value = header.partition(':')
    check = checks.get(name.strip().lower())
    if not check:
        return ''
    plain = ' '.join(value.split())
    quoted = plain.replace('\\', '\\\\').replace('"', '\\"')
    macros = program.macros_after(
        cf_path, [CURRENT.format(quoted), '{} {}'.format(check['ruleset'], plain)], ['conbool_direct']
    )
    return DIRECT if macros['conbool_direct'] == '1' else ''


class Queue:
    """The messages in all queues below a directory, each a control file (Sendmail Installation and Operations Guide,
    appendix B)."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def messages(self) -> dict[str, tuple[int, str]]:
        """Return the messages by queue file, with how often each was tried: {name: (tries, text)}."""
        return {path: _described(os.path.basename(path)[2:], fields) for path, fields in self._files()}

    def stuck(self, to: str) -> list[str]:
        """Return the texts of the messages that wait for something that a person has to mend.

        Args:
            to: the next hop of what leaves, as it stands in Sendmail's words.
        """
        now = time.time()
        return [
            _described(os.path.basename(path)[2:], fields)[1]
            for path, fields in self._files()
            if is_stuck(fields.get('M', [''])[0], now - _number(fields, 'T', int(now)), to)
        ]

    def _files(self) -> Iterator[tuple[str, dict[str, list[str]]]]:
        """Return path and lines of each control file, the lines by their first letter."""
        for folder, names in _folders(self._directory):
            for name in names:
                if name.startswith('qf'):
                    try:
                        with open(os.path.join(folder, name), 'rb') as stream:
                            text = decode(stream.read())
                    except FileNotFoundError:
                        # Sent in this moment.
                        continue
                    fields: dict[str, list[str]] = {}
                    for line in text.split('\n'):
                        fields.setdefault(line[:1], []).append(line[1:])
                    yield os.path.join(folder, name), fields

    def watch(self, seconds: float, work: Callable[[], Any]) -> tuple[dict[str, tuple[int, str]], list[str], Any]:
        """Do the C(work) and wait until so many seconds are over.

        Returns:
            The messages then, the texts of those that were tried in vain in the meantime, and what C(work)
            returned.
        """
        before = self.messages()
        done = spend(seconds, work)
        return (*self.since(before), done)

    def since(self, before: Mapping[str, tuple[int, str]]) -> tuple[dict[str, tuple[int, str]], list[str]]:
        """Return the messages now, and the texts of those that were tried in vain since messages() was called."""
        after = self.messages()
        return after, [text for name, (tries, text) in sorted(after.items()) if tries > before.get(name, (0, ''))[0]]


class SendmailQueueLook(QueueLook):
    """Two looks at a queue.

    Args:
        to: as for Queue.stuck().
    """

    def __init__(self, queue: Queue, to: str = '') -> None:
        self._queue, self._to = queue, to
        self._before: dict[str, tuple[int, str]] = {}

    def begin(self) -> None:
        self._before = self._queue.messages()

    def end(self) -> tuple[list[str], list[str]]:
        after, put_off = self._queue.since(self._before)
        return [text for dummy, text in after.values()], put_off

    def stuck(self) -> list[str]:
        return self._queue.stuck(self._to)


def _folders(directory: str) -> list[tuple[str, list[str]]]:
    """Return each folder below a directory with the files in it. A queue may be a link to another file system.

    Raises:
        OSError: one cannot be read, so that it is not known what waits there.
    """
    found = {}

    def failed(exc: OSError) -> None:
        raise exc

    for folder, folders, names in os.walk(directory, onerror=failed, followlinks=True):
        if os.path.realpath(folder) in found:
            folders.clear()
        else:
            found[os.path.realpath(folder)] = folder, names
    return list(found.values())


def _number(fields: Mapping[str, list[str]], letter: str, default: int) -> int:
    text = fields.get(letter, [''])[0]
    return int(text) if text.isdigit() else default


def _described(name: str, fields: Mapping[str, list[str]]) -> tuple[int, str]:
    recipients = ', '.join('<{}>'.format(recipient.rpartition(':')[2].strip('<>')) for recipient in fields.get('R', []))
    return _number(fields, 'N', 0), printable(
        '{} from <{}> to {}: {}'.format(
            name, fields.get('S', [''])[0].strip('<>'), recipients, fields.get('M', ['not tried yet'])[0]
        )
    )
