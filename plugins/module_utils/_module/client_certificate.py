# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate and key that a mail server shows to the gateway, brought to the host and taken away again.

Private to this collection.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

OWNER = 'client_certificate'
# Whoever runs the mail server's master process reads the key: root.
CERT_MODE, KEY_MODE = 0o644, 0o600


def converge(module: AnsibleModule, params: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring both files to what is wanted, or back to what they were; in check mode tell whether that changes something.

    Raises:
        HostError: the key does not belong to the certificate, has a passphrase, or one of them cannot be used.
        SwitchError: a file could not be written; the others are as they were.
    """
    wanted, modes = {}, {}
    if params['state'] == 'present':
        wanted = {params[name]: params[name + '_content'].encode() for name in ('cert', 'key')}
        modes = {params['cert']: CERT_MODE, params['key']: KEY_MODE}
        _refuse_unusable(params)
    change = FileChange(OWNER, wanted, modes=modes)
    if not module.check_mode:
        change.switch(lambda: None, lambda: None)
    # No difference is shown: one of the two is a secret.
    return {'changed': change.changed, 'paths': change.paths()}, change.warnings


def _refuse_unusable(params: dict[str, Any]) -> None:
    """Have OpenSSL look at both before one is where a mail server reads it."""
    with tempfile.TemporaryDirectory(prefix='conbool-') as folder:
        places = {}
        for name in ('cert', 'key'):
            places[name] = os.path.join(folder, name)
            with open(os.open(places[name], os.O_WRONLY | os.O_CREAT, KEY_MODE), 'w', encoding='utf-8') as file:
                file.write(params[name + '_content'])
        problems = tls_files.look(places['cert'], places['key'])['problems']
    for name, place in places.items():
        problems = [problem.replace(place, f'what is meant for {params[name]}') for problem in problems]
    if problems:
        raise HostError(' | '.join(problems))
