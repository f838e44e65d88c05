#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_smarthost
short_description: Makes a Kerio Connect use the Conbool gateway, or undoes it
version_added: 1.0.0
description:
  - Leads outbound mail to the outbound hop by a relay rule, limits port 25 to the gateway where inbound mail is managed
    (by a group of IP addresses and by the host's firewall), and has the gateway pass checks that go by the address of a
    client; see the role P(conbool.smtp_relay.kerio_smarthost#role).
  - Whether it is done or undone is said by C(settings.state). What was there before is recorded on the host. Undoing
    sends what waits in the outbound hop, and only then removes it. Where that is not possible in time the module fails,
    the hop runs on, and the rest is undone, the limit of the mail port included.
  - Everything is looked at before the first change. What stands against it is named, and nothing is changed then.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.change
  - conbool.smtp_relay.mail_server.smarthost
  - conbool.smtp_relay.kerio_account
  - action_common_attributes
notes:
  - Tried on a double of Kerio Connect, made from public descriptions of its interface, and never on a real one.
seealso:
  - module: conbool.smtp_relay.kerio_relay
    description: Manages relay rules in other ways.
  - module: conbool.smtp_relay.kerio_verify
  - module: conbool.smtp_relay.settings
"""

EXAMPLES = r"""
- name: Settings of the host are valid
  conbool.smtp_relay.settings:
  register: checked

- name: Kerio Connect sends outbound mail to the gateway
  conbool.smtp_relay.kerio_smarthost:
    settings: "{{ checked.settings }}"
    password: "{{ kerio_smarthost_password }}"
"""

RETURN = r"""
parts:
  description: The parts that were changed, or would be in check mode. With a failure, those that are not as they were.
  returned: always, unless it failed before the first change
  type: list
  elements: str
  sample: [hop, kerio_smarthost]
rows:
  description: What was found, before the change with O(stage=preflight), otherwise after it. See
    M(conbool.smtp_relay.kerio_verify).
  returned: success, unless it is undone or in check mode
  type: list
  elements: dict
  sample: [{"id": "route.ok", "status": "green", "finding": "smtp:[127.0.0.1]:325"}]
deliveries:
  description: Who delivers the mail of which domain.
  returned: with O(stage=preflight)
  type: list
  elements: dict
  sample: []
failed_part:
  description: The part that failed.
  returned: failure of a part
  type: str
  sample: mail_port
restored:
  description: Whether the old state of the part that failed is in force again. Those of RV(parts) stay changed.
  returned: failure after the first change
  type: bool
  sample: true
warnings:
  description: What was left alone because somebody else changed it, and what needs a person's attention.
  returned: when there are any
  type: list
  elements: str
  sample: ["exceptions of SPF: the group 'Partners', which was there before, is gone; there is none now"]
diff:
  description: The changed rules, groups and settings, files, and the commands for services.
  returned: in diff mode
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.server import KerioServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost


def main():
    smarthost.main(KerioServer)


if __name__ == '__main__':
    main()
