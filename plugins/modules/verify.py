#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The code is in plugins/action/verify.py, which has modules asked on the host.
from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: Look at whichever mail server the host has, after it was led to the gateway
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the roles; no compatibility promise.
  - Finds out which mail server the host has, and runs the module of that, such as M(conbool.smtp_relay.postfix_verify).
    M(conbool.smtp_relay.report) shows and judges what was found, which is not shown here.
options:
  mta:
    description: The mail server. Without it, the host is asked.
    type: str
extends_documentation_fragment:
  - conbool.smtp_relay.action_plugin
  - conbool.smtp_relay.action_plugin.of_the_host
  - conbool.smtp_relay.mail_server.verify
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.postfix_verify
  - module: conbool.smtp_relay.report
"""

EXAMPLES = r"""
- name: The mail server has been looked at
  conbool.smtp_relay.verify:
  register: looked
"""

RETURN = r"""
mta:
  description: The host's mail server.
  returned: when it was found
  type: str
  sample: postfix
rows:
  description: What was found, each with C(id), C(target), C(status) (green, red, unknown), C(severity), C(finding) and
    C(hint).
  returned: success
  type: list
  elements: dict
  sample: [{"id": "queue.ok", "target": "hop", "status": "green", "severity": "info", "finding": "empty", "hint": ""}]
observer:
  description: Who is to look at the mail server from outside (C(name)), with options of
    M(conbool.smtp_relay.smtp_check). Empty when nobody is to. C(missing) is the name of somebody who is not in this
    run.
  returned: success
  type: dict
  sample: {}
"""
