#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postfix_config
short_description: Brings one Postfix instance to a wanted state, and back
version_added: 1.0.0
description:
  - Sets parameters in C(main.cf), whole entries and single options in C(master.cf), and lookup tables of one Postfix
    instance in one call.
  - The files are read once and compared. A run that finds everything as wanted writes nothing and calls at most one
    Postfix command.
  - Files are edited line by line. Comments, order, continuation lines, other parameters and line ends stay as they are.
    Only comments inside a value that spans several lines go with the value, and come back with it.
  - Before the first change the original of every touched part is recorded below C(/var/lib/conbool-smtp-relay/postfix),
    readable for root only. O(state=absent) puts the originals back; so does leaving something out that was wanted
    before.
  - A change is validated in a copy of the configuration by Postfix itself, then switched in an order in which no
    running daemon refers to a service or table that does not exist. The instance is reloaded, not restarted, and looked
    at. If it is not well, the old files come back.
  - An instance of one's own, see O(create), is complete after one call - configuration, directories, and the service
    that runs it.
  - A run that is killed leaves a working configuration; the next run completes it.
extends_documentation_fragment:
  - conbool.smtp_relay.postfix_instance
  - conbool.smtp_relay.postfix_parts
  - action_common_attributes
requirements:
  - Postfix 3.0 or later on the managed host
  - systemd on the managed host, for O(unit)
attributes:
  check_mode:
    support: full
    details: The new configuration is validated as well.
  diff_mode:
    support: full
    details: Returns the lines that are changed. Tables that are not readable for everybody are not shown.
options:
  create:
    description:
      - Whether the instance is one's own, so that O(config_dir) and its files are made when they are missing. The
        parent directory must exist.
      - The directories that O(parameters) names as C(queue_directory) (root, mode 0755) and C(data_directory)
        (C(mail_owner), group root, mode 0700) are made as well, or their owner and mode mended. What is below them is
        left to Postfix. A directory that was not made here, holds something and has another owner or mode is an error,
        and so is another C(queue_directory) than the instance has already.
      - With O(state=absent), what was made is removed again, the queue and data directory with all that is in them. The
        instance has to be stopped by then, see O(unit), and its queue must be empty; otherwise this is an error and
        nothing is removed.
    type: bool
    default: false
  unit:
    description:
      - The systemd service that runs the instance; needs O(create=true).
      - With O(state=present) the service runs, now and after a reboot, once the configuration is in place. It is
        restarted instead of reloaded when the file of its unit, C(inet_interfaces) or C(inet_protocols) changes, and
        after a run that was killed.
      - With O(state=absent) it is stopped, disabled and removed before the configuration is.
      - A service that does not start is an error with the words of systemctl(1) and the end of its journal. The
        configuration stays in place.
    type: dict
    suboptions:
      name:
        description: Name of the unit, ending in C(.service).
        type: str
        required: true
      content:
        description: Content of the unit's file, see systemd.service(5). Required with O(state=present).
        type: str
  tls_files:
    description:
      - TLS files that O(parameters) or O(services) name. They are looked at as M(conbool.smtp_relay.tls_files) does,
        before anything is changed; those that cannot be used are an error. Not looked at with O(state=absent).
    type: dict
    suboptions:
      cert_file:
        description: Path of the certificate, followed by its chain if it has one.
        type: path
      key_file:
        description: Path of the private key that belongs to the certificate.
        type: path
      ca_file:
        description: Path of the certificate authorities to trust.
        type: path
      warn_days:
        description: Warn when the certificate has fewer full days left than this.
        type: int
        default: 14
      names:
        description: Where the paths come from, for messages; C(cert_file), C(key_file) or C(ca_file) to the name of a
          variable.
        type: dict
        default: {}
  owner_id:
    description:
      - A name for this set of changes, under which the originals are recorded, so that several sets can be undone
        independently.
      - It consists of small letters, digits and C(_). What one owner has set, another cannot set; this is an error that
        names both.
    type: str
    required: true
  state:
    description: Whether the wanted state or the recorded originals are in force.
    type: str
    choices: [present, absent]
    default: present
  reload:
    description: Whether a running instance is reloaded and looked at. An instance that does not run is only started by
      O(unit).
    type: bool
    default: true
  listeners:
    description: Listeners that have to greet with C(220) after a reload, and after a start by O(unit).
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The IP address or host name to connect to.
        type: str
        required: true
      port:
        description: The TCP port to connect to.
        type: int
        required: true
  timeout:
    description: Seconds that the instance has to serve its services and each listener to greet.
    type: int
    default: 20
notes:
  - The module fails, with Postfix's own words, when Postfix refuses the present configuration, refuses the new one, or
    warns about the new one in a way in which it did not warn before, for example of an unused parameter, which is how
    it shows a misspelt name.
  - Ansible logs the options of a module on the managed host. Set C(no_log) on tasks with secrets in O(tables).
  - Not everything can be found before Postfix runs, for example a misspelt value such as C(smtp_tls_security_level =
    nonsense).
  - A part that somebody else changed after it was set here is brought back to the wanted value by O(state=present), and
    left alone with a warning by O(state=absent). Out of a list to which something was added, what was set here is
    taken, and what was added stays.
  - Without the record nothing can be undone. If something of this owner is there all the same, O(state=absent) is an
    error that tells what.
  - A table or service that was made here is not removed while C(main.cf) or C(master.cf) names it where nothing of it
    can be taken out. This is an error that tells where, before anything is changed.
seealso:
  - module: conbool.smtp_relay.postfix_info
  - module: conbool.smtp_relay.tls_files
"""

EXAMPLES = r"""
- name: Postfix hands outbound mail to a relay host through a transport of its own
  conbool.smtp_relay.postfix_config:
    owner_id: relay
    parameters:
      default_transport: "relayhost:[mail.example.net]:25"
    services:
      - name: relayhost
        type: unix
        chroot: n
        command: smtp
        options:
          smtp_tls_security_level: secure
          smtp_tls_mandatory_protocols: "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1"

- name: Submission has header checks of its own
  conbool.smtp_relay.postfix_config:
    owner_id: submission_checks
    tables:
      - path: submission_header_checks
        type: regexp
        content: |
          /^X-Internal:/ IGNORE
    services:
      - name: submission-cleanup
        type: unix
        private: n
        max_processes: "0"
        command: cleanup
        options:
          header_checks: regexp:/etc/postfix/submission_header_checks
    service_options:
      - name: submission
        type: inet
        options:
          cleanup_service_name: submission-cleanup
    listeners:
      - address: 127.0.0.1
        port: 587

- name: A Postfix of its own runs beside the mail server
  conbool.smtp_relay.postfix_config:
    config_dir: /etc/postfix-out
    owner_id: out
    create: true
    parameters:
      queue_directory: /var/spool/postfix-out
      data_directory: /var/lib/postfix-out
    services: "{{ out_services }}"
    unit:
      name: postfix-out.service
      content: "{{ lookup('ansible.builtin.template', 'postfix-out.service.j2') }}"

- name: Submission is as it was before
  conbool.smtp_relay.postfix_config:
    owner_id: submission_checks
    state: absent
"""

RETURN = r"""
parameters_changed:
  description: Names of the C(main.cf) parameters whose definition changed.
  returned: success
  type: list
  elements: str
  sample: [default_transport]
services_changed:
  description: The C(master.cf) entries that were added, changed or removed.
  returned: success
  type: list
  elements: str
  sample: [relayhost/unix]
tables_changed:
  description: Paths of the lookup tables that were written or removed, relative to O(config_dir).
  returned: success
  type: list
  elements: str
  sample: [submission_header_checks]
maps:
  description: The wanted tables as Postfix parameters name them.
  returned: success
  type: dict
  sample:
    submission_header_checks: regexp:/etc/postfix/submission_header_checks
reloaded:
  description: Whether the instance was reloaded.
  returned: success
  type: bool
  sample: true
unit_commands:
  description: The systemctl commands that were given, or would be in check mode.
  returned: when O(unit) is given
  type: list
  elements: str
  sample: [daemon-reload, enable postfix-out.service, start postfix-out.service]
restored:
  description:
    - Whether the old configuration is in force again. It is not when the service of O(unit) does not start with the new
      one.
    - Not returned when the failure came before the first change.
  returned: failure after the first change
  type: bool
  sample: true
warnings:
  description: What was left alone because somebody else changed it, and what needs a person's attention.
  returned: when there are any
  type: list
  elements: str
  sample: ["main.cf: relayhost was changed by somebody else since it was set here and is left as it is"]
diff:
  description: The changed files and directories, one element each, and the commands of O(unit).
  returned: in diff mode
  type: list
  elements: dict
  sample:
    - before_header: /etc/postfix/main.cf
      after_header: /etc/postfix/main.cf
      before: "relayhost =\n"
      after: "relayhost = [mail.example.net]:25\n"
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.converge import converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.options import argument_spec


def main():
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    if not os.path.isabs(params['config_dir']):
        module.fail_json(msg='config_dir: {!r} is not an absolute path'.format(params['config_dir']))
    parent = os.path.dirname(os.path.realpath(params['config_dir']))
    if not os.path.isdir(parent):
        module.fail_json(msg='config_dir: the parent directory of {!r} does not exist'.format(params['config_dir']))
    run(
        module,
        [parent],
        converge,
        f'config_dir: another run is at work in {parent}; nothing was changed',
    )


if __name__ == '__main__':
    main()
