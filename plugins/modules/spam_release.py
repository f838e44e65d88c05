#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: spam_release
short_description: Mail that was released at the gateway is not scored by the host's own spam engine
version_added: 1.0.0
description:
  - Gives SpamAssassin (called by spamd, a milter, or amavis) and rspamd a rule for mail with the header
    C(X-Conbool-Released) of the value C(yes) that came from an address of the gateway. Such mail is not spam, whatever
    else is found in it.
  - The header of anybody else counts nothing. What counts is the host from which this one got the message. Received
    headers that somebody else wrote do not, not even when the site lists their author, or the gateway, in
    C(trusted_networks) or C(internal_networks).
  - An engine is found by its command and its directory. Where there is none, nothing is done.
  - SpamAssassin gets C(conbool.pm) and C(conbool.cf) beside C(local.cf), judged by C(spamassassin --lint) before the
    change. rspamd gets C(conbool.conf) in C(/etc/rspamd) and a line in C(rspamd.conf.local) that includes it, judged by
    C(rspamadm configtest).
  - Services that run are reloaded, C(spamd), C(amavis) and C(rspamd), and the old state is put back if one of them
    fails.
  - What was done is recorded in C(/var/lib/conbool-smtp-relay/files), readable for root only. O(state=absent) goes by
    it.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - systemd on the managed host
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: The new state is validated as well.
  diff_mode:
    support: full
    details: Returns the changed files.
  platform:
    support: full
    platforms: linux
options:
  networks:
    description:
      - Networks of the gateway, IPv4 and IPv6 in CIDR notation, or single addresses.
      - Required with O(state=present).
    type: list
    elements: str
    default: []
  state:
    description: Whether there are such rules. V(absent) removes what this module has added.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds to wait for another run that is at work on the host.
    type: int
    default: 20
notes:
  - rspamd treats the GTUBE test message as spam before it looks at any settings.
  - Other programs that call SpamAssassin as a library, such as MIMEDefang, read the rules when they are restarted.
seealso:
  - module: conbool.smtp_relay.spam_delivery
  - name: Mail::SpamAssassin::Conf
    description: Rules, scores and plugins of SpamAssassin.
    link: https://spamassassin.apache.org/full/4.0.x/doc/Mail_SpamAssassin_Conf.html
  - name: Rspamd user settings
    description: Conditions on address and header.
    link: https://rspamd.com/doc/configuration/settings.html
"""

EXAMPLES = r"""
- name: Released mail is not scored
  conbool.smtp_relay.spam_release:
    networks:
      - 192.0.2.0/24
      - 2001:db8:25::/48

- name: The engines have their own rules only
  conbool.smtp_relay.spam_release:
    state: absent
"""

RETURN = r"""
engines:
  description: The engines that were found and have the rule.
  returned: success
  type: list
  elements: str
  sample: [spamassassin]
restored:
  description: Whether the old state of the engine that failed is in force again. Not returned when the failure came
    before the first change.
  returned: failure after the first change
  type: bool
  sample: true
diff:
  description: The changed files, one element each.
  returned: in diff mode
  type: list
  elements: dict
  sample:
    - before_header: /etc/rspamd/rspamd.conf.local
      after_header: /etc/rspamd/rspamd.conf.local
      before: ""
      after: ".include(try=true,duplicate=merge) \"$LOCAL_CONFDIR/conbool.conf\"\n"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.release import converge


def main():
    module = AnsibleModule(
        argument_spec={
            'networks': {'type': 'list', 'elements': 'str', 'default': []},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'timeout': {'type': 'int', 'default': 20},
        },
        supports_check_mode=True,
    )
    run(module, '/etc', converge)


if __name__ == '__main__':
    main()
