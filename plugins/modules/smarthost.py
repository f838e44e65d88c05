#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The code is in plugins/action/smarthost.py, which has modules asked on the host.
from __future__ import annotations

DOCUMENTATION = r"""
module: smarthost
short_description: Have whichever mail server the host has use the gateway, or undo it
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the roles; no compatibility promise.
  - Finds out which mail server the host has, unless it is told, and runs the module of that, such as
    M(conbool.smtp_relay.postfix_smarthost). Whether it is done or undone is said by C(conbool_state).
  - To undo it, what is left of a mail server that no variable tells of any more is enough, see
    O(conbool.smtp_relay.mta_info#module:undo).
  - Where a connection that breaks, or the end of the module by force, leaves open what was changed, RV(msg) says so.
options:
  mta:
    description: The mail server. Without it, the host is asked.
    type: str
  stage:
    description: V(preflight) only looks, see the module of the mail server. It fails where that cannot be asked.
    type: str
    choices: [preflight, change]
    default: change
extends_documentation_fragment:
  - conbool.smtp_relay.action_plugin
  - conbool.smtp_relay.action_plugin.of_the_host
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: As the module of the mail server.
  diff_mode:
    support: full
    details: As the module of the mail server.
  platform:
    support: full
    platforms: linux
seealso:
  - module: conbool.smtp_relay.mta_info
  - module: conbool.smtp_relay.postfix_smarthost
"""

EXAMPLES = r"""
- name: The mail server uses the gateway
  conbool.smtp_relay.smarthost:
"""

RETURN = r"""
mta:
  description: The host's mail server.
  returned: when it was found
  type: str
  sample: postfix
parts:
  description: The parts that were changed, or would be in check mode. With a failure, those that are not as they were.
    V(null) where the module of the mail server did not answer, outside check mode. Nobody knows then what was changed.
  returned: always
  type: list
  elements: str
  sample: [hop, postfix_smarthost_outbound]
msg:
  description: What is wrong.
  returned: failure
  type: str
rows:
  description: What was found, each with C(id), C(target), C(status) (green, red, unknown), C(severity), C(finding) and
    C(hint).
  returned: success, unless it is undone or in check mode
  type: list
  elements: dict
  sample: [{"id": "queue.ok", "target": "hop", "status": "green", "severity": "info", "finding": "empty", "hint": ""}]
deliveries:
  description: Who delivers the mail of which domain.
  returned: with O(stage=preflight)
  type: list
  elements: dict
  sample: []
observer:
  description: Who is to look at the mail server from outside (C(name)), with options of
    M(conbool.smtp_relay.smtp_check). Empty when nobody is to. C(missing) is the name of somebody who is not in this
    run.
  returned: success, with O(stage=change)
  type: dict
  sample: {}
"""
