# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action that has modules asked on a host, and a host that answers as it is told."""

from __future__ import annotations

from unittest.mock import Mock

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}


class Asked:
    """What an action asks of the host, and what it is answered."""

    def __init__(self, **answers):
        self.answers, self.calls = answers, []

    def __call__(self, module_name, module_args, task_vars):
        name = module_name.removeprefix('conbool.smtp_relay.')
        self.calls.append((name, module_args))
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return {**answer, 'invocation': {'module_args': module_args}}


def run(plugin, asked, variables=None, low=None, check_mode=False, **args):
    known = {'inventory_hostname': 'mx', 'groups': {'all': ['mx', 'observer']}, **GOOD, **(variables or {})}
    task, loader = Task(), DataLoader()
    task.action, task.args, task.async_val, task.check_mode = 'conbool.smtp_relay.x', args, 0, check_mode
    task._ds = 'the source of the task'
    action = plugin.ActionModule(
        task=task,
        connection=Mock(),
        play_context=None,
        loader=loader,
        templar=Templar(loader, known),
        shared_loader_obj=None,
    )
    action._execute_module, action._low_level_execute_command = asked, low
    action._display = Mock()
    result = action.run(task_vars=known)
    # Nothing of the source of a task is shown with a failure, and of one that is none nothing is taken.
    assert (task._ds is None) == bool(result.get('failed'))
    return result
