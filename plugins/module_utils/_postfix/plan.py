# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what is with what is wanted and what was: the new documents, and what has to be remembered for undo.

Each part of the configuration (parameter, service, option, table) is treated alike:
- wanted and already so: left as it is;
- wanted and different: its original is recorded, unless one is recorded already, and it is changed;
- recorded and no longer wanted: the original comes back, unless somebody has changed it since, which is a warning.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.references import without

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import Request


class PlanError(HostError):
    """The wanted state cannot be reached on this host; nothing was changed."""


class Plan:
    """How one owner's parts of one kind get to the wanted state, and which of them were left alone.

    Args:
        owner: the owner_id.
        recorded: the records that this owner has of parts of this kind.

    Attributes:
        pending: records that cover what is on disk before, between and after the switch.
        settled: records of what is there afterwards only.
        warnings: what was left alone, or is only partly as it was.
    """

    def __init__(self, owner: str, recorded: dict[str, Any]) -> None:
        self.owner = owner
        self.recorded = recorded
        self.pending = copy.deepcopy(recorded)
        self.settled: dict[str, Any] = {}
        self.warnings: list[str] = []


def left_alone(what: str) -> str:
    return f'{what} was changed by somebody else since it was set here and is left as it is'


def taken_out(what: str, rest: str) -> str:
    return (
        f'{what} was changed by somebody else since it was set here: what was set here is taken out of it, and the rest'
        f' stays: {rest}'
    )


def rest_of(current: str, written: Sequence[str | None], before: str) -> str | None:
    """Return what somebody else's change to a value of ours comes to without ours, or None when ours is not whole in
    it."""
    rests = [without(current, ours, before) for ours in reversed(written) if ours is not None]
    return next((rest for rest in rests if rest is not None), None)


def refuse_conflicts(request: Request, others: Mapping[str, Mapping[str, Any]]) -> None:
    """Two owners of one thing could not be undone independently.

    Raises:
        PlanError: naming both owners and the thing.
    """
    for other, records in sorted(others.items()):
        shared = [f'parameter {name}' for name in request.parameters if name in records['parameters']]
        shared += [f'table {path}' for path in request.tables if path in records['tables']]
        for key, service in request.services.items():
            if key in records['services'] or records['service_options'].get(key):
                shared.append(f'service {service.name}/{service.kind}')
        for key, entry in request.options.items():
            taken = records['service_options'].get(key, {})
            shared += [
                'option {} of service {}'.format(name, entry['label']) for name in entry['options'] if name in taken
            ]
            if key in records['services']:
                shared.append('service {}'.format(entry['label']))
        if shared:
            raise PlanError(
                '{}: wanted by owner_id {}, but already set by owner_id {}'.format(
                    ', '.join(sorted(shared)), request.owner, other
                )
            )
