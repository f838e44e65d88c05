#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_smarthost
short_description: Makes a Sendmail use the Conbool gateway, or undoes it
version_added: 1.0.0
description:
  - Adds an m4 file to C(sendmail.mc) with which Sendmail decides for each message where it goes, or leads all mail for
    other hosts to the outbound hop; limits port 25 to the gateway where inbound mail is managed, by Sendmail and by the
    host's firewall, and files or marks flagged mail; see the role P(conbool.smtp_relay.sendmail_smarthost#role).
  - Whether it is done or undone is said by C(settings.state). Every part has a record on the host, with which it is
    undone byte for byte. Undoing sends what waits in the outbound hop, and only then removes it. Where that is not
    possible in time the module fails, the hop runs on, and the rest is undone, the limit of the mail port included.
  - Everything is looked at before the first change. What stands against it is named, and nothing is changed then.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.change
  - conbool.smtp_relay.mail_server.smarthost
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.sendmail_config
    description: Changes a Sendmail in other ways.
  - module: conbool.smtp_relay.sendmail_verify
  - module: conbool.smtp_relay.settings
"""

EXAMPLES = r"""
- name: Settings of the host are valid
  conbool.smtp_relay.settings:
  register: checked

- name: Sendmail sends outbound mail to the gateway
  conbool.smtp_relay.sendmail_smarthost:
    settings: "{{ checked.settings }}"
"""

RETURN = r"""
parts:
  description: The parts that were changed, or would be in check mode. With a failure, those that are not as they were.
  returned: always, unless it failed before the first change
  type: list
  elements: str
  sample: [sendmail]
packages:
  description: The packages that were installed or removed.
  returned: when there are any
  type: list
  elements: str
  sample: [conbool-hop-postfix]
rows:
  description: What was found, before the change with O(stage=preflight), otherwise after it. See
    M(conbool.smtp_relay.sendmail_verify).
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
  sample: ["/etc/mail/sendmail.mc was changed by somebody since, and is brought back to what is wanted"]
diff:
  description: The changed files and packages, one element each, and the commands for services.
  returned: in diff mode
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.server import SendmailServer


def main():
    smarthost.main(SendmailServer)


if __name__ == '__main__':
    main()
