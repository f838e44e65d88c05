#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: zimbra_attributes
short_description: Brings attributes of a Zimbra to wanted values, and back
version_added: 1.0.0
description:
  - Sets attributes of the global configuration, of servers, domains and classes of service (COS) in one call. Own
    values of an entry are told from those that it inherits, and only own values are compared and written.
  - Everything is read by one start of C(zmprov), which takes seconds each time, and written by another one. Then it is
    read again and compared. A run that finds everything as wanted starts C(zmprov) once.
  - C(zmprov) is asked to talk to the master of the directory (C(-l -m)), so the module works on every server, also
    while C(mailboxd) is down. Mailbox servers are told of what changed in the global configuration, in domains and in
    classes of service, which they would remember.
  - On a server with Postfix, the attributes that Zimbra writes into C(main.cf) are brought in force. Zimbra's
    configuration daemon writes them (C(configrewrite)), and Postfix reads them; neither C(amavisd) nor anything else is
    stopped. What C(main.cf) says is compared. A value that somebody set there by C(postconf -e) is found as well.
  - Before the first change the own values of every attribute are recorded below C(/var/lib/conbool-smtp-relay/zimbra),
    readable for root only. O(state=absent) puts them back, and unsets what was unset; so does leaving something out
    that was wanted before. A value that somebody changed since stays, with a warning.
  - Values that Zimbra would take and make something else of are refused before anything is written, with the reason.
    Recorded from its configuration daemon are those with a quote, with characters that are not ASCII, with a line
    break, those that begin like V(no), V(false) or V(0) where the daemon looks whether something is set, and
    restrictions that it does not know.
  - When something fails, what was there before is put back.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
extends_documentation_fragment:
  - action_common_attributes
requirements:
  - Zimbra 8.8.15 or later on the managed host
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: >-
      Values of attributes whose names are those of passwords and keys, and tables of passwords within a value, are not
      shown.
  platform:
    support: full
    platforms: linux
options:
  attributes:
    description:
      - The wanted own values, by entry. Required with O(state=present).
      - Of two servers that set the same value globally at the same time, each writes what the other does.
    type: list
    elements: dict
    suboptions:
      entry:
        description: The kind of entry.
        type: str
        choices: [config, server, domain, cos]
        required: true
      name:
        description: Name of the entry. A server is this one if it is not named; the global configuration has none.
        type: str
        default: ''
      values:
        description:
          - Attribute to its value, or to a list of values. An empty list means that the entry has no value of its own;
            what it inherits shows through then.
          - A boolean is written as V(TRUE) or V(FALSE).
        type: dict
        required: true
  owner_id:
    description:
      - A name for this set of attributes, under which the values before are recorded, so that several sets can be
        undone independently. It consists of small letters, digits and C(_).
      - What one owner has set, another cannot set; this is an error that names both. C(zimbra_smarthost) is the role
        of that name.
    type: str
    required: true
  state:
    description: Whether the wanted values or the recorded ones are in force.
    type: str
    choices: [present, absent]
    default: present
  apply:
    description: Whether the change is brought in force on this server. Otherwise Zimbra finds it in a minute or more,
      and restarts C(amavisd), too.
    type: bool
    default: true
  command_timeout:
    description: Seconds that one start of C(zmprov) may take. A C(mailboxd) that hangs would keep it for ever.
    type: int
    default: 120
  timeout:
    description: Seconds to wait for another run on the same host.
    type: int
    default: 20
notes:
  - Ansible logs the options of a module on the managed host. Set C(no_log) on tasks with secrets in O(attributes).
  - Run it as root, or as user C(zimbra) where that may write below C(/var/lib/conbool-smtp-relay).
  - Tried on a double of Zimbra that is held to what was recorded from Zimbra's own configuration daemon.
  - Attributes whose values are files, C(zimbraServiceEnabled) and C(zimbraServiceInstalled) cannot be set.
seealso:
  - module: conbool.smtp_relay.zimbra_smarthost
    description: Makes a Zimbra use the Conbool gateway.
"""

EXAMPLES = r"""
- name: This server sends its mail to a relay host
  conbool.smtp_relay.zimbra_attributes:
    owner_id: relay_host
    attributes:
      - entry: server
        values:
          zimbraMtaRelayHost: "[relay.example.net]:587"

- name: Unknown senders are refused on all servers, and a domain has a Sieve script of the administrator
  conbool.smtp_relay.zimbra_attributes:
    owner_id: site_policy
    attributes:
      - entry: config
        values:
          zimbraMtaRestriction:
            - reject_non_fqdn_sender
            - reject_unknown_sender_domain
      - entry: domain
        name: example.com
        values:
          zimbraAdminSieveScriptBefore: |
            require ["fileinto"];
            if header :contains "List-Id" "<" { fileinto "Lists"; }

- name: The relay host is the one of before, or none
  conbool.smtp_relay.zimbra_attributes:
    owner_id: relay_host
    state: absent
"""

RETURN = r"""
attributes:
  description: What changes, one element for each attribute.
  returned: success
  type: list
  elements: dict
  contains:
    entry:
      description: Kind of the entry.
      type: str
      sample: server
    name:
      description: Its name, empty for the global configuration.
      type: str
      sample: mail.example.com
    attribute:
      description: Name of the attribute.
      type: str
      sample: zimbraMtaRelayHost
    before:
      description: Its own values before, none for unset.
      type: list
      elements: str
      sample: []
    after:
      description: Its own values afterwards.
      type: list
      elements: str
      sample: ["[relay.example.net]:587"]
parameters:
  description: Parameters of Postfix that were not, or would not be, as the directory says.
  returned: success
  type: list
  elements: str
  sample: [relayhost]
applied:
  description: Whether Zimbra's configuration was written and Postfix reloaded.
  returned: success
  type: bool
  sample: true
starts:
  description: How often C(zmprov) was started.
  returned: success
  type: int
  sample: 1
restored:
  description: Whether everything is as it was before.
  returned: failure after the first change
  type: bool
  sample: true
warnings:
  description: What somebody else changed, what has no effect, and what Zimbra itself warns of.
  returned: when there are any
  type: list
  elements: str
  sample: ["zimbraMtaRelayHost is set globally, but server mail.example.com has a value of its own, which wins there"]
diff:
  description: The attributes that change, one element for each, and the lines of C(main.cf).
  returned: in diff mode
  type: list
  elements: dict
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.converge import ARGUMENTS, converge


def main():
    module = AnsibleModule(**ARGUMENTS)
    run(module, ['/opt/zimbra/conf'], converge)


if __name__ == '__main__':
    main()
