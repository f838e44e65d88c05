#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: mta_info
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Find out which mail server a host has
description:
  - Looks for the files of Postfix, Sendmail, Zimbra and Kerio Connect.
  - Fails when there is none, or more than one and O(mta) does not say which one handles the host's mail.
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
  diff_mode:
    support: none
    description: Nothing is ever changed.
  platform:
    support: full
    platforms: posix
    description: Any host with Python.
options:
  mta:
    description: V(auto) looks for it; any other value is checked to be there.
    type: str
    choices: [auto, postfix, sendmail, zimbra, kerio]
    default: auto
'''

EXAMPLES = r'''
- name: The host's mail server is known
  conbool.smtp_relay.mta_info:
  register: host
'''

RETURN = r'''
mta:
  description: The host's mail server.
  returned: success
  type: str
  sample: postfix
found:
  description: Every mail server that was found, with the paths that it was known by.
  returned: success
  type: dict
  sample: {"postfix": ["/etc/postfix/main.cf", "/usr/sbin/postconf"]}
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils.mta import SIGNS, MtaError, find


def main():
    module = AnsibleModule(
        argument_spec={'mta': {'type': 'str', 'choices': ['auto'] + list(SIGNS), 'default': 'auto'}},
        supports_check_mode=True,
    )
    try:
        mta, found = find(module.params['mta'])
    except MtaError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, mta=mta, found=found)


if __name__ == '__main__':
    main()
