# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host without IPv6.

The name of this file is the last one of this directory: the machine has no IPv6 afterwards.
"""

from __future__ import annotations

import subprocess

from lab import inside
from tests.postfix.machine import CHANGE


def test_without_ipv6(machine):
    pid = inside.first_process(machine.lab.layout, machine.lab.nodes[machine.name])
    subprocess.run(
        ['nsenter', '--target', str(pid), '--net', 'sysctl', '--write', 'net.ipv6.conf.all.disable_ipv6=1'],
        check=True,
        capture_output=True,
    )
    assert 'inet6' not in machine.shell('ip addr')
    assert machine.module('postfix_info')['running']
    assert machine.config(**CHANGE)['reloaded']
    assert not machine.config(**CHANGE)['changed']
    assert machine.config(owner_id='tests', state='absent')['changed']
    assert machine.fingerprint() == machine.original
    # Where localhost has an IPv6 address all the same, Postfix's own commands give up.
    machine.shell('echo "::1 localhost" >> /etc/hosts; echo "inet_interfaces = localhost" >> /etc/postfix/main.cf')
    before = machine.fingerprint()
    for result in (machine.module('postfix_info'), machine.config(**CHANGE)):
        assert result['failed'] and 'no local interface found for ::1' in result['msg']
    assert 'inet_protocols = ipv4' in machine.module('postfix_info')['msg']
    assert machine.fingerprint() == before
