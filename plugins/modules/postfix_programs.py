#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
module: postfix_programs
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Have Postfix's programs on a host whose mail server is another one
description:
  - Finds the programs of a Postfix that is on the host beside the mail server, as RPM systems allow it.
  - On Debian and its like, where the packages of mail servers exclude each other, makes a local package
    C(conbool-hop-postfix) of the distribution's package C(postfix), whose files it has below C(/usr/lib/conbool-hop).
    It depends on the same libraries, and makes users of its own. No configuration, no service and no command of a mail
    server is in it.
  - The package brings itself up to date by C(conbool-hop-postfix.timer), once a day - when apt knows of another version
    of C(postfix) (after C(apt-get update), which is the host's own affair), it is made anew, and C(conbool-hop.service)
    is restarted. C(apt-mark hold) holds it back.
  - Fails when there is no Postfix and no package can be made, when apt would have to remove something, and with the
    words of apt or dpkg.
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: The package is made in a temporary directory, and apt is asked what it would install with it.
  diff_mode:
    support: full
    details: Shows the packages that are installed or removed.
  platform:
    support: full
    platforms: posix
    details: Hosts with a Postfix, or with apt.
options:
  sbin_dir:
    description: Directory of C(postfix) and C(postconf). When it is given, nothing is looked for and nothing is made.
    type: path
  state:
    description:
      - V(present) finds the programs or makes the package, in the version of the distribution's.
      - V(absent) removes the package, its users, and those libraries that nothing else needs.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: conbool.smtp_relay.postfix_config
'''

EXAMPLES = r'''
- name: There are programs of Postfix beside Sendmail
  conbool.smtp_relay.postfix_programs:
  register: programs

- name: Those that were made are gone
  conbool.smtp_relay.postfix_programs:
    state: absent
'''

RETURN = r'''
sbin_dir:
  description: The directory of C(postfix) and C(postconf).
  returned: with O(state=present)
  type: str
  sample: /usr/lib/conbool-hop/usr/sbin
version:
  description: The version of Postfix.
  returned: with O(state=present)
  type: str
  sample: 3.10.13
lookup_types:
  description: The table types that it supports.
  returned: with O(state=present)
  type: list
  elements: str
  sample: [btree, hash, regexp, texthash]
parameters:
  description: What C(main.cf) of an instance that is made of these programs has to say about them.
  returned: with O(state=present)
  type: dict
  sample: {"daemon_directory": "/usr/lib/conbool-hop/usr/lib/postfix/sbin", "mail_owner": "conbool-hop"}
packages:
  description: The packages that were installed or removed.
  returned: success
  type: list
  elements: str
  sample: [conbool-hop-postfix, libtlsrpt0]
'''

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.programs import find
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable


def main():
    module = AnsibleModule(
        argument_spec={
            'sbin_dir': {'type': 'path'},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
        },
        supports_check_mode=True,
    )
    maker = package.maker_of(module)
    result = {}
    try:
        if module.params['state'] == 'present':
            result, before, after, packages = find(
                module.run_command, maker, module.params['sbin_dir'], module.check_mode
            )
        else:
            before, packages = maker.absent(module.check_mode) if maker.possible() else (None, [])
            after = None
    except (HostError, package.PackageError, OSError) as exc:
        module.fail_json(msg=printable(str(exc)))
    if module._diff and before != after:
        result['diff'] = {
            'before_header': 'package',
            'after_header': 'package',
            'before': _line(before),
            'after': _line(after),
        }
    module.exit_json(changed=before != after, packages=packages, **result)


def _line(version):
    return f'{package.PACKAGE} {version}\n' if version else ''


if __name__ == '__main__':
    main()
