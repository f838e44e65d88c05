#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kerio_probe
short_description: Reads the form of what a Kerio Connect answers, without what stands in it
version_added: 1.0.0
description:
  - Calls each getter once that this collection uses, and some in a wrong way, and returns which members the answers
    have and of which kind they are. Names, addresses, patterns, texts and passwords are left out.
  - What is kept of values are words and a few numbers of the interface itself (types, states, units, scores, version)
    and the form of ids.
  - Nothing is changed. It settles what nobody outside knows of this interface, when somebody who has a Kerio Connect
    sends in the result.
extends_documentation_fragment:
  - conbool.smtp_relay.mail_server
  - conbool.smtp_relay.mail_server.verify
  - conbool.smtp_relay.kerio_account
  - action_common_attributes
seealso:
  - module: conbool.smtp_relay.kerio_info
"""

EXAMPLES = r"""
- name: The form of Kerio Connect's answers is known
  conbool.smtp_relay.kerio_probe:
    settings: "{{ conbool_settings }}"
    password: "{{ kerio_smarthost_password }}"
  register: found
"""

RETURN = r"""
answers:
  description: The form of each answer, by the name of the call.
  returned: success
  type: dict
  sample: {"Smtp.get": {"server": {"readerHops": 30, "useSSL": "boolean"}}}
"""

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.probe import probe
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.server import KerioServer
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.session import client_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module.handed import SETTINGS, handed


def main():
    module, settings = handed({**SETTINGS, **KerioServer.OPTIONS})
    try:
        with client_of(settings['roles']['kerio_smarthost'], module.params['password']) as client:
            answers = probe(client)
    except HostError as exc:
        module.fail_json(msg=str(exc))
    module.exit_json(changed=False, answers=answers)


if __name__ == '__main__':
    main()
