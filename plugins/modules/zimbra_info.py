#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zimbra_info
short_description: Reads what a Zimbra does with mail
version_added: 1.0.0
description:
  - Returns what counts for mail on a Zimbra server with an MTA - its version and services, attributes of its own and
    those of the global configuration, the scripts of domains, what its Postfix goes by, and whether its configuration
    daemon is at work. Nothing is changed.
  - Starts C(zmprov) once.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - Zimbra 8.8.15 or later on the managed host
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: linux
options:
  hosted_domains:
    description: Domains of this Zimbra; the module fails when one of them is none.
    type: list
    elements: str
    default: []
  command_timeout:
    description: Seconds that one start of a program of Zimbra's may take.
    type: int
    default: 120
notes:
  - Tried on a double of Zimbra that is held to what was recorded from Zimbra's own configuration daemon.
seealso:
  - module: conbool.smtp_relay.zimbra_attributes
"""

EXAMPLES = r"""
- name: What the Zimbra does with mail is known
  conbool.smtp_relay.zimbra_info:
    hosted_domains: [example.com]
  register: zimbra

- name: The configuration daemon is at work
  ansible.builtin.assert:
    that: zimbra.daemon
"""

RETURN = r"""
version:
  description: Version of Zimbra.
  returned: success
  type: str
  sample: 10.1.0
server:
  description: Name of this server in Zimbra's directory.
  returned: success
  type: str
  sample: mail.example.com
services:
  description: The services that are enabled on it.
  returned: success
  type: list
  elements: str
  sample: [mta, mailbox, amavis]
attributes:
  description: Own values of the attributes that count for mail, by entry and name. Of a server and of the global
    configuration all that are asked for, also those without a value.
  returned: success
  type: dict
  sample: {"server mail.example.com": {"zimbraMtaRelayHost": []}, "config": {"zimbraMtaRelayHost": []}}
hiding:
  description: Classes of service and accounts of O(hosted_domains) with a C(zimbraAdminSieveScriptBefore) of their own,
    which hides that of a domain.
  returned: success
  type: list
  elements: str
  sample: ["COS default"]
parameters:
  description: All parameters of its Postfix, with C($name) replaced. Passwords are not shown.
  returned: success
  type: dict
  sample: {"relayhost": ""}
running:
  description: Whether its Postfix runs.
  returned: success
  type: bool
  sample: true
daemon:
  description: Whether Zimbra's configuration daemon (C(zmconfigd)) answers.
  returned: success
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.server import info


def main():
    module = AnsibleModule(
        argument_spec={
            'hosted_domains': {'type': 'list', 'elements': 'str', 'default': []},
            'command_timeout': {'type': 'int', 'default': 120},
        },
        supports_check_mode=True,
    )
    try:
        found = info(module, module.params['hosted_domains'], module.params['command_timeout'])
    except (HostError, OSError) as exc:
        module.fail_json(msg=message(exc))
    module.exit_json(changed=False, **found)


if __name__ == '__main__':
    main()
