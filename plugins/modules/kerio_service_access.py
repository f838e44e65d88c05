#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_service_access
author: Conbool SMTP Relay collection contributors (@conbool)
short_description: Limits a service of a Kerio Connect to a group of IP addresses
version_added: 1.0.0
description:
  - Limits the access to one service (Configuration, Services, Access) of a Kerio Connect to a group of IP addresses, or
    opens it to everybody. Nothing else about the service is changed.
  - Fails before any change when the group does not exist, when none of its entries is in force, or when it lacks one of
    O(must_include).
extends_documentation_fragment:
  - conbool.smtp_relay.kerio_server
  - conbool.smtp_relay.kerio_server.change
  - action_common_attributes
options:
  service:
    description: Name of the service, as V(SMTP), V(Secure SMTP) or V(SMTP Submission).
    type: str
    default: SMTP
  group:
    description: Name of the group that may use the service. Empty for everybody.
    type: str
    required: true
  must_include:
    description:
      - Addresses that must be in the group, or nothing is changed. Where an outbound hop returns undeliverable mail to
        Kerio Connect on the same host, V(127.0.0.1) must be.
      - Host names in a group are not looked up. The entry C(this machine) counts for V(127.0.0.1) and V(::1) only.
    type: list
    elements: str
    default: []
seealso:
  - module: conbool.smtp_relay.kerio_ip_group
  - module: conbool.smtp_relay.kerio_info
"""

EXAMPLES = r"""
- name: Port 25 is for the gateway and for this machine
  conbool.smtp_relay.kerio_service_access:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    service: SMTP
    group: Conbool (managed)
    must_include: [127.0.0.1]

- name: Port 25 is for everybody again
  conbool.smtp_relay.kerio_service_access:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    service: SMTP
    group: ""
"""

RETURN = r"""
group:
  description: The group that may use the service now, or could in check mode. Empty for everybody.
  returned: success
  type: str
  sample: Conbool (managed)
group_before:
  description: The group before.
  returned: success
  type: str
  sample: ""
is_running:
  description: Whether the server says that the service runs.
  returned: success
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import options, service


def main():
    module = AnsibleModule(
        argument_spec={
            **options.ARGUMENTS,
            'service': {'type': 'str', 'default': 'SMTP'},
            'group': {'type': 'str', 'required': True},
            'must_include': {'type': 'list', 'elements': 'str', 'default': []},
        },
        supports_check_mode=True,
    )
    wanted = service.Wanted(**{name: module.params[name] for name in ('service', 'group', 'must_include')})
    problems = service.problems(wanted)
    if problems:
        module.fail_json(msg='; '.join(problems))

    def work(client):
        told = service.converge(client, wanted, module.check_mode)
        texts = [f'group: {told[name] or "(everybody)"}\n' for name in ('before', 'after')]
        return {
            'changed': told['changed'],
            'group': told['after'],
            'group_before': told['before'],
            'is_running': told['service']['isRunning'],
            'diff': difference(f'service {wanted.service}', *texts),
        }

    options.run(module, work)


if __name__ == '__main__':
    main()
