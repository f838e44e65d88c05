#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_ip_group
author: Conbool SMTP Relay collection contributors (@conbool)
short_description: Manages a group of IP addresses of a Kerio Connect
version_added: 1.0.0
description:
  - Makes a group of IP addresses (Definitions, IP Address Groups) of a Kerio Connect consist of some entries, or takes
    entries or the group away.
  - New entries are made before old ones are removed, and the group is read again afterwards. The module fails when it
    then consists of something else.
  - Fails before any change when a group would be gone that is still in use, and before any removal when the server says
    that this would shut the caller out of the administration.
extends_documentation_fragment:
  - conbool.smtp_relay.kerio_server
  - conbool.smtp_relay.kerio_server.change
  - action_common_attributes
options:
  name:
    description: Name of the group.
    type: str
    required: true
  entries:
    description:
      - What the group consists of. Each is an address (V(192.0.2.1)), a network (V(192.0.2.0/24), V(2001:db8::/32)), a
        range (V(192.0.2.1-192.0.2.9)), V(this machine), or another group (V(group:Local clients)).
      - Required with O(state=present).
    type: list
    elements: str
    default: []
  state:
    description: With V(absent), the O(entries) are removed, or the whole group if there are none.
    type: str
    choices: [present, absent]
    default: present
  exclusive:
    description: Whether other entries of the group are removed. Set it to V(false) to add to somebody else's group.
    type: bool
    default: true
  description:
    description: Description of new entries.
    type: str
    default: managed by Ansible
seealso:
  - module: conbool.smtp_relay.kerio_info
"""

EXAMPLES = r"""
- name: The gateway's addresses are a group
  conbool.smtp_relay.kerio_ip_group:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    name: Conbool (managed)
    entries: [192.0.2.0/24, "2001:db8::/32"]

- name: They are among the administrator's exceptions, too
  conbool.smtp_relay.kerio_ip_group:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    name: No greylisting
    entries: ["group:Conbool (managed)"]
    exclusive: false
"""

RETURN = r"""
entries:
  description: The entries that the group consists of now, or would in check mode, without those that are switched off.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.0/24]
group_id:
  description: The id of the group, empty if there is none. A server may give it another one when it starts again.
  returned: success
  type: str
  sample: keriodb://ipgroup/61ad7ad5-60b8-4cae-ab82-f7c444dae102
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import ip_group, options


def main():
    module = AnsibleModule(
        argument_spec={
            **options.ARGUMENTS,
            'name': {'type': 'str', 'required': True},
            'entries': {'type': 'list', 'elements': 'str', 'default': []},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'exclusive': {'type': 'bool', 'default': True},
            'description': {'type': 'str', 'default': 'managed by Ansible'},
        },
        supports_check_mode=True,
    )
    names = ('name', 'entries', 'state', 'exclusive', 'description')
    wanted = ip_group.Wanted(**{name: module.params[name] for name in names})
    problems = ip_group.problems(wanted)
    if problems:
        module.fail_json(msg='; '.join(problems))

    def work(client):
        told = ip_group.converge(client, wanted, module.check_mode)
        texts = [''.join(f'{entry}\n' for entry in told[name]) for name in ('before', 'after')]
        return {
            'changed': told['changed'],
            'entries': told['after'],
            'group_id': told['group_id'],
            'diff': difference(f'group {wanted.name}', *texts),
        }

    options.run(module, work)


if __name__ == '__main__':
    main()
