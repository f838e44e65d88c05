# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import stopped
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import HostSettings, Unusable, said
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.on_the_host import OnTheHost

# What a report has of the settings, and what says how it is written.
REPORTED = ('state', 'scope', 'preflight', 'report_dir', 'report_language')
CLIENTS = 'outbound_hop_clients'
NO_CLIENTS = f'{CLIENTS}: names nobody. Name the mail servers that may send through this host, or run the playbook site'


class ActionModule(OnTheHost):
    """Documented in plugins/modules/settings.py."""

    OPTIONS = {
        'variables': {'type': 'dict'},
        'playbook': {'type': 'str'},
        'change': {'type': 'bool', 'default': False},
        'clients': {'type': 'bool', 'default': False},
    }

    def act(self, args, task_vars):
        settings = HostSettings(self, task_vars, args['variables'])
        values = settings.values
        if args['clients'] and values['state'] == 'present' and not values['roles']['outbound_hop']['clients']:
            raise Unusable(said([NO_CLIENTS]), [NO_CLIENTS])
        stop = args['playbook'] and self._stop(args['playbook'], values['max_fail_percentage'], task_vars)
        reason = stop or (args['playbook'] and self._away())
        # Shown with a failure, so that of the settings it has only what the report of the run needs.
        known = {'problems': [], 'settings': {name: values[name] for name in REPORTED}}
        if reason:
            return {**known, 'failed': True, 'not_done': True, 'msg': reason}
        found = {}
        if args['change'] and (values['state'] == 'absent' or values['preflight'] == 'skip'):
            # No preflight is going to find out.
            found = self.mail_server(None, settings, task_vars)
            if found.get('failed'):
                return {**known, **found}
        # Parameters of the hop may have passwords in them, and AWX keeps what is shown of a result.
        result = {'settings': values, 'problems': [], 'warnings': settings.warnings, '_ansible_no_log': True}
        # Ansible makes objects of its own of warnings.
        result['noted'] = list(settings.warnings)
        more = {'playbook': args['playbook'], 'mta': found.get('mta')}
        return {**result, **{name: value for name, value in more.items() if value}}

    @staticmethod
    def _stop(playbook, most, task_vars):
        """Why the host has no turn after what became of those before it, if so."""
        if most is None:
            return ''
        hosts = task_vars['ansible_play_hosts_all']
        before = hosts[: hosts.index(task_vars['ansible_play_batch'][0])]
        return stopped(task_vars['hostvars'], before, playbook, most)

    def _away(self):
        """Why the host cannot be worked on, if so.

        Asked for before anything else. To wait for each of many questions, until its connection fails, takes minutes.
        """
        try:
            answer = self._low_level_execute_command('exit 0')
        except AnsibleError as exc:
            return str(exc)
        return '' if answer['rc'] == 0 else f'the host runs no command: {answer["stderr"] or answer["stdout"]}'.strip()
