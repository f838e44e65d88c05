# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Postfix's own configuration leads mail past the gateway, or would refuse the gateway's. Private to this
collection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.diversions import Diversions, deferred_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.doors import doors
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import stale_copies
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.judging import judging
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.logins import only_on_port_25, unwashed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.refusing import refusing
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.site_routes import (
    NONE_FOUND,
    SiteRoutes,
    answers_of,
    problems,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import (
    TableEntries,
    look_up,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance


class Obstacles:
    """What is asked of it, each thing once.

    Args:
        instance: its commands.
        settings: what M(conbool.smtp_relay.settings) returned.
        options: the variables of its role.
        info: what C(postfix_info) returned.
        changed: whether what limits strangers is there.
    """

    def __init__(
        self,
        instance: Instance,
        settings: Mapping[str, Any],
        options: Mapping[str, Any],
        info: Mapping[str, Any],
        changed: bool = False,
    ) -> None:
        self._instance, self._settings, self._options, self._changed = instance, settings, options, changed
        self.info = info
        self._entries = TableEntries(instance).of
        # The services that other servers use, and those that are washed in any case, as the user names them.
        self._named = options['inbound_services'], options['wash_services']

    @cached_property
    def site_routes(self) -> dict[str, list[Any]]:
        """What answers_of() returns; of a Postfix that does not run, nothing."""
        return answers_of(SiteRoutes(self._instance, self._settings, self.info)) if self.info['running'] else NONE_FOUND

    @cached_property
    def locked_out(self) -> list[str]:
        """Why users could not hand in mail any more."""
        return only_on_port_25(self.info, *self._named) if self._settings['inbound'] else []

    @cached_property
    def ways_past(self) -> list[dict[str, Any]]:
        """The rows on services that take mail past the gateway, or whose mail is not washed."""
        further, dummy = self._named
        found = []
        if self._settings['inbound']:
            found += doors(self._settings, self.info, self._entries, further, self._changed)
            found += refusing(self._settings, self.info, self._entries, partial(look_up, self._instance), further)
        return found + (unwashed(self.info, *self._named) if self._options['wash_submission'] else [])

    @cached_property
    def diversions(self) -> Diversions:
        return Diversions(self._instance, self._settings, self.info)

    def open_ways(self) -> list[str]:
        """Return the services that take mail past the gateway, as texts for warnings."""
        return [
            '{target}: {finding}. {hint}'.format(**found) for found in self.ways_past if found['id'] == 'inbound.door'
        ]

    def ways_now(self) -> list[dict[str, Any]]:
        """Return all rows of a verification."""
        return self.ways_past + self.diversions.rows() + deferred_rows(self.info, self._settings)

    def rows(self) -> list[dict[str, Any]]:
        """Return all rows of a preflight."""
        found = problems(self._settings, self.site_routes) + self.locked_out
        rows = [row('mta.refused', 'postfix', RED, text) for text in found] + self.ways_past
        rows += self.diversions.rows() + self.diversions.notes()
        if self._settings['inbound']:
            rows += judging(self._settings, self.info, self._entries, self._options['inbound_services'])
        return rows


def copy_rows(info: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row on each list of main.cf that a service has a copy of."""
    return [
        (
            row(
                'inbound.copy',
                name,
                RED,
                'changed in main.cf, and {} has what it said before'.format(', '.join(services)),
                'Run site.yml again: the change is not in force there.',
            )
            if services
            else row('inbound.copy', name, GREEN, 'as main.cf has it')
        )
        for name, services in sorted(stale_copies(info).items())
    ]
