#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exim_verify
short_description: Whether an Exim uses the Conbool gateway as it should
version_added: 1.0.0
description:
  - Asks Exim for the way of sample messages (C(-bt)), and what it does with marked ones (C(-bem)).
  - Looks whether what runs has read its files, whether these are what C(update-exim4.conf) makes, and whether its queue
    grows or waits for a person.
  - Compares everything that M(conbool.smtp_relay.exim_smarthost) makes with what it would make, and makes one TLS
    handshake with the gateway.
  - No mail is sent, and nothing is changed. What is wrong is a row, not a failure.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.verify
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.exim_smarthost
"""

EXAMPLES = r"""
- name: What is not as it should be is known
  conbool.smtp_relay.exim_verify:
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
      sample: router conbool_gateway, transport conbool_smtp, mail.conbool.com
    hint:
      description: What to do, empty when there is nothing to do.
      type: str
      sample: ''
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.server import EximServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import verify


def main():
    verify.main(EximServer)


if __name__ == '__main__':
    main()
