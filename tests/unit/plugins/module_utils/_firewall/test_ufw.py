# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our block in ufw's rule files: put in front of the end of the table filter, taken out without a trace."""

from __future__ import annotations

import os

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import ufw
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.ufw import BEGIN, END, block, replace_block
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import writable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

from tests.unit.fakes.firewall import FIRST

NAT = '*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n'
FILTER = '*filter\n:ufw-before-input - [0:0]\n# COMMIT is not yet\n-A ufw-before-input -j ACCEPT\n'


@pytest.mark.parametrize(
    'text',
    [
        FILTER + 'COMMIT\n',
        NAT + FILTER + 'COMMIT\n',
        FILTER + 'COMMIT\n' + NAT,
        '# no end of line\n' + FILTER + 'COMMIT',
    ],
)
def test_block_comes_and_goes(text):
    changed = replace_block('before.rules', text, ['-A a', '-A b'])
    assert changed == text.replace(FILTER, FILTER + BEGIN + '-A a\n-A b\n' + END)
    assert block(changed) == ['-A a', '-A b']
    assert replace_block('before.rules', changed, ['-A a', '-A b']) == changed
    assert block(replace_block('before.rules', changed, ['-A c'])) == ['-A c']
    assert replace_block('before.rules', changed, None) == text
    assert block(text) == []


@pytest.mark.parametrize('text', ['', NAT, '*filter\n-A ufw-before-input -j ACCEPT\n', '#*filter\nCOMMIT\n'])
def test_file_without_an_end_of_the_table_is_refused(text):
    with pytest.raises(FirewallError, match='before.rules: there is no table filter'):
        replace_block('before.rules', text, ['-A a'])


@pytest.mark.parametrize('marks', [BEGIN, END, END + BEGIN, (BEGIN + END) * 2])
def test_damaged_marks_are_refused(marks):
    for rules in (['-A a'], None):
        with pytest.raises(FirewallError, match='do not enclose one block'):
            replace_block('before.rules', FILTER + marks + 'COMMIT\n', rules)


@pytest.mark.parametrize('name', ['iptables-save', 'iptables-restore', 'ip6tables-restore'])
def test_a_command_that_is_missing_is_named_before_anything_is_changed(new, name):
    machine = new('ufw')
    machine.commands.discard(name)
    before = machine.files()
    with pytest.raises(FirewallError, match=f'there is no command {name}; install iptables'):
        machine.converge(networks=FIRST)
    assert machine.files() == before


def test_a_rule_file_that_is_gone_when_the_rules_are_loaded_is_named(new):
    machine = new('ufw')
    machine.converge(networks=FIRST)
    (machine.folder / 'etc/ufw/after.rules').unlink()
    with pytest.raises(FirewallError, match=r'after\.rules is missing, although ufw is enabled'):
        ufw.Ufw(Host(machine.run_command, machine.find)).reload()


def test_a_rule_file_that_cannot_be_written_is_named_before_anything_is_changed(new, monkeypatch):
    machine = new('ufw')
    before, path = machine.files(), machine.folder / 'etc/ufw/after6.rules'

    def ioctl(handle, dummy, held):
        held[0] = 0x10 if os.path.samestat(os.fstat(handle), os.stat(path)) else 0

    monkeypatch.setattr(writable.fcntl, 'ioctl', ioctl)
    with pytest.raises(HostError, match=r'Nothing was changed.*after6\.rules: it is immutable'):
        machine.converge(networks=FIRST)
    assert machine.files() == before
