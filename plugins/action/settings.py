# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import PREFIX, normalise


class ActionModule(ActionBase):
    """Documented in plugins/modules/settings.py."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        dummy, args = self.validate_argument_spec(argument_spec={'variables': {'type': 'dict'}})
        result = super().run(tmp, task_vars)
        result['changed'] = False
        missing = [missing_required_lib(library) for library in sorted(readers.IMPORT_ERRORS)]
        if missing:
            result.update(failed=True, msg='\n'.join(missing), exception='\n'.join(readers.IMPORT_ERRORS.values()))
            return result

        variables = args['variables']
        if variables is None:
            variables = self._of_the_host(task_vars)
        settings, problems, warnings = normalise(variables)
        if problems:
            result.update(
                failed=True,
                problems=problems,
                msg='The settings cannot be used:\n' + '\n'.join('- ' + problem for problem in problems),
            )
            return result
        result.update(settings=settings, problems=[], warnings=warnings)
        return result

    def _of_the_host(self, task_vars):
        """The conbool_* variables of the host, with their templates evaluated."""
        variables = {}
        for name in sorted(task_vars):
            if name.startswith(PREFIX):
                try:
                    variables[name] = self._templar.template(task_vars[name])
                except AnsibleError as exc:
                    variables[name] = exc
        return variables
