# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The detours of one Postfix: who listens there, and which messages in the queue are on them. Private to this
collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Listener
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detour import (
    TRANSPORTS,
    address_and_port,
    detour_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.former_detours import (
    kept,
    places,
    said,
    stranded,
    unwanted,
    usable,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue_filters import (
    FilteredMessage,
    messages_filtered_to,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance, master
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import owner_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED


class Detours:
    """The detours of a Postfix.

    Args:
        info: what C(postfix_info) returned of it.
    """

    def __init__(self, instance: Instance, info: Mapping[str, Any]) -> None:
        self._instance, self._info = instance, info
        self._queue_directory = info['queue_directory']

    def listeners(self, services: Iterable[Mapping[str, Any]]) -> list[Listener]:
        """Return the listeners of detours among entries of master.cf."""
        pid = master(self._queue_directory)[0]
        return [
            Listener(
                f'postfix_smarthost_{detour_of(entry)}_port',
                'the mail server',
                *address_and_port(entry['name']),
                pid,
            )
            for entry in services
            if detour_of(entry)
        ]

    def messages(self) -> list[FilteredMessage]:
        """Return the messages in the queue that are on a detour."""
        return messages_filtered_to(self._queue_directory, TRANSPORTS)

    def with_former(
        self, wanted: Mapping[str, Any], also: Iterable[tuple[str, str]] = ()
    ) -> tuple[dict[str, Any], list[str]]:
        """Return what is wanted together with the detours that messages in the queue still name, and warnings.

        Args:
            wanted: C(services), C(tables) and whatever else of a configuration.
            also: further detours that stay.
        """
        waiting, pid = unwanted(places(self.messages()), wanted), master(self._queue_directory)[0]
        detours = [detour for detour in (*waiting, *also) if usable(self._info, detour[1], pid)]
        found = kept(self._info, wanted, detours)
        requeue = f'postsuper -c {self._instance.config_dir} -r'
        return (
            dict(wanted, **{name: wanted[name] + found[name] for name in found}),
            said(waiting, found['services'], requeue),
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of a verification on who listens, and on messages for which nobody does."""
        listeners = self.listeners(self._info['services'])
        return [found for listener in listeners for found in owner_rows('detour', listener)] + [
            row(
                'detour.stranded',
                listener,
                RED,
                f'{len(queue_ids)} messages wait for a listener that is gone, such as {queue_ids[0]}',
                'Run site.yml: it brings the listener back until they are delivered, or says what to do.',
            )
            for listener, queue_ids in sorted(stranded(self._info, self.messages()).items())
        ]
