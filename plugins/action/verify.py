# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.excerpt import quiet
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.observer import observer
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.on_the_host import OnTheHost


class ActionModule(OnTheHost):
    """Documented in plugins/modules/verify.py."""

    OPTIONS = {'mta': {'type': 'str'}}

    def act(self, args, task_vars):
        settings = self.settings(task_vars)
        host = self.mail_server(args['mta'], settings, task_vars)
        if host.get('failed'):
            return host
        answer = self.ask_mail_server(host['mta'], 'verify', settings, task_vars)
        found = {**answer, 'mta': host['mta'], 'observer': observer(settings.values, task_vars['groups']['all'])}
        # A table is going to show it.
        return quiet(found, most=0)
