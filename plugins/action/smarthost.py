# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.observer import observer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.on_the_host import OnTheHost


class ActionModule(OnTheHost):
    """Documented in plugins/modules/smarthost.py."""

    OPTIONS = {
        'mta': {'type': 'str'},
        'stage': {'type': 'str', 'choices': ['preflight', 'change'], 'default': 'change'},
    }

    def run(self, tmp=None, task_vars=None):
        # Before the mail server is asked nothing is changed. A task that Ansible ends has none, and nobody knows.
        return {'parts': [], **super().run(tmp, task_vars)}

    def act(self, args, task_vars):
        settings = self.settings(task_vars)
        host = self.mail_server(args['mta'], settings, task_vars)
        if host.get('failed'):
            return host
        answer = self.ask_mail_server(host['mta'], 'smarthost', settings, task_vars, stage=args['stage'])
        found = {**answer, 'mta': host['mta']}
        if args['stage'] == 'change' and 'changed' not in answer:
            found['parts'] = None
        if args['stage'] == 'preflight' and 'deliveries' not in answer and not answer.get('failed'):
            # It could not be asked, which is a row; whoever asks here wants to know who delivers.
            said = [row['finding'] for row in answer['rows'] if row['status'] != GREEN]
            return {**found, 'failed': True, 'msg': ' | '.join(said)}
        if args['stage'] == 'change' and not answer.get('failed'):
            found['observer'] = observer(settings.values, task_vars['groups']['all'])
        return found
