# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a run does, one JSON line per event, while it does it: tests compare runs and kill them at a chosen
task."""

from __future__ import annotations

DOCUMENTATION = """
name: flow_record
type: notification
short_description: Records task starts and results as JSON lines
description: Appends to the file that the environment variable FLOW_RECORD names.
requirements: [enabled by the flow harness]
author: Conbool SMTP Relay collection contributors (@conbool)
"""

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'notification'
    CALLBACK_NAME = 'flow_record'
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, **event):
        with open(os.environ['FLOW_RECORD'], 'a', encoding='utf-8') as record:
            record.write(json.dumps(event, default=str) + '\n')

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._write(event='start', task=task.get_name())

    def v2_playbook_on_handler_task_start(self, task):
        self._write(event='start', task=task.get_name())

    def v2_runner_on_ok(self, result):
        self._result('ok', result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result('failed', result)

    def v2_runner_on_unreachable(self, result):
        self._result('unreachable', result)

    def _result(self, event, result):
        content = result.result
        diff = content.get('diff') or []
        self._write(
            event=event,
            host=result.host.get_name(),
            task=result.task.get_name(),
            changed=bool(content.get('changed')),
            diff=diff if isinstance(diff, list) else [diff],
            msg=str(content.get('msg', '')),
        )
