#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: program
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Have a program of the distribution on the host
description:
  - Does nothing when the program is there, whoever put it there. Otherwise its package is installed by apt, with what
    it depends on.
  - M(ansible.builtin.apt) needs C(python3-apt) on the host - it installs that, too, and in check mode it fails where
    that is missing. This module needs C(apt-get) only. It installs no recommended packages, removes none, and leaves
    the package lists as they are (C(apt-get update) is the host's own affair).
  - Fails, before anything is changed, when there is no apt, and when apt does not know the package or would have to
    remove another one; and with apt's words when the installation fails, see
    L(apt-get(8\),https://manpages.debian.org/apt-get.8).
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: Apt is asked what it would install.
  diff_mode:
    support: full
    details: Shows the packages that are installed.
  platform:
    support: full
    platforms: posix
    details: Hosts with apt; any other that has the program already.
options:
  path:
    description: The program, as an absolute path.
    type: path
    required: true
  package:
    description: The package that has it.
    type: str
    required: true
seealso:
  - module: ansible.builtin.apt
  - module: conbool.smtp_relay.postfix_programs
'''

EXAMPLES = r'''
- name: The policy service is there
  conbool.smtp_relay.program:
    path: /usr/sbin/postfwd1
    package: postfwd
'''

RETURN = r'''
packages:
  description: The packages that were installed.
  returned: success
  type: list
  elements: str
  sample: [libnet-cidr-perl, postfwd]
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.packages import present
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable


def main():
    module = AnsibleModule(
        argument_spec={
            'path': {'type': 'path', 'required': True},
            'package': {'type': 'str', 'required': True},
        },
        supports_check_mode=True,
    )
    maker = package.maker_of(module)
    try:
        packages = present(maker, module.params['path'], module.params['package'], module.check_mode)
    except (HostError, package.PackageError) as exc:
        module.fail_json(msg=printable(str(exc)))
    result = {}
    if module._diff and packages:
        result['diff'] = {
            'before_header': 'packages',
            'after_header': 'packages',
            'before': '',
            'after': ''.join(name + '\n' for name in packages),
        }
    module.exit_json(changed=bool(packages), packages=packages, **result)


if __name__ == '__main__':
    main()
