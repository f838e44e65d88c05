#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: postfix_route
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Ask a running Postfix where it would send mail
description:
  - Asks the address resolver of a running Postfix, trivial-rewrite(8), for the route of messages, as its queue manager does. No mail is sent.
  - The answer takes everything into account that Postfix does - address classes, transport maps, relay hosts, sender-dependent tables -
    but not C(FILTER) actions, which depend on a message's content.
  - Needs root, since the resolver's socket is private to Postfix.
  - Fails when Postfix does not run, when a lookup table fails, or when O(hosted_domains) names a domain for which this Postfix is not
    responsible.
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
    description: Hosts with Postfix 3.1 or newer.
options:
  config_dir:
    description: Configuration directory of the instance.
    type: path
    default: /etc/postfix
  sbin_dir:
    description: Directory of C(postconf). Without it, it is looked for on the path.
    type: path
  routes:
    description: The messages whose route is asked for.
    type: list
    elements: dict
    default: []
    suboptions:
      sender:
        description: Envelope sender; empty is the null sender.
        type: str
        default: ''
      recipient:
        description: Envelope recipient.
        type: str
        required: true
  hosted_domains:
    description:
      - Domains for which this Postfix has to be responsible, that is, whose address class is C(local), C(alias), C(virtual) or C(relay)
        (ADDRESS_CLASS_README).
    type: list
    elements: str
    default: []
  hosted_domains_from:
    description: Where the list of O(hosted_domains) comes from; errors name it.
    type: str
    default: hosted_domains
seealso:
  - name: ADDRESS_CLASS_README
    description: Postfix address classes.
    link: https://www.postfix.org/ADDRESS_CLASS_README.html
  - name: trivial-rewrite(8)
    description: Postfix address rewriting and resolving daemon.
    link: https://www.postfix.org/trivial-rewrite.8.html
'''

EXAMPLES = r'''
- name: The route of Alice's mail to the outside is known
  conbool.smtp_relay.postfix_route:
    routes:
      - sender: alice@example.com
        recipient: someone@external.test
  register: asked

- name: Postfix is responsible for the company's domains
  conbool.smtp_relay.postfix_route:
    hosted_domains: [example.com, sub.example.co.uk]
'''

RETURN = r'''
routes:
  description: The answers, in the order of O(routes).
  returned: success
  type: list
  elements: dict
  contains:
    sender:
      description: The envelope sender that was asked for.
      type: str
      returned: success
    recipient:
      description: The envelope recipient, as Postfix resolved it.
      type: str
      returned: success
    transport:
      description: The master.cf service that would deliver.
      type: str
      returned: success
      sample: conbool-hop
    next_hop:
      description: Where it would deliver to.
      type: str
      returned: success
      sample: "[127.0.0.1]:10027"
    address_class:
      description: V(local), V(alias), V(virtual), V(relay) or V(default).
      type: str
      returned: success
      sample: default
'''

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_rewrite import RewriteError, route


def queue_directory(module):
    sbin_dir = module.params['sbin_dir']
    postconf = os.path.join(sbin_dir, 'postconf') if sbin_dir else module.get_bin_path('postconf', required=True)
    status, out, err = module.run_command([postconf, '-c', module.params['config_dir'], '-h', 'queue_directory'])
    if status != 0:
        module.fail_json(msg='postconf: %s' % err.strip())
    return out.strip()


def main():
    module = AnsibleModule(
        argument_spec={
            'config_dir': {'type': 'path', 'default': '/etc/postfix'},
            'sbin_dir': {'type': 'path'},
            'routes': {'type': 'list', 'elements': 'dict', 'default': [], 'options': {
                'sender': {'type': 'str', 'default': ''},
                'recipient': {'type': 'str', 'required': True},
            }},
            'hosted_domains': {'type': 'list', 'elements': 'str', 'default': []},
            'hosted_domains_from': {'type': 'str', 'default': 'hosted_domains'},
        },
        supports_check_mode=True,
    )
    queue = queue_directory(module)
    try:
        foreign = [domain for domain in module.params['hosted_domains']
                   if route(queue, '', 'postmaster@' + domain)['address_class'] in ('default', 'unknown')]
        routes = [dict(route(queue, asked['sender'], asked['recipient']), sender=asked['sender']) for asked in module.params['routes']]
    except RewriteError as error:
        module.fail_json(msg='Postfix (%s) cannot be asked for routes, does it run? %s' % (module.params['config_dir'], error))
    if foreign:
        module.fail_json(msg='%s: this Postfix is not responsible for %s (not in mydestination, virtual_alias_domains, virtual_mailbox_domains '
                         'or relay_domains): its mail would leave the server and come back' % (module.params['hosted_domains_from'], ', '.join(foreign)))
    module.exit_json(changed=False, routes=routes)


if __name__ == '__main__':
    main()
