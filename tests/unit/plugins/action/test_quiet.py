# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails is said in its own words: Ansible shows an excerpt of the source of a task, unless its action keeps it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import yaml
from ansible.plugins.action.normal import ActionModule as AnyModule
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.on_the_host import PREFIX, OnTheHost
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.quiet import Quiet

ROOT = Path(__file__).resolve().parents[4]


def tasks(entries):
    """All tasks of a file, also those within blocks and plays."""
    for entry in entries or []:
        inner = [entry[name] for name in ('tasks', 'block', 'rescue', 'always') if name in entry]
        yield from (task for each in inner for task in tasks(each)) if inner else [entry]


def test_whatever_a_role_or_playbook_calls_says_a_failure_without_the_source_of_its_task():
    called = {
        key.removeprefix(PREFIX)
        for path in [
            *ROOT.glob('roles/*/tasks/*.yml'),
            *ROOT.glob('playbooks/*.yml'),
            *ROOT.glob('playbooks/tasks/*.yml'),
        ]
        for task in tasks(yaml.safe_load(path.read_text(encoding='utf-8')))
        for key in task
        if key.startswith(PREFIX)
    }
    assert {'ready', 'smarthost', 'report', 'outbound_hop', 'dns_check'} - called == {'dns_check'}
    loud = []
    for name in sorted(called):
        plugin = import_module(f'ansible_collections.conbool.smtp_relay.plugins.action.{name}')
        if (
            not issubclass(plugin.ActionModule, (OnTheHost, Quiet))
            and 'without_source(' not in Path(plugin.__file__).read_text()
        ):
            loud.append(name)
    assert loud == []


def test_a_host_that_repeats_what_it_is_sent_shows_no_option(monkeypatch):
    """A shell that echoes, or an interpreter that is none. The options may be a password."""
    answer = {
        'failed': True,
        'msg': 'no JSON',
        'rc': 0,
        'module_stdout': 'x = {"ANSIBLE_MODULE_ARGS": {"password": "p"}}',
    }
    monkeypatch.setattr(AnyModule, 'run', lambda self, tmp, task_vars: answer)
    action = object.__new__(Quiet)
    action._task = SimpleNamespace(_ds='its source')
    assert action.run() == {'failed': True, 'msg': 'no JSON', 'rc': 0} and action._task._ds is None
