# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two looks at the queue of a Kerio Connect."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.options import EVERYTHING
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import QueueLook


class KerioQueueLook(QueueLook):
    """Each look is a session.

    Args:
        log_in: makes one that is yet to begin.
        through: takes sender and recipient, and tells whether such a message is to go to the hop. That is on the same
            host and takes everything, so that nobody but a person mends what keeps mail from it.
    """

    def __init__(self, log_in: Callable[[], Client], through: Callable[[str, str], bool]) -> None:
        self._log_in, self._through = log_in, through
        self._before: dict[str, dict[str, Any]] = {}
        self._stuck: list[str] = []

    def _messages(self) -> dict[str, dict[str, Any]]:
        with self._log_in() as client:
            # It hangs for accounts that may not see it.
            answer = client.attempt('Queue.get', query=EVERYTHING)
        if answer is None:
            raise KerioError('Kerio Connect does not tell what is in its queue')
        return {message['id']: message for message in answer['list']}

    def begin(self) -> None:
        self._before = self._messages()

    def end(self) -> tuple[list[str], list[str]]:
        found = self._messages()
        put_off = [
            message
            for identity, message in found.items()
            if identity in self._before and message['nextTry'] != self._before[identity]['nextTry']
        ]
        self._stuck = [_told(message) for message in put_off if self._leads_to_hop(message)]
        return [_told(message) for message in found.values()], [_told(message) for message in put_off]

    def stuck(self) -> list[str]:
        return self._stuck

    def _leads_to_hop(self, message: dict[str, Any]) -> bool:
        recipients = re.split(r'[,;\s]+', message['to'])
        return any(self._through(message['from'].strip('<>'), to.strip('<>')) for to in recipients if to)


def _told(message: dict[str, Any]) -> str:
    return printable(f'<{message["from"]}> to {message["to"]}: {message["status"]}')
