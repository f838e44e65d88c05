# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of postfix_config, as AnsibleModule takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files

ENTRY = {
    'name': {'type': 'str', 'required': True},
    'type': {'type': 'str', 'required': True, 'choices': ['inet', 'unix', 'fifo', 'pass', 'unix-dgram']},
}
FLAG = {'type': 'str', 'choices': ['-', 'y', 'n'], 'default': '-'}
SERVICE = dict(
    ENTRY,
    private=FLAG,
    unprivileged=FLAG,
    chroot=FLAG,
    wakeup={'type': 'str', 'default': '-'},
    max_processes={'type': 'str', 'default': '-'},
    command={'type': 'str', 'required': True},
    options={'type': 'dict', 'default': {}},
)
SERVICE_OPTIONS = dict(
    ENTRY,
    options={'type': 'dict', 'required': True},
    optional={'type': 'bool', 'default': False},
)
TABLE = {
    'path': {'type': 'path', 'required': True},
    'type': {
        'type': 'str',
        'required': True,
        'choices': ['texthash', 'regexp', 'pcre', 'cidr', 'default', 'hash', 'btree', 'lmdb', 'cdb', 'program'],
    },
    'content': {'type': 'str'},
    'entries': {'type': 'dict'},
    'mode': {'type': 'raw', 'default': '0644'},
}
UNIT = {
    'name': {'type': 'str', 'required': True},
    'content': {'type': 'str'},
}
LISTENER = {
    'address': {'type': 'str', 'required': True},
    'port': {'type': 'int', 'required': True},
}


def _list_of(options: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return dict({'type': 'list', 'elements': 'dict', 'default': [], 'options': options}, **more)


def argument_spec() -> dict[str, Any]:
    return {
        'config_dir': {'type': 'path', 'default': '/etc/postfix'},
        'sbin_dir': {'type': 'path'},
        'create': {'type': 'bool', 'default': False},
        'exclusive': {'type': 'bool', 'default': False},
        'owner_id': {'type': 'str', 'required': True},
        'parameters': {'type': 'dict', 'default': {}},
        'services': _list_of(SERVICE),
        'service_options': _list_of(SERVICE_OPTIONS),
        'tables': _list_of(
            TABLE,
            mutually_exclusive=[('content', 'entries')],
            required_one_of=[('content', 'entries')],
        ),
        'unit': {'type': 'dict', 'options': UNIT},
        'tls_files': {
            'type': 'dict',
            'options': tls_files.OPTIONS,
            'required_one_of': [('cert_file', 'ca_file')],
            'required_together': [('cert_file', 'key_file')],
        },
        'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
        'reload': {'type': 'bool', 'default': True},
        'listeners': _list_of(LISTENER),
        'timeout': {'type': 'int', 'default': 20},
    }
