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
  - Sets parameters in C(main.cf), whole entries and single options in C(master.cf), and lookup tables of one Postfix instance in one call.
  - The files are read once and compared. A run that finds everything as wanted writes nothing and calls at most one Postfix command.
  - Files are edited line by line. Comments, order, continuation lines, other parameters and line ends stay as they are. Only comments inside a
    value that spans several lines go with the value, and come back with it.
  - Before the first change the original of every touched part is recorded below C(/var/lib/conbool-smtp-relay/postfix), readable for root only.
    O(state=absent) puts the originals back; so does leaving something out that was wanted before.
  - A change is validated in a copy of the configuration by Postfix itself, then switched in an order in which no running daemon refers to
    a service or table that does not exist. The instance is reloaded, never restarted, and looked at. If it is not well, the old files come back.
  - A run that is killed leaves a working configuration; the next run completes it.
author:
  - Conbool SMTP Relay collection contributors (@conbool)
requirements:
  - Postfix 3.0 or later on the managed host
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target. The new configuration is validated as well.
  diff_mode:
    support: full
    description: Returns the lines that are changed. Tables that are not readable for everybody are not shown.
  platform:
    support: full
    platforms: posix
    description: Target OS/families that can be operated against.
options:
  config_dir:
    description: The configuration directory of the instance.
    type: path
    default: /etc/postfix
  sbin_dir:
    description:
      - The directory with the commands C(postconf), C(postfix) and C(postmap).
      - By default they are looked for in C(PATH) and the usual system directories.
    type: path
  create:
    description:
      - Whether O(config_dir) and its files are made when they are missing. The parent directory must exist.
      - With O(state=absent), what was made is removed again; the instance has to be stopped by then.
    type: bool
    default: false
  owner_id:
    description:
      - A name for this set of changes, under which the originals are recorded, so that several sets can be undone independently.
      - It consists of small letters, digits and C(_). What one owner has set, another cannot set; this is an error that names both.
    type: str
    required: true
  parameters:
    description:
      - Parameters of C(main.cf), see L(postconf(5\),https://www.postfix.org/postconf.5.html). V(null) means that the file does not define the parameter.
      - Booleans become C(yes) and C(no). Values must not contain line breaks.
      - Of several definitions of a parameter the last one counts for Postfix and is the one that is changed.
    type: dict
    default: {}
  services:
    description:
      - Whole entries of C(master.cf), see L(master(5\),https://www.postfix.org/master.5.html).
      - An existing entry with the same name and type is replaced. For V(inet) services, names and numbers of ports are the same.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The service name; for V(inet) a port, or an address and a port.
        type: str
        required: true
      type:
        description: The service type.
        type: str
        required: true
        choices: [inet, unix, fifo, pass, unix-dgram]
      private:
        description: Whether access is restricted to the mail system. It has to be V(n) for O(services[].type=inet).
        type: str
        choices: ['-', y, n]
        default: '-'
      unprivileged:
        description: Whether the service runs as the owner of the mail system instead of root.
        type: str
        choices: ['-', y, n]
        default: '-'
      chroot:
        description: Whether the service runs chrooted to the queue directory.
        type: str
        choices: ['-', y, n]
        default: '-'
      wakeup:
        description: Seconds between wake-ups, with a V(?) behind to wake only services that are in use.
        type: str
        default: '-'
      max_processes:
        description: How many processes may run at the same time. V(0) means no limit.
        type: str
        default: '-'
      command:
        description: The daemon, relative to C(daemon_directory), with its arguments other than C(-o).
        type: str
        required: true
      options:
        description: Parameters that this service overrides with C(-o).
        type: dict
        default: {}
  service_options:
    description:
      - Parameters that existing entries of C(master.cf) override with C(-o). The rest of an entry stays byte for byte.
      - An entry that does not exist is an error.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The service name of the entry.
        type: str
        required: true
      type:
        description: The service type of the entry.
        type: str
        required: true
        choices: [inet, unix, fifo, pass, unix-dgram]
      options:
        description: Parameters and their values. V(null) means that the entry does not override the parameter.
        type: dict
        required: true
      optional:
        description: Whether a missing entry is passed over.
        type: bool
        default: false
  tables:
    description:
      - Lookup tables. Each is read by Postfix before it is put in place; a line that Postfix cannot use is an error.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The file, relative to O(config_dir). Missing directories below it are made.
        type: path
        required: true
      type:
        description:
          - The table type. V(hash), V(btree), V(lmdb) and V(cdb) are indexed with C(postmap).
          - V(default) is the C(default_database_type) of the host.
        type: str
        required: true
        choices: [texthash, regexp, pcre, cidr, default, hash, btree, lmdb, cdb]
      content:
        description: The table as text. A missing line end at the end is added.
        type: str
      entries:
        description: The table as keys and values, in this order.
        type: dict
      mode:
        description: The mode of the file as an octal number in quotes.
        type: raw
        default: '0644'
  state:
    description: Whether the wanted state or the recorded originals are in force.
    type: str
    choices: [present, absent]
    default: present
  reload:
    description: Whether a running instance is reloaded and looked at. An instance that does not run is never started.
    type: bool
    default: true
  listeners:
    description: Listeners that have to greet with C(220) after a reload.
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
  - The module fails, with Postfix's own words, when Postfix refuses the present configuration, refuses the new one, or warns about the new one
    in a way in which it did not warn before, for example of an unused parameter, which is how it shows a misspelt name.
  - Ansible logs the options of a module on the managed host. Set C(no_log) on tasks with secrets in O(tables).
  - Not everything can be found before Postfix runs, for example a misspelt value such as C(smtp_tls_security_level = nonsense).
  - A part that somebody else changed after it was set here is brought back to the wanted value by O(state=present), and left alone with a
    warning by O(state=absent).
seealso:
  - module: conbool.smtp_relay.postfix_info
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
restored:
  description: Whether the old configuration is in force again. Not returned when the failure came before the first change.
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
  description: The changed files, one element each.
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
import signal

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_change import Change, SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_disk import clear_staging, locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_files import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_instance import Instance, MailLog, PostfixError
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_journal import Journal, JournalError, fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_request import RequestError, read_request


def argument_spec():
    entry = {
        'name': {'type': 'str', 'required': True},
        'type': {'type': 'str', 'required': True, 'choices': ['inet', 'unix', 'fifo', 'pass', 'unix-dgram']},
    }
    flag = {'type': 'str', 'choices': ['-', 'y', 'n'], 'default': '-'}
    return {
        'config_dir': {'type': 'path', 'default': '/etc/postfix'},
        'sbin_dir': {'type': 'path'},
        'create': {'type': 'bool', 'default': False},
        'owner_id': {'type': 'str', 'required': True},
        'parameters': {'type': 'dict', 'default': {}},
        'services': {'type': 'list', 'elements': 'dict', 'default': [], 'options': dict(
            entry, private=flag, unprivileged=flag, chroot=flag,
            wakeup={'type': 'str', 'default': '-'},
            max_processes={'type': 'str', 'default': '-'},
            command={'type': 'str', 'required': True},
            options={'type': 'dict', 'default': {}},
        )},
        'service_options': {'type': 'list', 'elements': 'dict', 'default': [], 'options': dict(
            entry,
            options={'type': 'dict', 'required': True},
            optional={'type': 'bool', 'default': False},
        )},
        'tables': {
            'type': 'list', 'elements': 'dict', 'default': [],
            'mutually_exclusive': [('content', 'entries')],
            'required_one_of': [('content', 'entries')],
            'options': {
                'path': {'type': 'path', 'required': True},
                'type': {'type': 'str', 'required': True, 'choices': ['texthash', 'regexp', 'pcre', 'cidr', 'default', 'hash', 'btree', 'lmdb', 'cdb']},
                'content': {'type': 'str'},
                'entries': {'type': 'dict'},
                'mode': {'type': 'raw', 'default': '0644'},
            },
        },
        'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
        'reload': {'type': 'bool', 'default': True},
        'listeners': {'type': 'list', 'elements': 'dict', 'default': [], 'options': {
            'address': {'type': 'str', 'required': True},
            'port': {'type': 'int', 'required': True},
        }},
        'timeout': {'type': 'int', 'default': 20},
    }


def stop(number, dummy):
    """A lost connection or a cancelled job ends the run like a failure, with the old files put back."""
    raise PostfixError('the run was ended by signal %d' % number)


def converge(module, params):
    instance = Instance(module.run_command, module.get_bin_path, os.path.normpath(params['config_dir']), params['sbin_dir'])
    request = read_request(params, instance.default_database_type)
    journal = Journal(instance.config_dir, request.owner)
    result = {'changed': False, 'parameters_changed': [], 'services_changed': [], 'tables_changed': [], 'maps': {}, 'reloaded': False}
    if not module.check_mode:
        clear_staging(instance.config_dir, fingerprint(instance.config_dir))
    if request.absent and not journal.exists:
        if not module.check_mode:
            journal.restore()
        return result, []
    change = Change(instance, journal, request, params['create'])
    result.update(
        changed=change.changed, parameters_changed=change.parameters_changed(), services_changed=change.services_changed(),
        tables_changed=sorted(change.tables), maps=change.maps())
    if module._diff:
        result['diff'] = change.diff()
    if change.changed:
        change.validate()
    if not module.check_mode:
        if change.changed:
            log = MailLog(module.run_command, module.get_bin_path, change.main.get('maillog_file'))
            listeners = [(listener['address'], listener['port']) for listener in params['listeners']]
            change.apply(params['reload'], listeners, params['timeout'], log)
        else:
            change.keep_records()
        result['reloaded'] = change.reloaded
    return result, change.warnings


def main():
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    if not os.path.isabs(params['config_dir']):
        module.fail_json(msg='config_dir: %r is not an absolute path' % params['config_dir'])
    parent = os.path.dirname(os.path.realpath(params['config_dir']))
    if not os.path.isdir(parent):
        module.fail_json(msg='config_dir: the parent directory of %r does not exist' % params['config_dir'])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop)
    try:
        with locked(parent, params['timeout']):
            result, warnings = converge(module, params)
    except BlockingIOError:
        module.fail_json(msg='config_dir: another run is at work in %s; nothing was changed' % parent)
    except SwitchError as exc:
        module.fail_json(msg=printable(str(exc)), restored=exc.restored, warnings=exc.warnings)
    except (RequestError, PlanError, JournalError, PostfixError, OSError) as exc:
        module.fail_json(msg=printable(str(exc)))
    for warning in warnings:
        module.warn(printable(warning))
    module.exit_json(**result)


if __name__ == '__main__':
    main()
