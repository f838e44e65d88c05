# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose nft, iptables, firewalld and systemctl are pretended; its files are real, below a temporary
directory."""

from __future__ import annotations

import copy
import json
import os
import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import (
    detect,
    firewalld,
    nftables,
    record,
    ufw,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.converge import converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import addresses, unit

RULES = '# ufw\n*filter\n:ufw%s-%s-input - [0:0]\n-A ufw%s-%s-input -p udp -j ACCEPT\n\n# the end\nCOMMIT\n'
COMMANDS = (
    'nft',
    'systemctl',
    'busctl',
    'firewall-cmd',
    'iptables-save',
    'ip6tables-save',
    'iptables-restore',
    'ip6tables-restore',
    'ufw',
)


# A default route by eth0, and a network behind eth1 (10.0.0.0/24, fd00::/64).
ROUTES4 = (
    'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n'
    'eth0 00000000 0101C80A 0003 0 0 0 00000000 0 0 0\n'
    'eth1 0000000A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n'
    'eth1 000011AC 00000000 0200 0 0 0 0000FFFF 0 0 0\n'
)
# The addresses of this host, and no others.
TRIE = '''\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 192.0.2.0
        /24 link UNICAST
Local:
  +-- 127.0.0.0/31 1 0 0
     |-- 127.0.0.0
        /8 host LOCAL
        /32 link BROADCAST
  |-- 192.0.2.5
     /32 host LOCAL
  |-- 192.0.2.255
     /32 link BROADCAST
'''
NOTHING = '0' * 32
ROUTES6 = (
    f'{NOTHING} 00 {NOTHING} 00 fe80{"0" * 27}1 00000400 00000001 00000000 00000003 eth0\n'
    f'fd00{"0" * 28} 40 {NOTHING} 00 {NOTHING} 00000100 00000001 00000000 00000001 eth1\n'
    f'{NOTHING} 00 {NOTHING} 00 {NOTHING} ffffffff 00000001 00000000 00200200 lo\n'
)


class Killed(BaseException):
    """SIGKILL: nothing of the module runs any more."""


class Machine:
    """With C(hook), a function that gets the command line before it is carried out, and may raise or return a
    failure."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.commands, self.log, self.hook = folder, set(COMMANDS), [], None
        self.table, self.foreign, self.unit_active, self.unit_enabled, self.loaded = '', [], False, False, None
        self.states = {'firewalld.service': ('inactive', ''), 'nftables.service': ('inactive', 'disabled')}
        self.filter = {'ip': [], 'ip6': []}
        self.zones, self.permanent_zones, self.firewalld, self.version = (
            'public\n  ports: \n',
            'public\n  ports: \n',
            {},
            '1.3.3',
        )
        for module, name, path in (
            (record, 'PATH', 'var/lib/conbool/firewall.json'),
            (detect, 'UFW_CONF', 'etc/ufw/ufw.conf'),
            (ufw, 'UFW_CONF', 'etc/ufw/ufw.conf'),
            (ufw, 'DEFAULTS', 'etc/default/ufw'),
            (ufw, 'FOLDER', 'etc/ufw'),
            (firewalld, 'FOLDER', 'etc/firewalld'),
            (nftables, 'RULESET', 'etc/conbool.nft'),
            (nftables, 'FOLDER', 'etc/systemd'),
            (unit, 'FOLDER', 'etc/systemd'),
            (addresses, 'ADDRESSES6', 'proc/if_inet6'),
            (addresses, 'TRIE', 'proc/fib_trie'),
        ):
            monkeypatch.setattr(module, name, str(folder / path))
        tables = {4: str(folder / 'proc/route'), 6: str(folder / 'proc/ipv6_route')}
        monkeypatch.setattr(addresses, 'TABLES', tables)
        monkeypatch.setattr(detect, 'LEGACY_TABLES', (str(folder / 'proc/ip'), str(folder / 'proc/ip6')))
        for path in (
            'etc/systemd',
            'etc/ufw',
            'etc/default',
            'etc/firewalld/policies',
            'etc/firewalld/ipsets',
            'proc',
            'var/lib',
        ):
            (folder / path).mkdir(parents=True)
        (folder / 'proc/route').write_text(ROUTES4)
        (folder / 'proc/fib_trie').write_text(TRIE)
        (folder / 'proc/ipv6_route').write_text(ROUTES6)
        self.unit_file = folder / 'etc/systemd' / nftables.UNIT

    def has_ufw(self, enabled=True, ipv6=True):
        (self.folder / 'etc/ufw/ufw.conf').write_text('# comment\nENABLED=%s\n' % ('yes' if enabled else 'no'))
        (self.folder / 'etc/default/ufw').write_text('IPV6=%s\n' % ('yes' if ipv6 else 'no'))
        for suffix in ('', '6'):
            for name in ('before', 'after'):
                (self.folder / (f'etc/ufw/{name}{suffix}.rules')).write_text(RULES % (suffix, name, suffix, name))
            self.filter['ip' + suffix] = [
                f':ufw{suffix}-before-input',
                f':ufw{suffix}-after-input',
                f'-A ufw{suffix}-after-input -p udp -j ACCEPT',
            ]
        return self

    def has_firewalld(self):
        self.states['firewalld.service'] = ('active', 'enabled')
        return self

    def files(self):
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.folder.rglob('*'))
        }

    def in_force(self):
        """What filters, apart from files."""
        chains = {version: sorted(lines) for version, lines in self.filter.items()}
        return self.table, chains, copy.deepcopy(self.firewalld), self.unit_active, self.unit_enabled

    def find(self, name, opt_dirs):
        return '/usr/sbin/' + name if name in self.commands else None

    # What stands for AnsibleModule.
    get_bin_path = find
    check_mode = False
    _diff = True

    def converge(self, check=False, **params):
        self.check_mode = check
        return converge(
            self, dict({'networks': [], 'port': 25, 'backend': 'auto', 'state': 'present', 'names': {}}, **params)
        )

    def run_command(self, argv, data=None, environ_update=None):
        words = [os.path.basename(argv[0])] + list(argv[1:])
        self.log.append(' '.join(words))
        failure = self.hook(words) if self.hook else None
        if failure:
            return failure
        return getattr(self, '_' + re.sub('ip6?tables-(legacy-)?', 'iptables_', words[0]).replace('-', '_'))(
            words, data
        )

    def _nft(self, words, data):
        if words[1:] == ['-c', '-f', '-']:
            return (0, '', '') if 'table inet' in data else (1, '', 'syntax error')
        if words[1] == '-f':
            with open(words[2], encoding='ascii') as stream:
                self.table = stream.read().partition('delete table inet conbool_inbound\n')[2]
            return 0, '', ''
        if words[1] == 'delete':
            self.table = ''
            return 0, '', ''
        if words[1:5] == ['-j', '-n', 'list', 'table']:
            listed = {'nftables': [{'line': {'text': line}} for line in self.table.splitlines()]}
            return (0, json.dumps(listed), '') if self.table else (1, '', 'Error: No such file or directory\n')
        assert words[1:] == ['-j', '-n', 'list', 'ruleset']
        return 0, json.dumps({'nftables': self.foreign}), ''

    def _systemctl(self, words, data):
        ours = nftables.UNIT
        if words[1] == 'show' and words[-1] != ours:
            return (
                0,
                '\n\n'.join('ActiveState={}\nUnitFileState={}'.format(*self.states[name]) for name in words[3:]) + '\n',
                '',
            )
        content = self.unit_file.read_bytes() if self.unit_file.exists() else None
        if words[1] == 'show':
            return (
                0,
                'ActiveState={}\nUnitFileState={}\nNeedDaemonReload={}\n'.format(
                    'active' if self.unit_active else 'inactive',
                    'enabled' if self.unit_enabled else 'disabled',
                    'yes' if content != self.loaded else 'no',
                ),
                '',
            )
        if words[1] == 'daemon-reload':
            self.loaded = content
        elif words[1] in ('enable', 'disable'):
            self.unit_enabled = words[1] == 'enable'
        elif words[1] in ('start', 'restart', 'stop'):
            self.unit_active = words[1] != 'stop'
            return (
                self._nft(['nft', '-f', nftables.RULESET], None)
                if self.unit_active
                else self._nft(['nft', 'delete'], None)
            )
        return 0, '', ''

    def _journalctl(self, words, data):
        return 0, 'the end of the journal\n', ''

    def _iptables_save(self, words, data):
        lines = self.filter['ip6' if words[0].startswith('ip6') else 'ip']
        return (
            0,
            '*filter\n'
            + ''.join(line + (' - [1:60]' if line.startswith(':') else '') + '\n' for line in lines)
            + 'COMMIT\n',
            '',
        )

    def _iptables_restore(self, words, data):
        version, lines = ('ip6' if words[0].startswith('ip6') else 'ip'), None
        lines = list(self.filter[version])
        for line in data.splitlines():
            if line.startswith(':'):
                chain = line.split()[0][1:]
                lines = [old for old in lines if not old.startswith(f'-A {chain} ') and old != ':' + chain] + [
                    ':' + chain
                ]
            elif line.startswith('-I'):
                lines.insert(0, '-A' + line[2:])
            elif line.startswith('-A'):
                lines.append(line)
            elif line.startswith('-D'):
                lines.remove('-A' + line[2:])
            elif line.startswith('-F'):
                lines = [old for old in lines if not old.startswith(f'-A {line[3:]} ')]
            elif line.startswith('-X'):
                lines.remove(':' + line[3:])
        if '--test' not in words:
            self.filter[version] = lines
        return 0, '', ''

    def _firewall_cmd(self, words, data):
        if '--list-all-zones' in words:
            return 0, self.permanent_zones if '--permanent' in words else self.zones, ''
        self.firewalld = {}
        for path in (self.folder / 'etc/firewalld').rglob('*.xml'):
            text = path.read_text()
            self.firewalld[path.stem] = (
                {'xml': text} if 'policies' in str(path) else re.findall('<entry>(.*)</entry>', text)
            )
        return 0, 'success\n', ''

    def _firewall_offline_cmd(self, words, data):
        return 0, 'success\n', ''

    def _busctl(self, words, data):
        if 'get-property' in words:
            return 0, json.dumps({'type': 's', 'data': self.version}), ''
        method, name = words[7], words[9]
        if name not in self.firewalld:
            return 1, '', f'Call failed: INVALID_IPSET: {name}'
        if method.startswith('get'):
            return 0, json.dumps({'data': [self.firewalld[name]]}), ''
        getattr(self.firewalld[name], 'append' if method == 'addEntry' else 'remove')(words[10])
        return 0, '', ''


BACKENDS = ('nftables', 'ufw', 'firewalld')
FIRST, SECOND = ['192.0.2.0/24', '2001:db8::/32'], ['203.0.113.0/24']


def admits(machine, network):
    """Whether the limit in force names the network; None if there is no limit."""
    states = [
        machine.table,
        '\n'.join(line for lines in machine.filter.values() for line in lines if 'conbool' in line),
    ]
    states.append(json.dumps(machine.firewalld) if machine.firewalld else '')
    found = [state for state in states if state]
    return any(network in state for state in found) if found else None
