# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import tempfile

from ansible.plugins.action import ActionBase

MODE = 0o644


def write(path, text):
    """Write a file so that a reader sees the old or the new one, never half; its directory is made."""
    directory = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=directory, prefix='.' + os.path.basename(path))
    try:
        with open(handle, 'w', encoding='utf-8') as file:
            file.write(text)
            os.fchmod(file.fileno(), MODE)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


class ActionModule(ActionBase):
    """Documented in plugins/modules/report.py."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        dummy, args = self.validate_argument_spec(
            argument_spec={'report': {'type': 'dict', 'required': True}, 'path': {'type': 'path', 'required': True}}
        )
        result = super().run(tmp, task_vars)
        result['changed'] = False
        try:
            write(os.path.abspath(args['path']), json.dumps(args['report'], indent=4) + '\n')
        except OSError as error:
            result.update(
                failed=True, msg='path: {} cannot be written on the controller: {}'.format(args['path'], error.strerror)
            )
            return result
        # As ansible.builtin.set_stats does. A later job gets it as a variable; those whose names begin with conbool_
        # are settings.
        result['ansible_stats'] = {'data': {'smtp_relay_report': args['report']}, 'per_host': False, 'aggregate': True}
        return result
