#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_relay
author: Conbool SMTP Relay collection contributors (@conbool)
short_description: Manages relay rules of a Kerio Connect
version_added: 1.0.0
description:
  - Puts rules into the list of relay rules (SMTP Server, SMTP Delivery) of a Kerio Connect 9.0 or newer, or takes them
    away. Rules of others stay as they are and in their order.
  - A rule is known by its name, which is its description in Kerio Connect.
  - The list is read, changed as a whole, written if anything differs, and read again. The module fails when the server
    then holds something else, and when somebody else has changed the list in between.
  - Fails before any change when the password of another rule could get lost. See O(passwords).
extends_documentation_fragment:
  - conbool.smtp_relay.kerio_server
  - conbool.smtp_relay.kerio_server.change
  - action_common_attributes
options:
  rules:
    description: The rules, in their order. They have no log-in.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The description of the rule, by which it is found again.
        type: str
        required: true
      host:
        description: The server to which mail is sent. Required with O(state=present).
        type: str
        default: ''
      port:
        description: Its port.
        type: int
        default: 25
      applies_to:
        description: All mail, or mail whose envelope sender or recipient is like O(rules[].pattern).
        type: str
        choices: [all, sender, recipient]
        default: all
      pattern:
        description: An address in which C(*) stands for anything, as in V(*@example.com).
        type: str
        default: ''
      inverted:
        description: The rule applies if the address is not like O(rules[].pattern).
        type: bool
        default: false
      enabled:
        description: Whether the rule is in force.
        type: bool
        default: true
  state:
    description: Whether the rules are there.
    type: str
    choices: [present, absent]
    default: present
  position:
    description: Where the rules stand, all together. The first rule that applies decides. A rule for all mail belongs
      behind the others.
    type: str
    choices: [first, last]
    default: last
  switched_off:
    description: Names of other rules that must not be in force, as of a former smart host. Fails if there is none.
    type: list
    elements: str
    default: []
  switched_on:
    description: Names of other rules that must be in force. Fails if there is none.
    type: list
    elements: str
    default: []
  passwords:
    description:
      - Name of another rule, and its password.
      - The server never tells a password, and takes the list of rules as a whole. So the passwords of all other rules
        that log in are needed when anything changes, unless O(keep_passwords_by_id).
    type: dict
    default: {}
  keep_passwords_by_id:
    description:
      - Send the id of a rule in the place of its password.
      - By the description of the interface of Kerio Connect 9 this keeps the password. Try it on a test server first.
        Where it does not hold, the password is lost.
    type: bool
    default: false
seealso:
  - module: conbool.smtp_relay.kerio_info
"""

EXAMPLES = r"""
- name: All mail leaves by the gateway
  conbool.smtp_relay.kerio_relay:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    rules:
      - name: Conbool (managed by Ansible)
        host: 127.0.0.1
        port: 10027
    switched_off: [Former smart host]

- name: Mail of one domain leaves by the gateway, whatever the other rules say
  conbool.smtp_relay.kerio_relay:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    position: first
    rules:
      - name: Conbool (managed by Ansible)
        host: 127.0.0.1
        port: 10027
        applies_to: sender
        pattern: "*@example.com"
    passwords:
      Partner: "{{ partner_password }}"

- name: The former smart host is back
  conbool.smtp_relay.kerio_relay:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    state: absent
    rules:
      - name: Conbool (managed by Ansible)
    switched_on: [Former smart host]
"""

RETURN = r"""
rules:
  description: All rules as they are now, or would be in check mode, as the interface has them (C(RelayDeliveryRule)),
    without ids and passwords.
  returned: success
  type: list
  elements: dict
  sample:
    - isEnabled: true
      description: Conbool (managed by Ansible)
      hostName: 127.0.0.1
      port: 10027
      authentication: {isRequired: false, userName: "", authType: Auth}
      condition: {test: RelayCondNone, comparator: RelayCompEqual, pattern: ""}
switched_off:
  description: Those of O(switched_off) that were in force before.
  returned: success
  type: list
  elements: str
  sample: [Former smart host]
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import options, relay

RULE = {
    'name': {'type': 'str', 'required': True},
    'host': {'type': 'str', 'default': ''},
    'port': {'type': 'int', 'default': 25},
    'applies_to': {'type': 'str', 'choices': list(relay.TESTS), 'default': 'all'},
    'pattern': {'type': 'str', 'default': ''},
    'inverted': {'type': 'bool', 'default': False},
    'enabled': {'type': 'bool', 'default': True},
}
NAMES = ('rules', 'state', 'position', 'switched_off', 'switched_on', 'passwords', 'keep_passwords_by_id')


def main():
    module = AnsibleModule(
        argument_spec={
            **options.ARGUMENTS,
            'rules': {'type': 'list', 'elements': 'dict', 'default': [], 'options': RULE},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'position': {'type': 'str', 'choices': ['first', 'last'], 'default': 'last'},
            'switched_off': {'type': 'list', 'elements': 'str', 'default': []},
            'switched_on': {'type': 'list', 'elements': 'str', 'default': []},
            'passwords': {'type': 'dict', 'default': {}, 'no_log': True},
            'keep_passwords_by_id': {'type': 'bool', 'default': False, 'no_log': False},
        },
        supports_check_mode=True,
    )
    wanted = relay.Wanted(**{name: module.params[name] for name in NAMES})
    problems = relay.problems(wanted)
    if problems:
        module.fail_json(msg='; '.join(problems))

    def work(client):
        told = relay.converge(client, wanted, module.check_mode)
        texts = [json.dumps(told[name], indent=2, sort_keys=True) + '\n' for name in ('before', 'after')]
        return {
            'changed': told['changed'],
            'rules': told['after'],
            'switched_off': told['switched_off'],
            'diff': difference('relay rules', *texts),
        }

    options.run(module, work)


if __name__ == '__main__':
    main()
