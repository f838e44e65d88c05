#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_verify
short_description: Whether a Kerio Connect uses the Conbool gateway as it should
version_added: 1.0.0
description:
  - Reads the rules of Kerio Connect for the way of sample messages, and asks the outbound hop what it does with marked
    ones.
  - Looks whether rules, groups of IP addresses, exceptions and services are as they should be; whether ports 465 or
    587 take mail without a log-in, whether the hop greets and its bounces are taken back, and whether a queue grows.
  - No mail is sent, and nothing is changed. What is wrong is a row, not a failure.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.verify
  - conbool.smtp_relay.kerio_account
  - action_common_attributes
notes:
  - Tried on a double of Kerio Connect, made from public descriptions of its interface, and never on a real one.
seealso:
  - module: conbool.smtp_relay.kerio_smarthost
"""

EXAMPLES = r"""
- name: What is not as it should be is known
  conbool.smtp_relay.kerio_verify:
    settings: "{{ conbool_settings }}"
    password: "{{ kerio_smarthost_password }}"
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
      sample: 127.0.0.1:325 by the relay rule 'Conbool (managed)'
    hint:
      description: What to do, empty when there is nothing to do.
      type: str
      sample: ''
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.server import KerioServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import verify


def main():
    verify.main(KerioServer)


if __name__ == '__main__':
    main()
