#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The code is in plugins/action/ready.py, which has modules asked on the host.
from __future__ import annotations

DOCUMENTATION = r"""
module: ready
short_description: Ask, show and judge what has to be so before a mail server uses the gateway
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the roles; no compatibility promise.
  - Asks the DNS of the hosted domains from the controller, as M(conbool.smtp_relay.dns_check) does, then the host
    (M(conbool.smtp_relay.preflight)) and its mail server. A question that fails is a row, and the others are asked all
    the same.
  - Shows the rows as a table, and fails when one is not green, unless C(preflight_enforce) is false.
extends_documentation_fragment:
  - conbool.smtp_relay.action_plugin
  - conbool.smtp_relay.action_plugin.of_the_host
  - conbool.smtp_relay.mail_server.verify
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.preflight
  - module: conbool.smtp_relay.report
"""

EXAMPLES = r"""
- name: Host is ready for the gateway
  conbool.smtp_relay.ready:
  register: preflight_report
"""

RETURN = r"""
mta:
  description: The host's mail server.
  returned: success, unless the host could not be asked
  type: str
  sample: postfix
supported:
  description: Whether the collection has a role for it.
  returned: always
  type: bool
  sample: true
rows:
  description: What was found, each with C(id), C(target), C(status) (green, red, unknown), C(severity), C(finding) and
    C(hint).
  returned: success
  type: list
  elements: dict
  sample: [{"id": "queue.ok", "target": "hop", "status": "green", "severity": "info", "finding": "empty", "hint": ""}]
green:
  description: Whether all rows are green.
  returned: success
  type: bool
  sample: true
"""
