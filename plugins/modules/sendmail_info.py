#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sendmail_info
short_description: Reads the configuration of a Sendmail
version_added: 1.0.0
description:
  - Returns what a Sendmail's configuration is without the part that M(conbool.smtp_relay.sendmail_config) has added.
    Nothing is changed.
  - Fails when there is only a C(sendmail.cf), and when that is not what m4 makes of C(sendmail.mc), since a change
    could not keep what was edited by hand.
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
  diff_mode:
    support: N/A
  platform:
    support: full
    platforms: linux
options:
  hosted_domains:
    description:
      - Domains for which this Sendmail has to be responsible. Sendmail is asked for the route of their postmaster
        (C(sendmail -bt)); the module fails when that leads to where the mail for any other domain goes.
    type: list
    elements: str
    default: []
  hosted_domains_from:
    description: Where the list of O(hosted_domains) comes from; errors name it.
    type: str
    default: hosted_domains
notes:
  - Sendmail waits for a minute whenever the host's name is not fully qualified, and so does this module.
seealso:
  - module: conbool.smtp_relay.sendmail_config
"""

EXAMPLES = r"""
- name: Where Sendmail sends mail is known
  conbool.smtp_relay.sendmail_info:
    hosted_domains: [example.com]
  register: sendmail

# A host whose sendmail.cf was edited by hand fails with
#   /etc/mail/sendmail.cf is not what m4 makes of its sendmail.mc, and would lose what was changed in it by hand. It
# alone has: O LogLevel=12.   m4 makes instead: O LogLevel=9. Bring both in line first (on Debian: make -C /etc/mail),
# and run this again
"""

RETURN = r"""
version:
  description: The version of Sendmail.
  returned: success
  type: str
  sample: 8.17.1.9
features:
  description: Features that it was built with.
  returned: success
  type: list
  elements: str
  sample: [MAP_REGEX, SASLv2, STARTTLS]
ffr:
  description: Features for future release that it was built with.
  returned: success
  type: list
  elements: str
  sample: [_FFR_TLS_ALTNAMES]
host_name:
  description: The host's name as Sendmail gives it to others (macro C(j)).
  returned: success
  type: str
  sample: mx.example.com
client_ports:
  description: The options C(ClientPortOptions), which say from which addresses mail is sent.
  returned: success
  type: list
  elements: str
  sample: ["Family=inet, Address=192.0.2.25"]
daemon_ports:
  description: The options C(DaemonPortOptions), one for each listener.
  returned: success
  type: list
  elements: str
  sample: ["Port=smtp, Name=MTA", "Port=587, Name=MSA, M=E"]
config_dir:
  description: The configuration directory.
  returned: success
  type: str
  sample: /etc/mail
queue_directory:
  description: The directory below which all queues are; for a C(QUEUE_DIR) of V(/var/spool/mqueue/q*), what is in front
    of its last part.
  returned: success
  type: str
  sample: /var/spool/mqueue
pid_file:
  description: The file in which the daemon writes its process id.
  returned: success
  type: str
  sample: /var/run/sendmail/mta/sendmail.pid
running:
  description: Whether the daemon runs.
  returned: success
  type: bool
  sample: true
file_owners:
  description: Which parts of this collection have a record of files that they changed on the host; V(sendmail) is
    M(conbool.smtp_relay.sendmail_config).
  returned: success
  type: list
  elements: str
  sample: [sendmail]
deliveries:
  description: What the mail of each of O(hosted_domains) is handed to, as M(conbool.smtp_relay.spam_delivery) takes it.
  returned: success
  type: list
  elements: dict
  sample: [{"agent": "lmtp", "by": "mailer local", "domain": "example.com", "target": "/run/dovecot/lmtp"}]
relay_networks:
  description: The networks whose clients may send through this Sendmail to anybody, as far as class R
    (C(relay-domains)) and the access map name addresses.
  returned: success
  type: list
  elements: str
  sample: [127.0.0.0/8, 192.0.2.0/24]
tls_entries:
  description: The entries C(TLS_Srv) and C(TLS_Rcpt) of the access map, by key in lower case.
  returned: success
  type: dict
  sample: {"tls_rcpt:partner.example": "ENCR:112"}
srv_entries:
  description: The entries C(Srv_Features) of the access map, by key in lower case.
  returned: success
  type: dict
  sample: {"srv_features:192.0.2": "V"}
smart_host:
  description: The value of C(SMART_HOST); empty when mail goes to its recipient's MX.
  returned: success
  type: str
  sample: "[smtp.provider.example]"
options:
  description: The options that are set, by name in lower case.
  returned: success
  type: dict
  sample: {"maxmessagesize": "20000000"}
header_checks:
  description: By header in lower case (V(*) for all that have none of their own), the C(ruleset) that judges it and
    whether it C(keeps_comments).
  returned: success
  type: dict
  sample: {"subject": {"keeps_comments": false, "ruleset": "CheckSubject"}}
rulesets:
  description: How many rules each ruleset has.
  returned: success
  type: dict
  sample: {"Local_check_mail": 0}
mailers:
  description: The mailers with their fields, C(A) being the argument vector, C(P) the path, C(F) the flags.
  returned: success
  type: dict
  sample: {"esmtp": {"A": "TCP $h", "F": "mDFMuXa", "P": "[IPC]"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import PATHS_OPTION, Paths, facts


def main():
    module = AnsibleModule(
        argument_spec={
            'paths': PATHS_OPTION,
            'hosted_domains': {'type': 'list', 'elements': 'str', 'default': []},
            'hosted_domains_from': {'type': 'str', 'default': 'hosted_domains'},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        found = facts(
            module.run_command, Paths(params['paths']), params['hosted_domains'], params['hosted_domains_from']
        )
    except (HostError, OSError) as exc:
        module.fail_json(msg=message(exc))
    module.exit_json(changed=False, **found)


if __name__ == '__main__':
    main()
