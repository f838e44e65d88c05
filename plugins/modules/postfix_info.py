#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_info
short_description: Reads the configuration of one Postfix instance
version_added: 1.0.0
description:
  - Returns parameters, services and facts of one Postfix instance. Nothing is changed.
requirements:
  - Postfix 3.0 or later on the managed host
extends_documentation_fragment:
  - conbool.smtp_relay.postfix_instance
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
options:
  parameters:
    description: Names of the parameters to return in RV(parameters) and RV(expanded). By default all are returned.
    type: list
    elements: str
    default: []
  hosted_domains:
    description:
      - Domains for which this Postfix has to be responsible, that is, whose address class is C(local), C(alias),
        C(virtual) or C(relay) (ADDRESS_CLASS_README). The running Postfix is asked; the module fails when one of them
        is not.
    type: list
    elements: str
    default: []
  hosted_domains_from:
    description: Where the list of O(hosted_domains) comes from; errors name it.
    type: str
    default: hosted_domains
notes:
  - With IPv6 switched off in the kernel, but not in Postfix (O(parameters) C(inet_protocols)), Postfix's own commands
    can fail with C(no local interface found for ::1). The module then fails with that message and the cure.
seealso:
  - module: conbool.smtp_relay.postfix_config
  - module: conbool.smtp_relay.postfix_route
  - name: ADDRESS_CLASS_README
    description: Postfix address classes.
    link: https://www.postfix.org/ADDRESS_CLASS_README.html
"""

EXAMPLES = r"""
- name: Where Postfix sends mail is known
  conbool.smtp_relay.postfix_info:
    parameters: [relayhost, default_transport, smtp_tls_security_level]
  register: postfix

- name: Submission is offered
  ansible.builtin.assert:
    that: postfix.services | selectattr('name', 'in', ['submission', '587']) | length > 0

- name: Postfix is responsible for the company's domains
  conbool.smtp_relay.postfix_info:
    hosted_domains: [example.com, sub.example.co.uk]
"""

RETURN = r"""
version:
  description: The version of Postfix.
  returned: success
  type: str
  sample: 3.7.11
config_dir:
  description: The configuration directory.
  returned: success
  type: str
  sample: /etc/postfix
queue_directory:
  description: The queue directory.
  returned: success
  type: str
  sample: /var/spool/postfix
default_database_type:
  description: The table type that this Postfix uses for indexed tables.
  returned: success
  type: str
  sample: hash
lookup_types:
  description: The table types that this Postfix supports.
  returned: success
  type: list
  elements: str
  sample: [btree, cidr, hash, regexp, texthash]
parameters:
  description: Effective values. A parameter that this Postfix does not know is missing.
  returned: success
  type: dict
  sample:
    relayhost: ""
expanded:
  description: The same as RV(parameters), with C($name) replaced by the value of that parameter.
  returned: success
  type: dict
  sample:
    myorigin: mx.example.com
configured:
  description: The parameters that C(main.cf) defines, with their values as they stand there, each on one line.
  returned: success
  type: dict
  sample:
    myhostname: mx.example.com
services:
  description: The entries of C(master.cf), with the fields that the
    O(conbool.smtp_relay.postfix_config#module:services) of M(conbool.smtp_relay.postfix_config) have.
  returned: success
  type: list
  elements: dict
  sample:
    - name: submission
      type: inet
      private: n
      unprivileged: '-'
      chroot: y
      wakeup: '-'
      max_processes: '-'
      command: smtpd
      options:
        syslog_name: postfix/submission
deliveries:
  description: For each of O(hosted_domains) what Postfix hands its mail to.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The domain.
      type: str
      sample: example.com
    agent:
      description: V(lmtp), V(command), V(alias) for a domain of C(virtual_alias_domains), or V(other), which includes a
        server elsewhere.
      type: str
      sample: lmtp
    target:
      description: For V(lmtp) the path of its socket or C(HOST:PORT), for V(command) the path of the command.
      type: str
      sample: /var/spool/postfix/private/dovecot-lmtp
    by:
      description: How Postfix says it.
      type: str
      sample: lmtp:unix:private/dovecot-lmtp
kept_transports:
  description:
    - The entries of C(transport_maps) for outside destinations that name a next hop only, and so keep
      C(default_transport), whatever that is.
    - Of tables that postmap(1) can list (C(hash), C(lmdb), C(texthash) and their like), while the instance runs.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: The table, as C(transport_maps) names it.
      type: str
      sample: hash:/etc/postfix/transport
    key:
      description: Whose entry it is.
      type: str
      sample: partner.example
    value:
      description: The entry.
      type: str
      sample: ":[gw.partner.example]"
opaque_transport_maps:
  description:
    - The tables of C(transport_maps) whose entries cannot be listed (C(regexp), C(pcre), C(ldap), C(mysql) and their
      like).
  returned: success
  type: list
  elements: str
  sample: [regexp:/etc/postfix/transport.regexp]
originals:
  description:
    - What C(main.cf) said of each parameter before M(conbool.smtp_relay.postfix_config) set it, V(null) where it said
      nothing.
  returned: success
  type: dict
  sample:
    default_transport: null
running:
  description: Whether the instance runs.
  returned: success
  type: bool
  sample: true
owners:
  description: The values of O(conbool.smtp_relay.postfix_config#module:owner_id) under which
    M(conbool.smtp_relay.postfix_config) has made changes that are in force.
  returned: success
  type: list
  elements: str
  sample: [postfix_smarthost_outbound]
file_owners:
  description: The parts of this collection that have changed files of other programs on the host, which are still
    changed.
  returned: success
  type: list
  elements: str
  sample: [spam_delivery, spam_release_rspamd]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.facts import facts


def main():
    module = AnsibleModule(
        argument_spec={
            'config_dir': {'type': 'path', 'default': '/etc/postfix'},
            'sbin_dir': {'type': 'path'},
            'parameters': {'type': 'list', 'elements': 'str', 'default': []},
            'hosted_domains': {'type': 'list', 'elements': 'str', 'default': []},
            'hosted_domains_from': {'type': 'str', 'default': 'hosted_domains'},
        },
        supports_check_mode=True,
    )
    try:
        result, warnings = facts(module.run_command, module.get_bin_path, **module.params)
    except (HostError, OSError) as exc:
        module.fail_json(msg=message(exc))
    for warning in warnings:
        module.warn(message(warning))
    module.exit_json(changed=False, **result)


if __name__ == '__main__':
    main()
