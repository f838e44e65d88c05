#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: preflight
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Look at a host before its mail server is led to the gateway
description:
  - Internal to M(conbool.smtp_relay.ready); no compatibility promise.
  - Asks in one call what can be asked before the mail server's configuration is read - the gateway, as
    M(conbool.smtp_relay.smtp_check) does from the host, the TLS files, as M(conbool.smtp_relay.tls_files) does, which
    mail server the host has, as M(conbool.smtp_relay.mta_info) does, whether the mail port can be limited, as
    M(conbool.smtp_relay.inbound_firewall) does in check mode, and what is free for the queue of the outbound hop.
  - A question that cannot be answered is a row like any other finding; the others are asked all the same. The module
    does not fail because of what it finds, and changes nothing.
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: posix
    details: Any host with Python.
options:
  settings:
    description: The settings, as returned by M(conbool.smtp_relay.settings), with those of the roles.
    type: dict
    required: true
seealso:
  - module: conbool.smtp_relay.ready
'''

EXAMPLES = r'''
- name: Host is known as it is before the gateway
  conbool.smtp_relay.preflight:
    settings: "{{ conbool_settings }}"
  register: preflight_found
'''

RETURN = r'''
mta:
  description: The host's mail server; V(null) when there is none, or no single one.
  returned: success
  type: str
  sample: postfix
supported:
  description: Whether the collection has a role for it.
  returned: success
  type: bool
  sample: true
rows:
  description: What was found, by subject, each with C(id), C(target), C(status) (green, red, unknown), C(severity),
    C(finding) and C(hint). What can only be said by whoever knows the mail server is not among it.
  returned: success
  type: list
  elements: dict
  sample:
    - id: gateway.ok
      target: mail.conbool.com:25
      status: green
      severity: info
      finding: SMTP reachable, TLSv1.3, DNS:mail.conbool.com, 80 days left
      hint: ''
firewall_settled:
  description: Whether there is nothing to do in the firewall - the limit is in force as the settings want it, or they
    want none and there is none. V(false) when that cannot be said.
  returned: success
  type: bool
  sample: true
inbound_firewall:
  description: Whether there is a record of what M(conbool.smtp_relay.inbound_firewall) has done on the host, or a file
    of it.
  returned: success
  type: bool
  sample: false
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.handed import SETTINGS, handed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.preflight import ask_host


def main():
    module, settings = handed(SETTINGS)
    result, warnings = ask_host(module, settings)
    for warning in warnings:
        module.warn(message(warning))
    module.exit_json(changed=False, **result)


if __name__ == '__main__':
    main()
