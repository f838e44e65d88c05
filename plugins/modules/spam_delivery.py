#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: spam_delivery
short_description: File mail that the gateway flagged in the spam folder, and do not score what it released
version_added: 1.0.0
description:
  - Where Dovecot delivers with Sieve, gives it a global script that runs before all others. Mail with the header
    C(X-Conbool-Flag) of the value C(YES) is filed in the spam folder, mail with C(X-Conbool-Released) of the value
    C(yes) in the inbox, whatever else it carries. For both, no other script runs, neither the site's nor the user's.
  - The spam folder is the mailbox with the special use C(\Junk) (RFC 6154). It is created and subscribed when a user
    has none.
  - Tells for which domains this is not possible, because something else delivers. The mail server has to mark their
    mail with a header.
  - The script is C(conbool-spam.sieve), the configuration C(conbool-spam.conf) beside C(dovecot.conf), at the end of
    which it is included. Both are judged by C(sievec) and C(doveconf) before the change. Dovecot is reloaded, and the
    old state put back if that fails.
  - Gives SpamAssassin (called by spamd, a milter, or amavis) and rspamd a rule for mail with the header
    C(X-Conbool-Released) of the value C(yes) that came from one of O(networks). Such mail is not spam, whatever else is
    found in it. The header of anybody else counts nothing. What counts is the host from which this one got the message.
    Received headers that somebody else wrote do not, not even when the site lists their author, or the gateway, in
    C(trusted_networks) or C(internal_networks).
  - An engine is found by its command and its directory. Where there is none, nothing is done. SpamAssassin gets
    C(conbool.pm) and C(conbool.cf) beside C(local.cf), judged by C(spamassassin --lint) before the change. rspamd gets
    C(conbool.conf) in C(/etc/rspamd) and a line in C(rspamd.conf.local) that includes it, judged by
    C(rspamadm configtest). Services that run are reloaded, C(spamd), C(amavis) and C(rspamd), and the old state is put
    back if one of them fails.
  - What was done is recorded in C(/var/lib/conbool-smtp-relay/files), readable for root only. O(state=absent) goes by
    it.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - Dovecot 2.3 or 2.4 with Pigeonhole on the managed host, to file mail in folders
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
  deliveries:
    description:
      - What the mail server hands the mail of each hosted domain to, as
        RV(conbool.smtp_relay.postfix_info#module:deliveries) of M(conbool.smtp_relay.postfix_info) says it.
      - Required with O(state=present).
    type: list
    elements: dict
    default: []
    suboptions:
      domain:
        description: The domain.
        type: str
        required: true
      agent:
        description: What kind of thing delivers. V(alias) is a domain without mailboxes of its own.
        type: str
        choices: [lmtp, command, alias, other]
        required: true
      target:
        description: Path of the LMTP socket or C(HOST:PORT), or path of the delivery command.
        type: str
        default: ''
      by:
        description: What the mail server's configuration says, for messages.
        type: str
        default: ''
  delivery:
    description:
      - Where flagged mail goes. V(auto) is the folder for the domains that Dovecot delivers with Sieve here.
      - V(folder) fails when this is not possible for all domains, V(header) never uses folders.
    type: str
    choices: [auto, folder, header]
    default: auto
  folder:
    description: Name of the spam folder where no mailbox has the special use C(\Junk), below the prefix of the
      namespace with the inbox.
    type: str
    default: Junk
  dovecot_directory:
    description: The directory of C(dovecot.conf).
    type: path
    default: /etc/dovecot
  networks:
    description:
      - Networks of the gateway, IPv4 and IPv6 in CIDR notation, or single addresses, whose released mail is not scored.
      - Required with O(state=present).
    type: list
    elements: str
    default: []
  state:
    description: Whether flagged mail is filed and released mail not scored. V(absent) removes what this module has
      added.
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
  - With Dovecot 2.3 the site's C(sieve_before) scripts are kept by repeating their settings behind ours. Run it again
    after changing those.
  - The script believes the headers, whoever sent them. That they count only on mail of the gateway is up to the mail
    server.
seealso:
  - module: conbool.smtp_relay.postfix_info
  - name: Pigeonhole Sieve configuration
    description: Scripts that run before the user's.
    link: https://doc.dovecot.org/latest/core/plugins/sieve.html
  - name: Mail::SpamAssassin::Conf
    description: Rules, scores and plugins of SpamAssassin.
    link: https://spamassassin.apache.org/full/4.0.x/doc/Mail_SpamAssassin_Conf.html
  - name: Rspamd user settings
    description: Conditions on address and header.
    link: https://rspamd.com/doc/configuration/settings.html
"""

EXAMPLES = r"""
- name: What Postfix hands mail to is known
  conbool.smtp_relay.postfix_info:
    hosted_domains: [example.com]
  register: postfix

- name: Flagged mail goes to the spam folder
  conbool.smtp_relay.spam_delivery:
    deliveries: "{{ postfix.deliveries }}"
    networks: [192.0.2.0/24, '2001:db8:25::/48']

- name: Nothing is filed any more
  conbool.smtp_relay.spam_delivery:
    state: absent

# With delivery=folder, a domain that another server delivers fails with
#   conbool_spam_delivery: folder is not possible. example.com: its mail goes to smtp:[10.0.0.5], which is not the
# Dovecot of this host.   Use auto or header
"""

RETURN = r"""
folder:
  description: The domains whose flagged mail is filed in the spam folder.
  returned: success
  type: list
  elements: str
  sample: [example.com]
header:
  description: The domains for which the mail server has to add a header, each with the reason.
  returned: success
  type: dict
  sample: {"example.org": "its mail goes to smtp:[10.0.0.5], which is not the Dovecot of this host"}
mailbox:
  description: The full name of the spam folder; V(null) when none is used.
  returned: success
  type: str
  sample: Junk
engines:
  description: The spam engines that were found and have the rule for released mail.
  returned: success
  type: list
  elements: str
  sample: [spamassassin]
settled:
  description: Whether there was nothing to do. For a look ahead in check mode that is no change.
  returned: success
  type: bool
  sample: true
restored:
  description: Whether the old state is in force again. Not returned when the failure came before the first change.
  returned: failure after the first change
  type: bool
  sample: true
diff:
  description: The changed files, one element each.
  returned: in diff mode
  type: list
  elements: dict
  sample:
    - before_header: /etc/dovecot/dovecot.conf
      after_header: /etc/dovecot/dovecot.conf
      before: "!include_try local.conf\n"
      after: "!include_try local.conf\n!include_try /etc/dovecot/conbool-spam.conf\n"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.converge import converge


def main():
    module = AnsibleModule(
        argument_spec={
            'deliveries': {
                'type': 'list',
                'elements': 'dict',
                'default': [],
                'options': {
                    'domain': {'type': 'str', 'required': True},
                    'agent': {'type': 'str', 'choices': ['lmtp', 'command', 'alias', 'other'], 'required': True},
                    'target': {'type': 'str', 'default': ''},
                    'by': {'type': 'str', 'default': ''},
                },
            },
            'delivery': {'type': 'str', 'choices': ['auto', 'folder', 'header'], 'default': 'auto'},
            'networks': {'type': 'list', 'elements': 'str', 'default': []},
            'folder': {'type': 'str', 'default': 'Junk'},
            'dovecot_directory': {'type': 'path', 'default': '/etc/dovecot'},
            'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
            'timeout': {'type': 'int', 'default': 20},
        },
        supports_check_mode=True,
    )
    run(module, ['/etc'], converge)


if __name__ == '__main__':
    main()
