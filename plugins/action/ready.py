# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.answer import of_settings
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.excerpt import quiet
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.results import part_rows
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.on_the_host import OnTheHost
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.part import judged


class ActionModule(OnTheHost):
    """Documented in plugins/modules/ready.py.

    A question that fails is a row of the table, and the others are still asked. DNS is asked from here: the controller
    need not be a host that Ansible can log in to, and has its own Python.
    """

    def act(self, args, task_vars):
        settings = self.settings(task_vars)
        results = {'dns': of_settings(settings.values)}
        host = results['preflight'] = self.ask('preflight', {'settings': settings.values}, task_vars)
        # Of one that is not supported, or not found, there is a row already.
        if host.get('supported'):
            results['mta'] = self.ask_mail_server(host['mta'], 'smarthost', settings, task_vars, stage='preflight')
        rows = part_rows('preflight', [], results)
        # Who asks for nothing but a preflight wants to know, whatever conbool_preflight says of the playbook site.
        enforce = settings.values['roles']['preflight']['enforce']
        found = judged(self._display, 'preflight', task_vars['inventory_hostname'], rows, enforce)
        # The table has shown it.
        return quiet({**found, 'mta': host.get('mta'), 'supported': bool(host.get('supported'))}, most=0)
