# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action that runs its module as any other, and of whose failure the module's own words are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.plugins.action.normal import ActionModule as AnyModule

if TYPE_CHECKING:
    from ansible.playbook.task import Task

# Stands before the options in what Ansible sends to a host.
SENT = 'ANSIBLE_MODULE_ARGS'


def unsent(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer without what repeats the options of the module, of which some are secret.

    A shell may echo what it is sent, and so does an interpreter that is none.
    """
    return {name: value for name, value in answer.items() if SENT not in str(value)}


def without_source(task: Task, result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a task, with which Ansible shows no excerpt of the task's source where it failed.

    What is wrong is wrong with the host or its inventory, of which a role or playbook would not say more.
    """
    if result.get('failed'):
        task._ds = None
    return result


class Quiet(AnyModule):
    """Runs its module as any other."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return without_source(self._task, unsent(super().run(tmp, task_vars)))
