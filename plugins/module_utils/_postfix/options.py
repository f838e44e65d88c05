# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of postfix_config, as AnsibleModule takes them."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files


def argument_spec():
    entry = {
        'name': {'type': 'str', 'required': True},
        'type': {'type': 'str', 'required': True, 'choices': ['inet', 'unix', 'fifo', 'pass', 'unix-dgram']},
    }
    flag = {'type': 'str', 'choices': ['-', 'y', 'n'], 'default': '-'}
    return {
        'config_dir': {'type': 'path', 'default': '/etc/postfix'},
        'sbin_dir': {'type': 'path'},
        'create': {'type': 'bool', 'default': False},
        'owner_id': {'type': 'str', 'required': True},
        'parameters': {'type': 'dict', 'default': {}},
        'services': {
            'type': 'list',
            'elements': 'dict',
            'default': [],
            'options': dict(
                entry,
                private=flag,
                unprivileged=flag,
                chroot=flag,
                wakeup={'type': 'str', 'default': '-'},
                max_processes={'type': 'str', 'default': '-'},
                command={'type': 'str', 'required': True},
                options={'type': 'dict', 'default': {}},
            ),
        },
        'service_options': {
            'type': 'list',
            'elements': 'dict',
            'default': [],
            'options': dict(
                entry,
                options={'type': 'dict', 'required': True},
                optional={'type': 'bool', 'default': False},
            ),
        },
        'tables': {
            'type': 'list',
            'elements': 'dict',
            'default': [],
            'mutually_exclusive': [('content', 'entries')],
            'required_one_of': [('content', 'entries')],
            'options': {
                'path': {'type': 'path', 'required': True},
                'type': {
                    'type': 'str',
                    'required': True,
                    'choices': ['texthash', 'regexp', 'pcre', 'cidr', 'default', 'hash', 'btree', 'lmdb', 'cdb'],
                },
                'content': {'type': 'str'},
                'entries': {'type': 'dict'},
                'mode': {'type': 'raw', 'default': '0644'},
            },
        },
        'unit': {
            'type': 'dict',
            'options': {
                'name': {'type': 'str', 'required': True},
                'content': {'type': 'str'},
            },
        },
        'tls_files': {
            'type': 'dict',
            'options': tls_files.OPTIONS,
            'required_one_of': [('cert_file', 'ca_file')],
            'required_together': [('cert_file', 'key_file')],
        },
        'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
        'reload': {'type': 'bool', 'default': True},
        'listeners': {
            'type': 'list',
            'elements': 'dict',
            'default': [],
            'options': {
                'address': {'type': 'str', 'required': True},
                'port': {'type': 'int', 'required': True},
            },
        },
        'timeout': {'type': 'int', 'default': 20},
    }
