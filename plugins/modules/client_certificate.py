#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: client_certificate
short_description: Puts the certificate that is shown to the gateway on a host, with its key
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the playbooks; no compatibility promise.
  - Writes both files, the key readable for root only, or puts back what was there before, byte for byte.
  - Fails, and changes nothing, when OpenSSL cannot use them, when the key does not belong to the certificate or has a
    passphrase.
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The key is a secret.
  platform:
    support: full
    platforms: linux
options:
  cert:
    description: Absolute path of the certificate on the host.
    type: path
  cert_content:
    description: The certificate with its chain (PEM).
    type: str
  key:
    description: Absolute path of the key on the host.
    type: path
  key_content:
    description: The key (PEM, without passphrase).
    type: str
  state:
    description: Whether the files are there. V(absent) needs no other option.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds to wait for another run that is at work on the host.
    type: int
    default: 20
seealso:
  - module: conbool.smtp_relay.bring_certificate
  - module: conbool.smtp_relay.tls_files
"""

EXAMPLES = r"""
- name: Certificate and key are on the host
  conbool.smtp_relay.client_certificate:
    cert: /etc/ssl/certs/relay.pem
    cert_content: "{{ lookup('ansible.builtin.file', '/secrets/relay.pem', rstrip=false) }}"
    key: /etc/ssl/private/relay.key
    key_content: "{{ lookup('ansible.builtin.file', '/secrets/relay.key', rstrip=false) }}"
  no_log: true

- name: They are as they were before
  conbool.smtp_relay.client_certificate:
    state: absent
"""

RETURN = r"""
paths:
  description: The files that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/ssl/private/relay.key]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.client_certificate import converge

FILES = ['cert', 'cert_content', 'key', 'key_content']


def main():
    module = AnsibleModule(
        argument_spec={
            'cert': {'type': 'path'},
            'cert_content': {'type': 'str', 'no_log': True},
            'key': {'type': 'path', 'no_log': False},
            'key_content': {'type': 'str', 'no_log': True},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'timeout': {'type': 'int', 'default': 20},
        },
        required_if=[('state', 'present', FILES)],
        supports_check_mode=True,
    )
    run(module, ['/etc'], converge)


if __name__ == '__main__':
    main()
