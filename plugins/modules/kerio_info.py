#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_info
author: Conbool SMTP Relay collection contributors (@conbool)
short_description: Reads the mail settings of a Kerio Connect
version_added: 1.0.0
description:
  - Returns what the administration interface of a Kerio Connect says of version, relay rules, services, groups of IP
    addresses, spam settings and domains. Nothing is changed.
  - Passwords are left out. Long hexadecimal texts, by which custom rules know the gateway's mail, are hidden.
extends_documentation_fragment:
  - conbool.smtp_relay.kerio_server
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: posix
options:
  parts:
    description: What to read. By default everything.
    type: list
    elements: str
    choices:
      - smtp
      - relay_rules
      - incoming_rules
      - outgoing_rules
      - services
      - ip_groups
      - sender_policy
      - security_policy
      - antispam
      - custom_rules
      - domains
      - remote_administration
      - advanced
      - statistics
notes:
  - A part that the server does not tell is V(null), with a warning. An auditor, for one, is not told the domains; Kerio
    Connect 8 has no list of relay rules, but C(smtpOptions) in RV(smtp).
seealso:
  - module: conbool.smtp_relay.kerio_relay
"""

EXAMPLES = r"""
- name: Where Kerio Connect sends mail is known
  conbool.smtp_relay.kerio_info:
    password: "{{ kerio_admin_password }}"
    certificate_sha256: "{{ kerio_certificate_sha256 }}"
    parts: [relay_rules, smtp]
  register: kerio

- name: There is a smart host
  ansible.builtin.assert:
    that: kerio.relay_rules | selectattr('isEnabled') | length > 0

- name: Kerio Connect on Windows is asked from the controller
  conbool.smtp_relay.kerio_info:
    host: kerio.example.com
    ca_file: /etc/ssl/company-ca.pem
    username: automation@example.com
    password: "{{ kerio_admin_password }}"
  delegate_to: localhost
"""

RETURN = r"""
version:
  description: The version of Kerio Connect.
  returned: success
  type: str
  sample: 10.0.8
version_numbers:
  description: Major, minor, revision and build.
  returned: success
  type: list
  elements: int
  sample: [10, 0, 8, 9228]
role:
  description: The role of O(username).
  returned: success
  type: str
  sample: BuiltInAdmin
os:
  description: V(Linux), V(Windows) or V(MacOs). V(null) if the server does not tell.
  returned: success
  type: str
  sample: Linux
smtp:
  description: C(SmtpServerSettings) of C(Smtp.get).
  returned: when read
  type: dict
  sample: {useSSL: true}
relay_rules:
  description: C(RelayDeliveryRule) of C(Smtp.getRelayDeliveryRuleList), in their order.
  returned: when read
  type: list
  elements: dict
  sample:
    - {id: "keriodb://relayrule/1", isEnabled: true, description: Smart host, hostName: smtp.example.net, port: 25}
incoming_rules:
  description: C(DeliveryRule) of C(Smtp.getIncomingRuleList), the message filters for incoming mail.
  returned: when read
  type: list
  elements: dict
outgoing_rules:
  description: C(DeliveryRule) of C(Smtp.getOutgoingRuleList).
  returned: when read
  type: list
  elements: dict
services:
  description: C(Service) of C(Services.get).
  returned: when read
  type: list
  elements: dict
ip_groups:
  description: C(IpAddressEntry) of C(IpAddressGroups.get). Entries with the same C(groupId) make a group.
  returned: when read
  type: list
  elements: dict
sender_policy:
  description: C(SenderPolicyOptions) of C(SenderPolicy.get).
  returned: when read
  type: dict
security_policy:
  description: C(SecurityPolicyOptions) of C(SecurityPolicy.get).
  returned: when read
  type: dict
antispam:
  description: C(AntiSpamSetting) of C(Content.getAntiSpamSetting).
  returned: when read
  type: dict
custom_rules:
  description: C(CustomRule) of C(Content.getCustomRuleList), in their order.
  returned: when read
  type: list
  elements: dict
domains:
  description: C(Domain) of C(Domains.get).
  returned: when read
  type: list
  elements: dict
remote_administration:
  description: C(Administration) of C(Server.getRemoteAdministration).
  returned: when read
  type: dict
advanced:
  description: C(AdvancedOptionsSetting) of C(AdvancedOptions.get).
  returned: when read
  type: dict
statistics:
  description: C(ServerStatistics) of C(Statistics.get). Counters are strings.
  returned: when read
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import facts, options


def main():
    module = AnsibleModule(
        argument_spec={
            **options.ARGUMENTS,
            'parts': {'type': 'list', 'elements': 'str', 'choices': list(facts.PARTS)},
        },
        supports_check_mode=True,
    )
    parts = module.params['parts'] if module.params['parts'] is not None else list(facts.PARTS)
    options.run(module, lambda client: {'changed': False, **facts.read(client, parts)})


if __name__ == '__main__':
    main()
