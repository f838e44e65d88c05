# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has to filter with, found out and not assumed."""

from __future__ import annotations

import re
from collections.abc import Callable

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError

UFW_CONF = '/etc/ufw/ufw.conf'
# One file for each IP version; it names the tables that iptables-legacy has in the kernel.
LEGACY_TABLES = ('/proc/net/ip_tables_names', '/proc/net/ip6_tables_names')
OPTION = 'inbound_firewall_backend (option backend)'


class Host:
    """Commands and state of the managed host.

    Args:
        run_command: that of AnsibleModule.
        find: returns the path of a command, None without one.
    """

    def __init__(self, run_command: Callable[..., tuple[int, str, str]], find: Callable[..., str | None]) -> None:
        self._run_command = run_command
        self._find = find
        self._units: dict[str, dict[str, str]] | None = None

    def find(self, name: str) -> str | None:
        return self._find(name, opt_dirs=['/usr/sbin', '/sbin', '/usr/local/sbin'])

    def run(self, argv: list[str], data: str | None = None) -> tuple[int, str, str]:
        """Return (exit status, stdout, stderr)."""
        return self._run_command(argv, data=data, environ_update={'LC_ALL': 'C', 'LANGUAGE': 'C'})

    def text(self, argv: list[str], data: str | None = None) -> str:
        """Return what a command prints.

        Raises:
            FirewallError: it failed, with its own words.
        """
        status, out, err = self.run(argv, data)
        if status != 0:
            raise FirewallError(
                '{}: {}'.format(' '.join(argv), (err.strip() or out.strip() or f'exit status {status}')[:2000])
            )
        return out

    def unit(self, name: str) -> tuple[str, str]:
        """Return (active state, unit file state) of a service."""
        if self._units is None:
            names = ['firewalld.service', 'nftables.service']
            out = self.text(['systemctl', 'show', '--property=ActiveState,UnitFileState'] + names)
            blocks = [
                dict(line.partition('=')[::2] for line in block.splitlines()) for block in out.strip().split('\n\n')
            ]
            self._units = dict(zip(names, blocks))
        return self._units[name].get('ActiveState', ''), self._units[name].get('UnitFileState', '')

    def managers(self) -> dict[str, str]:
        """Return what manages the host's firewall, name of the backend to how that was seen."""
        found = {}
        for backend in ('firewalld', 'nftables'):
            active, enabled = self.unit(backend + '.service')
            if active in ('active', 'reloading') or enabled == 'enabled':
                found[backend] = '{}.service is {}'.format(backend, ' and '.join(filter(None, (active, enabled))))
        if ufw_enabled() and self.find('ufw'):
            found['ufw'] = 'ENABLED=yes in ' + UFW_CONF
        return found

    def legacy_rules(self) -> bool:
        """Return whether iptables-legacy filters on this host."""
        names = [path for path in LEGACY_TABLES if 'filter' in read_text(path).split()]
        for path, command in zip(LEGACY_TABLES, ('iptables', 'ip6tables')):
            save = self.find(command + '-legacy-save') or self.find(command + '-save')
            if (
                path in names
                and save
                and re.search('^(-A |:INPUT DROP)', self.text([save, '-t', 'filter']), re.MULTILINE)
            ):
                return True
        return False


def read_text(path: str) -> str:
    try:
        with open(path, encoding='utf-8', errors='surrogateescape') as stream:
            return stream.read()
    except FileNotFoundError:
        return ''


def ufw_enabled() -> bool:
    return setting(UFW_CONF, 'ENABLED') == 'yes'


def setting(path: str, name: str) -> str:
    """Return the value of a line NAME=value, as a shell would read it, in small letters."""
    found = re.findall(rf'^{name}=["\']?([^"\'\s#]*)', read_text(path), re.MULTILINE)
    return found[-1].lower() if found else ''


def choose(host: Host, asked: str) -> str:
    """Return the name of the backend.

    Raises:
        FirewallError: there is none that fits, or more than one, with advice.
    """
    if asked != 'auto':
        return asked
    managers = host.managers()
    if len(managers) > 1:
        raise FirewallError(
            'More than one thing manages the firewall of this host: {}. Disable all but one, or name the one to use'
            ' in {}'.format('; '.join('{} ({})'.format(*item) for item in sorted(managers.items())), OPTION)
        )
    if managers:
        return list(managers)[0]
    if host.legacy_rules():
        raise FirewallError(
            'The firewall of this host is made of iptables-legacy rules, which nothing here can change safely. Move it'
            ' to nftables (iptables-restore-translate), firewalld or ufw; or allow the port to conbool_networks in'
            f' your own rules, and set inbound_firewall_state to absent. With {OPTION} set to nftables the limit goes'
            ' into a table of its own beside your rules'
        )
    if not host.find('nft'):
        raise FirewallError(
            'This host has neither firewalld nor ufw in force, and no command nft. Install the package nftables; or'
            ' allow the port to conbool_networks in your own iptables rules, and set inbound_firewall_state to absent'
        )
    return 'nftables'
