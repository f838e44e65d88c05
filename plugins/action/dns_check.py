# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.excerpt import quiet
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.quiet import Quiet

INTERPRETER = 'ansible_python_interpreter'


class ActionModule(Quiet):
    """Runs the module, documented in plugins/modules/dns_check.py, as any other.

    But an interpreter that was given as an extra variable is that of the mail servers, which the controller need not
    have. What runs on the controller itself has its Python, with the libraries that the collection needs. And what was
    found in very many domains is too long for an event of AWX.
    """

    def run(self, tmp=None, task_vars=None):
        manager = self._task.get_variable_manager()
        if self._connection.transport == 'local' and INTERPRETER in (manager.extra_vars if manager else {}):
            task_vars = {**task_vars, INTERPRETER: sys.executable}
            delegated = task_vars.get('ansible_delegated_vars') or {}
            task_vars['ansible_delegated_vars'] = {
                host: {**known, INTERPRETER: sys.executable} for host, known in delegated.items()
            }
        return quiet(super().run(tmp, task_vars))
