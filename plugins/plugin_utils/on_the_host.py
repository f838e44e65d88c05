# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action that has modules of this collection look at the host, or change it, with the settings of the host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import not_known
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import HostSettings, Unusable
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.quiet import unsent, without_source

PREFIX = 'conbool.smtp_relay.'
# What is Ansible's own in the answer of a module, and has to reach it: the host's interpreter that was found.
FACTS = 'ansible_facts'
# Of what modules say to whoever looks on, all counts.
SAID = ('warnings', 'deprecations')
# What playbooks, and role conbool, keep of the settings task.
CHECKED = 'conbool_checked'


class OnTheHost(ActionBase):
    """Asks modules, and says what is wrong in a sentence.

    A host whose connection breaks is a failure like any other: one that Ansible calls unreachable is in no later play,
    so that a run of such hosts only would end without a report.
    """

    TRANSFERS_FILES = False
    OPTIONS: dict[str, Any] = {}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        dummy, args = self.validate_argument_spec(argument_spec=self.OPTIONS)
        self._facts: dict[str, Any] = {}
        self._said: dict[str, list[Any]] = {}
        result = {**super().run(tmp, task_vars), 'changed': False}
        try:
            result.update(self.act(args, task_vars or {}))
        except Unusable as exc:
            result.update(failed=True, problems=exc.problems, msg=str(exc))
            result.update({'exception': exc.trace} if exc.trace else {})
        for name, said in self._said.items():
            result[name] = [*result.get(name, []), *said]
        if self._facts:
            result[FACTS] = self._facts
        return without_source(self._task, result)

    def act(self, args: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result.

        Raises:
            Unusable: settings that cannot be used.
        """
        raise NotImplementedError

    def settings(self, task_vars: dict[str, Any]) -> HostSettings:
        """Return the settings of the host, and say what is odd about them, unless the settings task has said so."""
        settings = HostSettings(self, task_vars)
        told = (task_vars.get(CHECKED) or {}).get('noted') or []
        self._say('warnings', [warning for warning in settings.warnings if warning not in told])
        return settings

    def ask(self, module: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of a module. One that failed has C(failed) and C(msg), also when the connection did.

        Args:
            module: its name within the collection.
            arguments: its options.
            task_vars: those of the task.
        """
        try:
            answer = self._execute_module(module_name=PREFIX + module, module_args=arguments, task_vars=task_vars)
        except AnsibleError as exc:
            # A connection that is not there, a password that is wrong, a disk that is full.
            return {'failed': True, 'msg': str(exc)}
        self._facts.update(answer.pop(FACTS, None) or {})
        for name in SAID:
            self._say(name, answer.pop(name, None) or [])
        # Long, and known: settings, and options that are secret.
        answer.pop('invocation', None)
        answer = unsent(answer)
        if answer.get('failed') and 'msg' not in answer:
            answer['msg'] = f'{PREFIX}{module} failed without a word'
        return answer

    def change(self, module: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of a module that changes the host, as ask() does.

        Of one that did not answer (its connection broke, or it was killed) C(msg) says what that means, and C(changed)
        is missing, which the answer of such a module always has.
        """
        answer = self.ask(module, arguments, task_vars)
        if self._task.check_mode:
            return {'changed': False, **answer}
        if 'changed' not in answer:
            answer['msg'] = not_known(answer['msg'])
        return answer

    def _say(self, kind: str, said: list[Any]) -> None:
        if said:
            self._said.setdefault(kind, []).extend(said)

    def mail_server(self, given: str | None, settings: HostSettings, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return which mail server there is to be led to the gateway, as C(mta); C(failed) and C(msg) without one.

        Args:
            given: its name where the task knows it.
            settings: of the host.
            task_vars: those of the task.
        """
        if given:
            return {'mta': given}
        # Of what is undone, what is left counts: the variables that told of it may be gone.
        undo = settings.values['state'] == 'absent'
        return self.ask('mta_info', {'mta': settings.values['mta'], 'supported': True, 'undo': undo}, task_vars)

    def ask_mail_server(
        self, mta: str, kind: str, settings: HostSettings, task_vars: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        """Return the answer of a module of the mail server.

        Args:
            mta: the mail server.
            kind: C(smarthost) or C(verify).
            settings: of the host.
            task_vars: those of the task.
            more: further options.
        """
        ask = self.change if more.get('stage') == 'change' else self.ask
        options = {'settings': settings.values, **settings.secrets(f'{mta}_smarthost'), **more}
        return ask(f'{mta}_{kind}', options, task_vars)
