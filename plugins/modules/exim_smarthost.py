#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exim_smarthost
short_description: Makes an Exim use the Conbool gateway, or undoes it
version_added: 1.0.0
description:
  - Adds files to Exim's configuration (C(conf.d); or lines in C(exim4.conf.template), or in C(exim4.conf) by hand and
    what that includes, for files in C(conbool)) with which Exim decides for each message where it goes; limits port 25
    to the gateway where inbound mail is managed, by Exim and by the host's firewall, and files or marks flagged mail;
    see the role P(conbool.smtp_relay.exim_smarthost#role).
  - Whether it is done or undone is said by C(settings.state). Every part has a record on the host, with which it is
    undone byte for byte.
  - Everything is looked at before the first change. What stands against it is named, and nothing is changed then.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.change
  - conbool.smtp_relay.mail_server.smarthost
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.exim_info
  - module: conbool.smtp_relay.exim_verify
  - module: conbool.smtp_relay.settings
"""

EXAMPLES = r"""
- name: Settings of the host are valid
  conbool.smtp_relay.settings:
  register: checked

- name: Exim sends outbound mail to the gateway
  conbool.smtp_relay.exim_smarthost:
    settings: "{{ checked.settings }}"
"""

RETURN = r"""
parts:
  description: The parts that were changed, or would be in check mode. With a failure, those before the one that failed.
  returned: always, unless it failed before the first change
  type: list
  elements: str
  sample: [exim]
rows:
  description: What was found, before the change with O(stage=preflight), otherwise after it. See
    M(conbool.smtp_relay.exim_verify).
  returned: success, unless it is undone or in check mode
  type: list
  elements: dict
  sample: [{"id": "route.ok", "status": "green", "finding": "router conbool_gateway, mail.conbool.com"}]
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
  sample: ["/etc/exim4/conf.d/router/200_conbool was changed by somebody since, and is brought back to what is wanted"]
diff:
  description: The changed files, one element each.
  returned: in diff mode
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.server import EximServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost


def main():
    smarthost.main(EximServer)


if __name__ == '__main__':
    main()
