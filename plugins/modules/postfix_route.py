#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: postfix_route
version_added: 1.0.0
short_description: Ask a running Postfix where it would send mail, and look into its queue
description:
  - Asks the address resolver of a running Postfix, trivial-rewrite(8), for the route of messages, as its queue manager
    does. No mail is sent.
  - The answer takes everything into account that Postfix does - address classes, transport maps, relay hosts,
    sender-dependent tables - but not C(FILTER) actions, which depend on a message's content. For these, ask with
    O(headers) - header_checks(5) are asked by postmap(1), C(mime_header_checks) for C(MIME-Version) and C(Content-*),
    C(header_checks) for all others.
  - Needs root, since the resolver's socket is private to Postfix.
  - Fails when Postfix does not run, or when a lookup table fails.
extends_documentation_fragment:
  - conbool.smtp_relay.postfix_instance
  - conbool.smtp_relay.route_questions
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    details: Hosts with Postfix 3.1 or newer.
seealso:
  - module: conbool.smtp_relay.postfix_queue
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

- name: What the outbound hop does with invitations is known, and whether its queue grows
  conbool.smtp_relay.postfix_route:
    config_dir: /etc/conbool-hop
    headers: ["Content-Type: text/calendar; method=REQUEST"]
    watch: 3
  register: hop
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
      sample: "[127.0.0.1]:325"
    address_class:
      description: V(local), V(alias), V(virtual), V(relay) or V(default).
      type: str
      returned: success
      sample: default
headers:
  description: What was said of O(headers), in their order.
  returned: success
  type: list
  elements: dict
  contains:
    header:
      description: The header line.
      type: str
      returned: success
    action:
      description: The action of the first table that has one, empty when none has.
      type: str
      returned: success
      sample: "FILTER direct:"
count:
  description: Number of messages in the queue.
  returned: success
  type: int
  sample: 0
messages:
  description: The first 20 of them, a line each with queue ID, sender, recipient and the reason why it waits.
  returned: success
  type: list
  elements: str
  sample: ["4bX1Yz0ABC from <alice@example.com> to <bob@external.test>: connect to mail.conbool.com: Connection
    refused"]
put_off:
  description: The first 20 messages that were put off while the queue was watched, as RV(messages).
  returned: success
  type: list
  elements: str
  sample: []
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible, message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import Queue, describe
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import (
    HeaderChecks,
    route,
)


def ask(module, params):
    """Return the module's result."""
    instance = Instance(module.run_command, module.get_bin_path, params['config_dir'], params['sbin_dir'])
    known = instance.parameters(params['config_dir'], ['queue_directory', 'header_checks', 'mime_header_checks'])[0]

    def ways():
        routes = [
            dict(route(known['queue_directory'], asked['sender'], asked['recipient']), sender=asked['sender'])
            for asked in params['routes']
        ]
        checks = HeaderChecks(instance, known)
        return {
            'routes': routes,
            'headers': [{'header': header, 'action': checks.action(header)} for header in params['headers']],
        }

    messages, put_off, found = Queue(module.run_command, instance.binary('postqueue'), params['config_dir']).watch(
        params['watch'], ways
    )
    shown = [[describe(message) for message in some[:20]] for some in (messages, put_off)]
    return dict(found, count=len(messages), messages=shown[0], put_off=shown[1])


def main():
    module = AnsibleModule(
        argument_spec={
            'config_dir': {'type': 'path', 'default': '/etc/postfix'},
            'sbin_dir': {'type': 'path'},
            'routes': {
                'type': 'list',
                'elements': 'dict',
                'default': [],
                'options': {
                    'sender': {'type': 'str', 'default': ''},
                    'recipient': {'type': 'str', 'required': True},
                },
            },
            'headers': {'type': 'list', 'elements': 'str', 'default': []},
            'watch': {'type': 'float', 'default': 0},
        },
        supports_check_mode=True,
    )
    if not 0 <= module.params['watch'] <= 60:
        module.fail_json(msg='watch: {} is not between 0 and 60 seconds'.format(module.params['watch']))
    try:
        result = ask(module, module.params)
    except HostError as error:
        module.fail_json(msg=message(error))
    module.exit_json(changed=False, **all_visible(result))


if __name__ == '__main__':
    main()
