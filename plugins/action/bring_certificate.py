# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleError
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.host_settings import Unusable, said
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.on_the_host import OnTheHost

FILES = {'cert': 'tls_client_cert', 'key': 'tls_client_key'}


class ActionModule(OnTheHost):
    """Documented in plugins/modules/bring_certificate.py.

    The task needs no C(no_log), which would hide why it fails: both files are read here, and handed to the module as
    options that nothing shows.
    """

    def act(self, args, task_vars):
        values = self.settings(task_vars).values
        if values['state'] == 'absent':
            return self.change('client_certificate', {'state': 'absent'}, task_vars)
        options, problems = {}, []
        for option, name in FILES.items():
            source = values[name + '_source']
            try:
                content = self._read(source) if source else None
            except (AnsibleError, OSError, UnicodeError) as exc:
                problems.append(f'conbool_{name}_source: {source} cannot be read on the controller: {exc}')
                continue
            if content is None:
                problems.append(f'conbool_{name}_source: names no file. Name one of the controller')
            options.update({option: values[name], f'{option}_content': content})
        if problems:
            raise Unusable(said(problems), problems)
        return self.change('client_certificate', options, task_vars)

    def _read(self, path):
        """The content of a file of the controller, which may be a vault."""
        # Never decrypted into a file, which would stay behind where the run is killed.
        content = self._loader.get_text_file_contents(path)
        # What is no text, such as DER, is read all the same.
        content.encode('utf-8')
        return str(content)
