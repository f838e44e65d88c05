#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_verify
short_description: Whether a Postfix uses the Conbool gateway as it should
version_added: 1.0.0
description:
  - Asks the running Postfix for the way of sample messages, and the outbound hop for what it does with marked ones.
  - Looks whether the hop greets and its bounces are taken back, whether what was made of C(main.cf) is still what it
    says, whether what runs has read its files, and whether a queue grows or waits for a person.
  - Compares everything that M(conbool.smtp_relay.postfix_smarthost) makes with what it would make, and makes one TLS
    handshake with the gateway.
  - No mail is sent, and nothing is changed. What is wrong is a row, not a failure.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.verify
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.postfix_route
    description: Asks one thing at a time.
  - module: conbool.smtp_relay.postfix_smarthost
"""

EXAMPLES = r"""
- name: What is not as it should be is known
  conbool.smtp_relay.postfix_verify:
    settings: "{{ conbool_settings }}"
  register: found
  failed_when: found.rows | rejectattr('status', 'equalto', 'green') | length > 0
"""

RETURN = r"""
rows:
  description: What was found, one row for each question.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Which question, and which answer.
      type: str
      sample: route.ok
    target:
      description: What was asked about.
      type: str
      sample: <alice@example.com> to <someone@conbool-verify.invalid>
    status:
      description: V(green), V(red) or V(unknown).
      type: str
      sample: green
    severity:
      description: V(info), V(low), V(medium), V(high) or V(critical).
      type: str
      sample: info
    finding:
      description: What was found.
      type: str
      sample: conbool-hop:[127.0.0.1]:325
    hint:
      description: What to do, empty when there is nothing to do.
      type: str
      sample: ''
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import verify
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.server import PostfixServer


def main():
    verify.main(PostfixServer)


if __name__ == '__main__':
    main()
