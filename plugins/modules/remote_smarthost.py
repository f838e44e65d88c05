#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remote_smarthost
short_description: Makes a host the smart host of mail servers on other machines, or undoes it
version_added: 1.0.0
description:
  - Has the outbound hop run, and listen for the servers that the settings name as its clients. What they send goes to
    the Conbool gateway or directly to the recipient, as the hop decides; see the role
    P(conbool.smtp_relay.remote_smarthost#role). Nobody else can send through it. The host's firewall limits the port.
  - Whether it is done or undone is said by C(settings.state). Every part has a record on the host, with which it is
    undone byte for byte. Undoing sends what waits in the outbound hop, and only then removes it.
  - Everything is looked at before the first change. What stands against it is named, and nothing is changed then.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.change
  - conbool.smtp_relay.mail_server.smarthost
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.remote_verify
  - module: conbool.smtp_relay.settings
"""

EXAMPLES = r"""
- name: Settings of the host are valid
  conbool.smtp_relay.settings:
  register: checked

- name: Mail servers of the LAN have a smart host
  conbool.smtp_relay.remote_smarthost:
    settings: "{{ checked.settings }}"
"""

RETURN = r"""
parts:
  description: The parts that were changed, or would be in check mode. With a failure, those that are not as they were.
  returned: always, unless it failed before the first change
  type: list
  elements: str
  sample: [hop, mail_port]
packages:
  description: The packages that were installed or removed.
  returned: when there are any
  type: list
  elements: str
  sample: [conbool-hop-postfix]
rows:
  description: What was found, before the change with O(stage=preflight), otherwise after it. See
    M(conbool.smtp_relay.remote_verify).
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
  sample: ["outbound_hop_clients: 10.0.0.0/8 is a whole network of an organisation"]
diff:
  description: The changed files and packages, one element each, and the commands for services.
  returned: in diff mode
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost
from ansible_collections.conbool.smtp_relay.plugins.module_utils._remote.server import RemoteServer


def main():
    smarthost.main(RemoteServer)


if __name__ == '__main__':
    main()
