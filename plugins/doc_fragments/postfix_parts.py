# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The parts of a Postfix configuration: parameters, services, options of services, tables."""

    DOCUMENTATION = r"""
options:
  exclusive:
    description:
      - Whether C(main.cf) and C(master.cf) of an instance of one's own (O(create=true)) have nothing but O(parameters)
        and O(services). Whatever else somebody has written there is taken out, comments too.
      - It has no effect on files that were there before, or in which another O(owner_id) has something.
    type: bool
    default: false
  parameters:
    description:
      - Parameters of C(main.cf), see L(postconf(5\),https://www.postfix.org/postconf.5.html). V(null) means that the
        file does not define the parameter.
      - Booleans become C(yes) and C(no). Values must not contain line breaks.
      - Of several definitions of a parameter the last one counts for Postfix and is the one that is changed.
    type: dict
    default: {}
  services:
    description:
      - Whole entries of C(master.cf), see L(master(5\),https://www.postfix.org/master.5.html).
      - An existing entry with the same name and type is replaced. For V(inet) services, names and numbers of ports are
        the same.
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
          - V(program) is no table, but a program that a service runs; Postfix does not look at it.
        type: str
        required: true
        choices: [texthash, regexp, pcre, cidr, default, hash, btree, lmdb, cdb, program]
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
"""
