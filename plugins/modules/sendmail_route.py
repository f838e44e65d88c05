#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: sendmail_route
short_description: Asks a Sendmail where it would send messages, and looks into its queue
version_added: 1.0.0
description:
  - Tells the way of messages by the configuration that is in force, in Sendmail's address test mode (C(sendmail -bt)).
    No message is sent.
  - Is for a Sendmail that M(conbool.smtp_relay.sendmail_config) has led to the gateway with the m4 file of role
    C(sendmail_smarthost).
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - Sendmail 8.15 or newer on the managed host
extends_documentation_fragment:
  - conbool.smtp_relay.sendmail_paths
  - conbool.smtp_relay.route_questions
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: linux
seealso:
  - module: conbool.smtp_relay.sendmail_config
'''

EXAMPLES = r'''
- name: Routes of two messages are known
  conbool.smtp_relay.sendmail_route:
    routes:
      - {sender: alice@example.com, recipient: someone@example.net}
      - {recipient: someone@example.net}
    headers: ['X-Conbool-Released: yes']
'''

RETURN = r'''
routes:
  description: The ways, in the order of O(routes).
  returned: success
  type: list
  elements: dict
  contains:
    sender:
      description: The envelope sender.
      type: str
      returned: success
    mailer:
      description: The mailer; V(error) when the recipient is refused.
      type: str
      returned: success
      sample: conbool
    next_hop:
      description: Where it leads; for mailer V(conbool) with the port. A name in brackets is not looked up for MX
        records.
      type: str
      returned: success
      sample: "[mail.conbool.com]:25"
headers:
  description: What the header lines do, in the order of O(headers).
  returned: success
  type: list
  elements: dict
  contains:
    header:
      description: The header line.
      type: str
      returned: success
    action:
      description: V(direct), or empty.
      type: str
      returned: success
      sample: direct
count:
  description: Number of messages in the queue.
  returned: success
  type: int
  sample: 0
messages:
  description: The first 20 of them, a line each.
  returned: success
  type: list
  elements: str
  sample: []
put_off:
  description: The first 20 messages that were put off while the queue was watched.
  returned: success
  type: list
  elements: str
  sample: []
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible, decode, message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import PATHS_OPTION, Paths
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.routes import Queue, header_action, route


def ask(module, params):
    """Return the module's result."""
    paths = Paths(params['paths'])
    program, cf = Program(module.run_command, paths.sendmail, paths.m4_command), SendmailCf(
        decode(read_file(paths.cf).data or b'')
    )
    queue = Queue(cf.queue_directory)

    def ways():
        return {
            'routes': [
                dict(route(program, paths.cf, asked['sender'], asked['recipient']), sender=asked['sender'])
                for asked in params['routes']
            ],
            'headers': [
                {'header': header, 'action': header_action(program, paths.cf, cf.header_checks, header)}
                for header in params['headers']
            ],
        }

    messages, put_off, found = queue.watch(params['watch'], ways)
    return dict(
        found, count=len(messages), messages=[text for dummy, text in messages.values()][:20], put_off=put_off[:20]
    )


def main():
    module = AnsibleModule(
        argument_spec={
            'paths': PATHS_OPTION,
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
    except (HostError, OSError) as exc:
        module.fail_json(msg=message(exc))
    module.exit_json(changed=False, **all_visible(result))


if __name__ == '__main__':
    main()
