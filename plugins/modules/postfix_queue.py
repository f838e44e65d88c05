#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: postfix_queue
version_added: 1.0.0
short_description: Look into a Postfix queue, or have it sent
description:
  - Lists the messages that wait in the queue of a Postfix instance, or flushes the queue and waits until it is empty.
  - Never deletes, holds or requeues a message.
  - Needs Postfix 3.1 or newer (C(postqueue -j), see postqueue(1)) and root.
  - An instance that does not exist (no C(main.cf)) has an empty queue.
extends_documentation_fragment:
  - conbool.smtp_relay.postfix_instance
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: With O(drain=true), reports a change when messages wait and sends nothing.
  diff_mode:
    support: N/A
    details: The queue is not configuration.
options:
  drain:
    description:
      - Flush the queue, and fail when messages are left after O(timeout), naming them. Without it, the module only
        looks.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for an empty queue.
    type: int
    default: 60
seealso:
  - module: conbool.smtp_relay.postfix_route
    description: Can watch a queue.
  - name: postqueue(1)
    description: Postfix queue control.
    link: https://www.postfix.org/postqueue.1.html
'''

EXAMPLES = r'''
- name: Nobody's mail is in the hop any more
  conbool.smtp_relay.postfix_queue:
    config_dir: /etc/conbool-hop
    drain: true
    timeout: 120
'''

RETURN = r'''
count:
  description: Number of messages in the queue, after draining where that was asked for.
  returned: always
  type: int
  sample: 0
messages:
  description: The first 20 messages that are in the queue, a line each with queue ID, sender, recipient and the reason
    why it waits.
  returned: always
  type: list
  elements: str
  sample: ["4bX1Yz0ABC from <alice@example.com> to <bob@external.test>: connect to mail.conbool.com: Connection
    refused"]
'''

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible, message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import Queue, describe, still_there


def main():
    module = AnsibleModule(
        argument_spec={
            'config_dir': {'type': 'path', 'default': '/etc/postfix'},
            'sbin_dir': {'type': 'path'},
            'drain': {'type': 'bool', 'default': False},
            'timeout': {'type': 'int', 'default': 60},
        },
        supports_check_mode=True,
    )
    config_dir = module.params['config_dir']
    if not os.path.exists(os.path.join(config_dir, 'main.cf')):
        module.exit_json(changed=False, count=0, messages=[])
    try:
        instance = Instance(module.run_command, module.get_bin_path, config_dir, module.params['sbin_dir'])
        queue = Queue(module.run_command, instance.binary('postqueue'), config_dir)
        messages = queue.messages()
        waited = len(messages)
        if module.params['drain'] and messages and not module.check_mode:
            messages = queue.drain(module.params['timeout'])
    except HostError as error:
        module.fail_json(msg=message(error))
    result = {'count': len(messages), 'messages': all_visible([describe(found) for found in messages[:20]])}
    if not module.params['drain']:
        module.exit_json(changed=False, **result)
    if messages and not module.check_mode:
        module.fail_json(msg=message(still_there(messages, waited, config_dir, module.params['timeout'])), **result)
    module.exit_json(changed=waited > 0, **result)


if __name__ == '__main__':
    main()
