# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Postfix's own configuration leads mail past the gateway, or would refuse the gateway's. Private to this
collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.doors import doors
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.judging import judging
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.logins import only_on_port_25, unwashed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.site_routes import (
    NONE_FOUND,
    SiteRoutes,
    look,
    problems,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.table_entries import TableEntries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.instance import Instance


class Obstacles:
    """What is asked of it.

    Args:
        instance: its commands.
        settings: what M(conbool.smtp_relay.settings) returned.
        options: the variables of its role.
    """

    def __init__(self, instance: Instance, settings: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._instance, self._settings, self._options = instance, settings, options

    def site_routes(self, info: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return what look() returns; of a Postfix that does not run, nothing.

        Args:
            info: what C(postfix_info) returned, here and below.
        """
        return look(SiteRoutes(self._instance, self._settings, info)) if info['running'] else NONE_FOUND

    def _named(self) -> tuple[list[str], list[str]]:
        """Return the services that other servers use, and those that are washed in any case, as the user names them."""
        return self._options['inbound_services'], self._options['wash_services']

    def locked_out(self, info: Mapping[str, Any]) -> list[str]:
        """Return why users could not hand in mail any more."""
        return only_on_port_25(info, *self._named()) if self._settings['inbound'] else []

    def ways_past(self, info: Mapping[str, Any], changed: bool) -> list[dict[str, Any]]:
        """Return the rows on services that take mail past the gateway, or whose mail is not washed.

        Args:
            changed: whether what limits them is there.
        """
        further, washed = self._named()
        entries = TableEntries(self._instance).of
        found = doors(self._settings, info, entries, further, changed) if self._settings['inbound'] else []
        return found + (unwashed(info, further, washed) if self._options['wash_submission'] else [])

    def open_ways(self, info: Mapping[str, Any]) -> list[str]:
        """Return the services that take mail past the gateway, as texts for warnings."""
        rows = self.ways_past(info, changed=False)
        return ['{target}: {finding}. {hint}'.format(**found) for found in rows if found['id'] == 'inbound.door']

    def rows(self, info: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return all rows of a preflight."""
        found = problems(self._settings, self.site_routes(info)) + self.locked_out(info)
        rows = [row('mta.refused', 'postfix', RED, text) for text in found]
        rows += self.ways_past(info, changed=False)
        if self._settings['inbound']:
            entries = TableEntries(self._instance).of
            rows += judging(self._settings, info, entries, self._options['inbound_services'])
        return rows
