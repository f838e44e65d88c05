#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_spam_rule
author: Conbool SMTP Relay collection contributors (@conbool)
short_description: Manages custom rules of the spam filter of a Kerio Connect
version_added: 1.0.0
description:
  - Puts rules for header fields into the list of custom rules (Content Filter, Spam Filter, Custom Rules) of a Kerio
    Connect, or takes them away. Rules of others stay as they are and in their order.
  - A rule is known by its name, which is its description in Kerio Connect.
  - The list is read, changed as a whole, written if anything differs, and read again. The module fails when the server
    then holds something else, and when somebody else has changed the list in between.
extends_documentation_fragment:
  - conbool.smtp_relay.kerio_server
  - conbool.smtp_relay.kerio_server.change
  - action_common_attributes
options:
  rules:
    description: The rules, in their order.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The description of the rule, by which it is found again.
        type: str
        required: true
      header:
        description: The header field. These are all that rules know, by the vendor's description.
        type: str
        choices: [From, To, Cc, Subject, Sender, X-Envelope-To, Received]
        default: Received
      contains:
        description: The text that stands in it. C(*) and C(?) are wildcards. It is never shown. Required with
          O(state=present).
        type: str
        default: ''
      action:
        description:
          - With V(not_spam), mail is no spam, and no later rule is asked. With V(reject), it is refused.
          - With V(score), it gets O(rules[].score).
        type: str
        choices: [not_spam, reject, score]
        required: true
      score:
        description:
          - Points for V(score), on the server's scale. By default as many as make mail spam.
          - The module fails when these would be too few for it, when mail would be thrown away for them, and when the
            spam filter does not rate mail.
        type: int
      enabled:
        description: Whether the rule is in force.
        type: bool
        default: true
  state:
    description: Whether the rules are there. With V(absent) only O(rules[].name) counts.
    type: str
    choices: [present, absent]
    default: present
  position:
    description: Where the rules stand, all together. They are asked from the first to the last.
    type: str
    choices: [first, last]
    default: first
notes:
  - Mail of clients that may relay is not rated at all unless the server is told to (C(isRatingRelayEnabled)).
  - The malware and phishing filter of Kerio Anti-Spam passes over V(not_spam).
seealso:
  - module: conbool.smtp_relay.kerio_info
"""

EXAMPLES = r"""
- name: Mail that the gateway has released or flagged is known
  conbool.smtp_relay.kerio_spam_rule:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    rules:
      - name: Conbool, released (managed)
        contains: "{{ conbool_released_token }}"
        action: not_spam
      - name: Conbool, flagged (managed)
        contains: "{{ conbool_flag_token }}"
        action: score

- name: These rules are gone
  conbool.smtp_relay.kerio_spam_rule:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    state: absent
    rules:
      - name: Conbool, released (managed)
        action: not_spam
      - name: Conbool, flagged (managed)
        action: score
"""

RETURN = r"""
rules:
  description: All custom rules as they are now, or would be in check mode, as the interface has them (C(CustomRule)),
    without ids and last use. Long hexadecimal texts are hidden.
  returned: success
  type: list
  elements: dict
  sample:
    - enabled: true
      kind: Header
      header: Received
      content: (hidden)
      description: Conbool, flagged (managed)
      type: ContainsSubstring
      action: IncreaseSpamScore
      score: 5
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import facts, options, spam_rule

RULE = {
    'name': {'type': 'str', 'required': True},
    'header': {'type': 'str', 'choices': list(spam_rule.HEADERS), 'default': 'Received'},
    'contains': {'type': 'str', 'default': '', 'no_log': True},
    'action': {'type': 'str', 'choices': list(spam_rule.ACTIONS), 'required': True},
    'score': {'type': 'int'},
    'enabled': {'type': 'bool', 'default': True},
}


def main():
    module = AnsibleModule(
        argument_spec={
            **options.ARGUMENTS,
            'rules': {'type': 'list', 'elements': 'dict', 'default': [], 'options': RULE},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'position': {'type': 'str', 'choices': ['first', 'last'], 'default': 'first'},
        },
        supports_check_mode=True,
    )
    wanted = spam_rule.Wanted(**{name: module.params[name] for name in ('rules', 'state', 'position')})
    problems = spam_rule.problems(wanted)
    if problems:
        module.fail_json(msg='; '.join(problems))

    def work(client):
        client.hide(*(rule['contains'] for rule in wanted.rules))
        told = spam_rule.converge(client, wanted, module.check_mode)
        before, after = facts.shown(told['before']), facts.shown(told['after'])
        texts = [json.dumps(rules, indent=2, sort_keys=True) + '\n' for rules in (before, after)]
        return {'changed': told['changed'], 'rules': after, 'diff': difference('custom rules', *texts)}

    options.run(module, work)


if __name__ == '__main__':
    main()
