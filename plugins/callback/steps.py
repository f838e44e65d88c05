# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: steps
type: stdout
short_description: A line for each host and step
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Shows a run of this collection's playbooks as a line for each host and step, with its result, instead of a heading
    for each task. The tables of the playbooks, warnings, differences and failures are shown as ever.
  - For many hosts. With C(-v), and for other playbooks, the callback P(ansible.builtin.default#callback) shows more.
requirements:
  - set as C(stdout_callback) in C(ansible.cfg), or as C(ANSIBLE_STDOUT_CALLBACK) in the environment
"""

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

PREFIX = 'conbool.smtp_relay.'
# What a module does, in a word. Of those that are not here nobody who waits needs to hear.
STEPS = {
    'bring_certificate': 'certificate',
    'settings': 'settings',
    'smarthost': 'change',
    'smtp_check': 'from outside',
    'verify': 'verification',
}
# These have shown their table, with its first line.
TABLES = {'ready': 'preflight', 'report': 'verify'}
WIDTH = 13


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'conbool.smtp_relay.steps'

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._names = 0

    def v2_playbook_on_play_start(self, play):
        name = play.get_name().strip()
        self._names = max([len(host.get_name()) for host in play.get_variable_manager()._inventory.get_hosts()] or [0])
        self._display.banner(name)

    def v2_runner_on_ok(self, result):
        self._handle_warnings_and_exception(result)
        said = self._said(result)
        if said:
            step, text, colour = said
            self._say(result, step, text, colour)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        # What is wrong is said in full; what Ansible itself adds to it says nothing about a mail server.
        result.result.pop('exception', None)
        self._handle_warnings_and_exception(result)
        self._say(result, self._step(result) or 'failed', str(result.result.get('msg', '')), C.COLOR_ERROR)

    def v2_runner_on_unreachable(self, result):
        self._say(result, 'unreachable', str(result.result.get('msg', '')), C.COLOR_UNREACHABLE)

    def v2_on_file_diff(self, result):
        if result.result.get('diff'):
            self._display.display(self._get_diff(result.result['diff']))

    def v2_playbook_on_stats(self, stats):
        failed = sorted(host for host in stats.processed if stats.failures.get(host) or stats.dark.get(host))
        text = f'{len(stats.processed)} hosts, {len(failed)} of them failed' + (
            ': ' + ', '.join(failed) if failed else ''
        )
        self._display.display(text, color=C.COLOR_ERROR if failed else C.COLOR_OK)

    def _say(self, result, step, text, colour):
        host = result.host.get_name()
        self._display.display(f'{host:{self._names}}  {step:{WIDTH}}  {text}', color=colour)

    def _step(self, result):
        """The step that a task is, None for one that is none."""
        action = result.task.action
        if not action.startswith(PREFIX):
            return None
        name = action[len(PREFIX) :]
        asked = result.task.args
        if name == 'report' and not asked.get('part') or asked.get('stage') == 'preflight':
            return None
        return TABLES.get(name) or STEPS.get(name)

    def _said(self, result):
        step, found = self._step(result), result.result
        if step in TABLES.values():
            return None
        if step == 'settings':
            return step, 'valid', C.COLOR_OK
        if step == 'change':
            would = 'would change ' if self._would(result) else 'changed '
            parts = ', '.join(found.get('parts', []))
            return step, would + parts if parts else 'nothing to change', C.COLOR_CHANGED if parts else C.COLOR_OK
        return (step, 'done', C.COLOR_OK) if step else None

    @staticmethod
    def _would(result):
        return bool(result.task.check_mode)
