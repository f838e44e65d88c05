#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: outbound_hop
short_description: Runs the outbound hop, and nothing else
version_added: 1.0.0
description:
  - Has the dedicated Postfix instance C(conbool-hop) run beside the Postfix of this host, whose name, limits and source
    address it takes over, or sends what waits in it and removes it; see the role
    P(conbool.smtp_relay.outbound_hop#role). Nothing leads mail to it; M(conbool.smtp_relay.postfix_smarthost) does
    both.
  - Where the settings name clients, it is the smart host of mail servers on other machines, as
    M(conbool.smtp_relay.remote_smarthost) makes it, but for the limit in the host's firewall.
  - It is not removed as long as the Postfix of this host leads mail to it.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.change
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.postfix_smarthost
  - module: conbool.smtp_relay.remote_smarthost
  - module: conbool.smtp_relay.settings
"""

EXAMPLES = r"""
- name: The hop runs
  conbool.smtp_relay.outbound_hop:
    settings: "{{ conbool_settings }}"
"""

RETURN = r"""
restored:
  description: Whether the old state is in force again.
  returned: failure after the first change
  type: bool
  sample: true
warnings:
  description: What needs a person's attention.
  returned: when there are any
  type: list
  elements: str
  sample: []
diff:
  description: The changed files, one element each, and the commands for the service.
  returned: in diff mode
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.server import PostfixServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._remote.server import RemoteServer


def main():
    hop.main(RemoteServer, PostfixServer)


if __name__ == '__main__':
    main()
