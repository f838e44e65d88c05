#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_config
short_description: Adds an m4 file to the configuration of a Sendmail
version_added: 1.0.0
description:
  - Writes an m4 file, includes it at the end of C(sendmail.mc), builds C(sendmail.cf) anew, and lets the running
    Sendmail read it.
  - The configuration is built in a directory of its own first. What m4 and Sendmail (C(sendmail -bt)) say of it that
    they do not say of the present one makes the module fail, and so does a route that is not as O(routes) demands.
    Nothing is changed then.
  - Files are put in place by rename. Then the daemon gets SIGHUP, on which it starts itself anew. When it does not
    serve the ports that it served before, or port 25 does not greet with 220, the old files are put back, it gets
    another SIGHUP, and the module fails. When Sendmail does not run, it is left so.
  - What was there before is recorded in C(/var/lib/conbool-smtp-relay/files/sendmail.json), readable for root only.
    O(state=absent) brings it back byte for byte. Where somebody has changed C(sendmail.mc) since, only the line of this
    module is taken out of it, and C(sendmail.cf) is built anew.
  - A run that is killed leaves the old C(sendmail.cf) or the new one; the next run completes it.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - Sendmail 8.15 or newer with its m4 macros, and m4, on the managed host
extends_documentation_fragment:
  - conbool.smtp_relay.sendmail_paths
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: The new configuration is validated as well.
  diff_mode:
    support: full
    details: Returns the changed files.
  platform:
    support: full
    platforms: linux
options:
  content:
    description: The m4 file's text. Required with O(state=present). It begins and ends with a C(divert) of its own.
    type: str
  routes:
    description: What the new configuration has to do with some recipients.
    type: list
    elements: dict
    default: []
    suboptions:
      recipient:
        description: The recipient's address.
        type: str
        required: true
      mailer:
        description: The mailer that has to be chosen for it.
        type: str
        required: true
  state:
    description:
      - V(present) adds the file, V(absent) takes it away.
      - V(absent) fails, and changes nothing, when Sendmail has the file's rules but the record of what was there before
        is lost.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds that Sendmail has to serve its ports again, and to wait for another run that is at work on the
      host.
    type: int
    default: 30
notes:
  - Sendmail waits for a minute whenever the host's name is not fully qualified, and so does this module.
seealso:
  - module: conbool.smtp_relay.sendmail_info
"""

EXAMPLES = r"""
- name: Sendmail uses our m4 file
  conbool.smtp_relay.sendmail_config:
    content: "{{ lookup('ansible.builtin.file', 'ours.m4') }}"
    routes:
      - recipient: someone@example.net
        mailer: ours

- name: Sendmail is as it was
  conbool.smtp_relay.sendmail_config:
    state: absent
"""

RETURN = r"""
files:
  description: Paths of the changed files.
  returned: success
  type: list
  elements: str
  sample: [/etc/mail/conbool.m4, /etc/mail/sendmail.mc, /etc/mail/sendmail.cf]
reloaded:
  description: Whether the running Sendmail has read the new configuration.
  returned: success
  type: bool
  sample: true
restored:
  description: Whether the old state is in force again. Not returned when the failure came before the first change.
  returned: failure after the first change
  type: bool
  sample: true
warnings:
  description: What a person should look at.
  returned: when there are any
  type: list
  elements: str
  sample: ["/etc/mail/conbool.m4 was changed by somebody since, and is brought back to what is wanted"]
diff:
  description: The changed files, one element each.
  returned: in diff mode
  type: list
  elements: dict
  sample:
    - before_header: /etc/mail/sendmail.mc
      after_header: /etc/mail/sendmail.mc
      before: "MAILER(`smtp')dnl\n"
      after: "MAILER(`smtp')dnl\ninclude(`/etc/mail/conbool.m4')dnl Conbool gateway, managed by Ansible\n"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.converge import converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import PATHS_OPTION, Paths


def main():
    module = AnsibleModule(
        argument_spec={
            'paths': PATHS_OPTION,
            'content': {'type': 'str'},
            'routes': {
                'type': 'list',
                'elements': 'dict',
                'default': [],
                'options': {
                    'recipient': {'type': 'str', 'required': True},
                    'mailer': {'type': 'str', 'required': True},
                },
            },
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'timeout': {'type': 'int', 'default': 30},
        },
        required_if=[('state', 'present', ['content'])],
        supports_check_mode=True,
    )
    run(module, [Paths(module.params['paths']).config_dir], converge)


if __name__ == '__main__':
    main()
