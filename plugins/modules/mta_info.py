#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: mta_info
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Find out which mail server a host has, and how it is configured
description:
  - Looks for the files of Postfix, Sendmail, Zimbra and Kerio Connect.
  - Fails when there is none, or more than one and O(mta) does not say which one handles the host's mail.
  - For Postfix and Sendmail, can return what M(conbool.smtp_relay.postfix_info) or M(conbool.smtp_relay.sendmail_info)
    returns, so that a host is asked once, and fails as that module does.
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
    description: V(auto) looks for it; any other value is checked to be there.
    type: str
    choices: [auto, postfix, sendmail, zimbra, kerio]
    default: auto
  configuration:
    description: Whether the configuration is read too.
    type: bool
    default: false
  postfix_config_dir:
    description: Configuration directory of Postfix, for O(configuration=true).
    type: path
    default: /etc/postfix
  sendmail_paths:
    description: Where a Sendmail's files are, for O(configuration=true), as in
      O(conbool.smtp_relay.sendmail_info#module:paths).
    type: dict
    default: {}
  queue_directories:
    description: Directories of queues, which need not exist yet, for RV(free). With O(configuration=true) that of the
      mail server is among them.
    type: list
    elements: path
    default: []
  hosted_domains:
    description: Domains for which the mail server has to be responsible, for O(configuration=true).
    type: list
    elements: str
    default: []
  hosted_domains_from:
    description: Where the list of O(hosted_domains) comes from; errors name it.
    type: str
    default: hosted_domains
seealso:
  - module: conbool.smtp_relay.postfix_info
  - module: conbool.smtp_relay.sendmail_info
'''

EXAMPLES = r'''
- name: The host's mail server is known
  conbool.smtp_relay.mta_info:
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
free:
  description: What is free for unprivileged users on the file systems of the queues, by directory; C(bytes) and
    C(inodes), the latter V(null) where the file system does not count them.
  returned: always
  type: dict
  sample: {"/var/spool/postfix": {"bytes": 42949672960, "inodes": 2490368}}
inbound_firewall:
  description: Whether there is a record of what M(conbool.smtp_relay.inbound_firewall) has done on the host, or a file
    of it.
  returned: always
  type: bool
  sample: false
configuration:
  description: What M(conbool.smtp_relay.postfix_info) returns for a Postfix, and M(conbool.smtp_relay.sendmail_info)
    for a Sendmail; empty for others.
  returned: success
  type: dict
  sample: {"version": "3.7.11", "parameters": {"relayhost": ""}}
'''

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.converge import traced
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import find, free_space
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.facts import facts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import Paths
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import facts as sendmail_facts


def main():
    module = AnsibleModule(
        argument_spec={
            'mta': {'type': 'str', 'choices': ['auto'] + names(), 'default': 'auto'},
            'configuration': {'type': 'bool', 'default': False},
            'postfix_config_dir': {'type': 'path', 'default': '/etc/postfix'},
            'sendmail_paths': {'type': 'dict', 'default': {}},
            'queue_directories': {'type': 'list', 'elements': 'path', 'default': []},
            'hosted_domains': {'type': 'list', 'elements': 'str', 'default': []},
            'hosted_domains_from': {'type': 'str', 'default': 'hosted_domains'},
        },
        supports_check_mode=True,
    )
    params, configuration, warnings = module.params, {}, []
    # What is known by then is returned with a failure too.
    result = {
        'free': {directory: free_space(directory) for directory in params['queue_directories']},
        'inbound_firewall': os.path.exists(record.PATH) or bool(traced(Host(module.run_command, module.get_bin_path))),
    }
    try:
        result['mta'], result['found'] = find(params['mta'])
        if params['configuration'] and result['mta'] == 'postfix':
            configuration, warnings = facts(
                module.run_command,
                module.get_bin_path,
                params['postfix_config_dir'],
                hosted_domains=params['hosted_domains'],
                hosted_domains_from=params['hosted_domains_from'],
            )
        if params['configuration'] and result['mta'] == 'sendmail':
            configuration = sendmail_facts(
                module.run_command,
                Paths(params['sendmail_paths']),
                params['hosted_domains'],
                params['hosted_domains_from'],
            )
        if configuration:
            result['free'][configuration['queue_directory']] = free_space(configuration['queue_directory'])
    except (HostError, OSError) as error:
        module.fail_json(msg=printable(str(error)), **result)
    for warning in warnings:
        module.warn(printable(warning))
    module.exit_json(changed=False, configuration=configuration, **result)


if __name__ == '__main__':
    main()
