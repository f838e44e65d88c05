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
  - Looks for the files of Postfix, Sendmail, Exim, Zimbra and Kerio Connect.
  - Fails when there is none, or more than one and O(mta) does not say which one handles the host's mail. An Exim beside
    another one does not count while it serves no other host; Debian installs it unasked.
  - How it is configured is what the mail server's own module C(<name>_info) tells.
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: posix
    details: Any host with Python.
options:
  mta:
    description: V(auto) looks for it; any other value is checked to be there. V(remote) is on other machines, where
      nothing is checked.
    type: str
    choices: [auto, postfix, sendmail, zimbra, kerio, exim, remote]
    default: auto
  supported:
    description: Fail when this version of the collection has no role for what was found.
    type: bool
    default: false
  undo:
    description: Whether it is to be undone. A host without a mail server that still has the outbound hop was one for
      mail servers on other machines, V(remote), whether or not a variable tells of these.
    type: bool
    default: false
seealso:
  - module: conbool.smtp_relay.postfix_info
  - module: conbool.smtp_relay.sendmail_info
'''

EXAMPLES = r'''
- name: Mail server is known, and one that can be led to the gateway
  conbool.smtp_relay.mta_info:
    supported: true
  register: host
'''

RETURN = r'''
mta:
  description: The host's mail server.
  returned: when it was found
  type: str
  sample: postfix
found:
  description: Every mail server that was found, with the paths that it was known by.
  returned: when one was found
  type: dict
  sample: {"postfix": ["/etc/postfix/main.cf", "/usr/sbin/postconf"]}
inbound_firewall:
  description: Whether there is a record of what M(conbool.smtp_relay.inbound_firewall) has done on the host, or a file
    of it.
  returned: always
  type: bool
  sample: false
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.converge import limited
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import MtaError, find, refuse_unsupported
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import names


def main():
    module = AnsibleModule(
        argument_spec={
            'mta': {'type': 'str', 'choices': ['auto'] + names(), 'default': 'auto'},
            'supported': {'type': 'bool', 'default': False},
            'undo': {'type': 'bool', 'default': False},
        },
        supports_check_mode=True,
    )
    # What is known by then is returned with a failure too.
    result = {'inbound_firewall': limited(module)}
    try:
        result['mta'], result['found'] = find(module.params['mta'], undo=module.params['undo'])
        if module.params['supported']:
            refuse_unsupported(result['mta'])
    except MtaError as error:
        module.fail_json(msg=message(error), **result)
    module.exit_json(changed=False, **result)


if __name__ == '__main__':
    main()
