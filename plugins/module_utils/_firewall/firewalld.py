# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limit as two policies and two ipsets of firewalld, beside its zones."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import firewalld_runtime
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import OPTION
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted

FOLDER = '/etc/firewalld'
BUS = 'org.fedoraproject.FirewallD1'
OBJECT = '/org/fedoraproject/FirewallD1'
LIMIT, OPEN = 'conbool-limit', 'conbool-open'
# The smallest that there is: a policy that lets somebody in would be asked before otherwise.
FIRST = -32768
SETS = {4: 'conbool-ipv4', 6: 'conbool-ipv6'}
FAMILY_OPTION = {4: 'inet', 6: 'inet6'}
# So many entries more or less are told to the running firewalld one by one; beyond that a reload is faster.
FEW = 50
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!-- Managed by Ansible (conbool.smtp_relay.inbound_firewall). -->\n'
POLICY = HEAD + '''<policy priority="%(priority)d" target="CONTINUE">
  <short>%(short)s</short>
  <ingress-zone name="ANY"/>
  <egress-zone name="HOST"/>
%(rules)s</policy>
'''
# Before every zone: strangers are refused, for everybody else the zones decide.
REFUSAL = '''  <rule family="ipv%(version)d">
    <source ipset="%(name)s" invert="True"/>
    <port port="%(port)d" protocol="tcp"/>
    <reject type="tcp-reset"/>
  </rule>
'''
# After the rules of the zone and before its target: whoever was not refused gets in.
ACCEPTANCE = '  <port port="%(port)d" protocol="tcp"/>\n'


def _policy(priority: int, short: str, rules: str) -> bytes:
    return (POLICY % {'priority': priority, 'short': short, 'rules': rules}).encode('ascii')


def _set(version: int, networks: Sequence[str]) -> bytes:
    entries = ''.join(f'  <entry>{network}</entry>\n' for network in networks)
    # 65536 is the kernel's own limit where nothing is said.
    options = (
        f'  <option name="family" value="{FAMILY_OPTION[version]}"/>\n  <option name="maxelem"'
        f' value="{max(65536, 2 * len(networks))}"/>\n'
    )
    return (f'{HEAD}<ipset type="hash:net">\n{options}{entries}</ipset>\n').encode('ascii')


class Firewalld:
    name = 'firewalld'
    unit_name = None
    # With nftables, or with iptables behind it.
    tables = (('inet', 'firewalld'), ('ip', 'firewalld'), ('ip6', 'firewalld'), ('ip', 'filter'), ('ip6', 'filter'))

    def __init__(self, host: Host) -> None:
        self._host = host
        self._policies = {name: os.path.join(FOLDER, 'policies', name + '.xml') for name in (LIMIT, OPEN)}
        self._sets = {version: os.path.join(FOLDER, 'ipsets', name + '.xml') for version, name in SETS.items()}

    def _running(self) -> bool:
        return self._host.unit('firewalld.service')[0] in ('active', 'reloading')

    def traces(self) -> list[str]:
        """Return the files of ours that there are, whatever the record says."""
        return [path for path in sorted(self.files(None)) if os.path.exists(path)]

    def check_leaving(self) -> None:
        """There is nothing to see: what is in force goes with the daemon."""

    def check(self) -> None:
        if not self._running():
            raise FirewallError(
                f'{OPTION}: firewalld cannot be used, it does not run; start it, or disable it if something else is to'
                ' filter'
            )
        version = self._host.text(['busctl', '--json=short', 'get-property', BUS, OBJECT, BUS, 'version'])
        number = re.findall(r'\d+', json.loads(version)['data'])[:2]
        if tuple(map(int, number)) < (0, 9):
            raise FirewallError(
                'firewalld {} knows no policies, which this needs; 0.9 is the first that does'.format('.'.join(number))
            )

    def files(self, wanted: Wanted | None) -> dict[str, bytes | None]:
        if not wanted:
            return dict.fromkeys(list(self._policies.values()) + list(self._sets.values()))
        port = {'port': wanted.port}
        refusals = ''.join(REFUSAL % dict(port, version=version, name=name) for version, name in sorted(SETS.items()))
        found: dict[str, bytes | None] = {
            path: _set(version, wanted.networks[version]) for version, path in self._sets.items()
        }
        found[self._policies[LIMIT]] = _policy(FIRST, 'Mail port: only the gateway and allowed networks', refusals)
        found[self._policies[OPEN]] = _policy(100, 'Mail port: open for whoever was not refused', ACCEPTANCE % port)
        return found

    def unit(self, wanted: Wanted | None) -> None:
        return None

    def listing(self) -> str:
        if not self._running():
            return ''
        found = {name: self._ask('policy', 'getPolicySettings', name) for name in (LIMIT, OPEN)}
        found.update((name, self._ask('ipset', 'getEntries', name)) for name in SETS.values())
        present = {
            name: said if isinstance(said, dict) else sorted(said) for name, said in found.items() if said is not None
        }
        return json.dumps(present, indent=1, sort_keys=True) + '\n' if present else ''

    def validate(self, wanted: Wanted | None, writes: list[disk.Write], again: bool) -> list[str]:
        if wanted:
            with tempfile.TemporaryDirectory() as stage:
                for name, data in self.files(wanted).items():
                    path = os.path.join(stage, os.path.relpath(name, FOLDER))
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    disk.Write(path, data).do()
                self._host.text(['firewall-offline-cmd', '--system-config', stage, '--check-config'])
        if self._running() and (again or self._few(wanted, writes, self.listing()) is None):
            return firewalld_runtime.check_reload(self._host)
        return []

    def load(self, wanted: Wanted | None, writes: list[disk.Write], again: bool) -> None:
        changes = None if again else self._few(wanted, writes, self.listing())
        if changes is None:
            self.reload()
            return
        # Newcomers first, so that nobody is shut out in between.
        for method, name, network in sorted(changes):
            self._call('ipset', method, 'ss', name, network)

    def reload(self) -> None:
        if self._running():
            self._host.text(['firewall-cmd', '--reload'])

    def unload(self) -> None:
        if self.listing():
            self.reload()

    def warnings(self, wanted: Wanted) -> list[str]:
        return []

    def _few(self, wanted: Wanted | None, writes: list[disk.Write], listing: str) -> list[tuple[str, str, str]] | None:
        """Return the changes of entries that are all there is to do, or None."""
        if not wanted or not listing or any(write.path not in self._sets.values() for write in writes):
            return None
        present, changes = json.loads(listing), []
        if set(present) != set(SETS.values()) | {LIMIT, OPEN}:
            return None
        for version, name in SETS.items():
            before, after = set(present[name]), set(wanted.networks[version])
            if len(before ^ after) > FEW or any(
                ip_network(new).overlaps(ip_network(old)) for new in after - before for old in before - after
            ):
                return None
            changes += [('addEntry', name, network) for network in after - before] + [
                ('removeEntry', name, network) for network in before - after
            ]
        return changes

    def _call(self, interface: str, method: str, signature: str, *arguments: str) -> str:
        return self._host.text(
            ['busctl', '--json=short', '--auto-start=no', 'call', BUS, OBJECT, f'{BUS}.{interface}', method, signature]
            + list(arguments)
        )

    def _ask(self, interface: str, method: str, name: str) -> Any:
        """Return what firewalld says of an object, None if it does not know it."""
        try:
            said = self._call(interface, method, 's', name)
        except FirewallError as exc:
            if 'INVALID_' in str(exc):
                return None
            raise
        return json.loads(said)['data'][0]
