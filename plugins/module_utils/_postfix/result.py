# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change comes to, as postfix_config returns it."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.change import Change
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import TableChange
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service


def result_of(change: Change | None) -> dict[str, Any]:
    """Return the module's result for a Change that has not been carried out, or for None, when nothing is to be
    changed."""
    result = {
        'changed': False,
        'parameters_changed': [],
        'services_changed': [],
        'tables_changed': [],
        'maps': {},
        'reloaded': False,
    }
    if change:
        result.update(
            changed=change.changed,
            parameters_changed=change.parameters_changed(),
            services_changed=_services_changed(change.services_before, change.master.services()),
            tables_changed=sorted(change.tables),
            maps={path: f'{table.kind}:{change.path(path)}' for path, table in change.request.tables.items()},
        )
    return result


def _services_changed(before: Mapping[str, Service], after: Mapping[str, Service]) -> list[str]:
    labels: dict[str, str] = {}
    for services in (before, after):
        labels.update((key, f'{service.name}/{service.kind}') for key, service in services.items())
    return sorted(
        label
        for key, label in labels.items()
        if key not in after or key not in before or after[key].meaning() != before[key].meaning()
    )


def diff_of(change: Change) -> list[dict[str, str]]:
    """Return what changes in each file, as Ansible shows it."""
    found = []
    for name, state, text in (
        ('main.cf', change.main_state, change.main.text()),
        ('master.cf', change.master_state, change.master.text()),
    ):
        before = decode(state.data or b'')
        if before != text:
            found.append(difference(change.path(name), before, text))
    found += [_table_difference(change.path(path), table) for path, table in sorted(change.tables.items())]
    return found + (change.directories.diff_of_removal() if change.ends_instance else change.directories.diff())


def _table_difference(path: str, table: TableChange) -> dict[str, str]:
    modes = [state.mode for state in (table.before, table.after) if state.mode is not None]
    secret = not all(mode & stat.S_IROTH for mode in modes)
    return difference(path, table.before.content, table.after.content, secret)
