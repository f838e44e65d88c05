#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: systemd_unit
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: A systemd service exists and runs, or is gone
description:
  - Brings the file of a service unit, and the service, to the wanted state in one go - written, known to systemd, enabled and started, or
    stopped, disabled and removed.
  - Unlike a C(template) followed by M(ansible.builtin.systemd_service), it tells in check mode on a host that lacks the unit what it would do,
    and it finishes what a run that was killed in between left undone.
  - A running service whose file changes is restarted.
  - Fails with the words of systemctl(1) and the end of the unit's journal when the service does not start.
attributes:
  check_mode:
    support: full
    description: Reports what would be done.
  diff_mode:
    support: full
    description: Shows the unit's file, and the C(systemctl) commands that are needed.
  platform:
    support: full
    platforms: linux
    description: Hosts with systemd.
options:
  name:
    description: Name of the unit, ending in C(.service).
    type: str
    required: true
  content:
    description: Content of the unit's file, see systemd.service(5). Required with O(state=present).
    type: str
  state:
    description: Whether the service runs, now and after a reboot, or is not there at all.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: ansible.builtin.systemd_service
'''

EXAMPLES = r'''
- name: The hop runs, now and after a reboot
  conbool.smtp_relay.systemd_unit:
    name: conbool-hop.service
    content: "{{ lookup('ansible.builtin.template', 'conbool-hop.service.j2') }}"

- name: There is no hop
  conbool.smtp_relay.systemd_unit:
    name: conbool-hop.service
    state: absent
'''

RETURN = r'''
commands:
  description: The systemctl commands that were given, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [daemon-reload, enable conbool-hop.service, start conbool-hop.service]
'''

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils.systemd_unit import Unit, UnitError

FOLDER = '/etc/systemd/system'


def read(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8', errors='surrogateescape') as file:
        return file.read()


def write(module, path, content):
    handle, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, 'w', encoding='utf-8') as file:
        file.write(content)
    os.chmod(temporary, 0o644)
    module.atomic_move(temporary, path)


def main():
    module = AnsibleModule(
        argument_spec={
            'name': {'type': 'str', 'required': True},
            'content': {'type': 'str'},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
        },
        required_if=[('state', 'present', ['content'])],
        supports_check_mode=True,
    )
    name, wanted = module.params['name'], module.params['state'] == 'present'
    if os.path.basename(name) != name or not name.endswith('.service'):
        module.fail_json(msg='name: %r is not the name of a service unit' % name)
    path = os.path.join(FOLDER, name)
    before, after = read(path), module.params['content'] if wanted else ''
    unit = Unit(module.run_command, name)
    try:
        commands = unit.needed(before != after) if wanted else unit.needed_to_leave()
        if not module.check_mode:
            if wanted:
                if before != after:
                    write(module, path, after)
                unit.carry_out(commands)
            else:
                unit.carry_out(commands)
                if os.path.exists(path):
                    os.unlink(path)
                    unit.forget()
    except UnitError as error:
        module.fail_json(msg=str(error))
    lines = [' '.join(command) for command in commands]
    module.exit_json(changed=before != after or bool(commands), commands=lines, diff=[
        {'before_header': path, 'after_header': path, 'before': before, 'after': after},
        {'before_header': 'systemctl', 'after_header': 'systemctl', 'before': '', 'after': ''.join(line + '\n' for line in lines)},
    ])


if __name__ == '__main__':
    main()
