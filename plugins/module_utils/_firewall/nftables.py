# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limit as an nftables table of its own, beside whatever else filters on the host."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import OPTION
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, nft
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import FOLDER

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import Write

TABLE = 'conbool_inbound'
RULESET = '/etc/conbool-inbound-firewall.nft'
UNIT = 'conbool-inbound-firewall.service'
SERVICE_OF_HOST = 'nftables.service'
# What our drop-in adds to that.
DROPPED_IN = ('ExecStartPost', 'ExecReload')
MARK = '# Managed by Ansible (conbool.smtp_relay.inbound_firewall).\n'
# A SYN that is not part of anything, as nftables and the kernel see a new connection. Not "ct state new": a host that
# had no connection tracking before would take the next packet of every established connection for a new one.
RULES = MARK + '''# The table is replaced in one transaction; nothing else is touched.
table inet %(table)s
delete table inet %(table)s
table inet %(table)s {
%(parts)s}
'''
NETWORKS = '''    set %(name)s {
        type ipv%(version)d_addr
        flags interval%(elements)s
    }
'''
LIMIT = '''    chain input {
        type filter hook input priority -10; policy accept;
        iifname != "lo" tcp dport %(port)d tcp flags & (fin | syn | rst | ack) == syn jump newcomer
    }
    chain newcomer {
        ip saddr @ipv4 return
        ip6 saddr @ipv6 return
        reject with tcp reset
    }
'''
# Before what others turn: their chains are at -100.
TURNING = -110
# What only passes through this host is for somebody else's port. Nobody gets to the other one who was not turned to it.
REDIRECT = '''    chain turn {
        type nat hook prerouting priority %(priority)d; policy accept;
        iifname != "lo" tcp dport %(port)d fib daddr type local ip saddr @turned4 redirect to :%(to)d
        iifname != "lo" tcp dport %(port)d fib daddr type local ip6 saddr @turned6 redirect to :%(to)d
    }
    chain turned {
        type filter hook input priority -10; policy accept;
        iifname != "lo" tcp dport %(to)d ct status & dnat == 0 reject with tcp reset
    }
'''
TURNED = re.compile(r'redirect to :([0-9]+)$', re.MULTILINE)
# No default dependencies and no conflict with shutdown.target: the limit is there before the network and to the very
# end.
SERVICE = MARK + '''[Unit]
Description=The mail port for the Conbool gateway only
Documentation=man:nft(8)
DefaultDependencies=no
After=local-fs.target nftables.service
Wants=network-pre.target
Before=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=%(nft)s -f %(ruleset)s
ExecReload=%(nft)s -f %(ruleset)s
ExecStop=-%(nft)s delete table inet %(table)s

[Install]
WantedBy=sysinit.target
'''
# A failure of this must not be one of the host's own firewall, hence the minus signs.
DROP_IN = (
    MARK
    + '''# The ruleset of this service begins with "flush ruleset", as a rule. What that takes away comes back here.
[Service]
ExecStartPost=-%(nft)s -f %(ruleset)s
ExecReload=-%(nft)s -f %(ruleset)s
'''
)


def drop_in_path() -> str:
    """Return the path of our drop-in to the host's own service."""
    return os.path.join(FOLDER, SERVICE_OF_HOST + '.d', 'conbool-inbound-firewall.conf')


def unit_path() -> str:
    return os.path.join(FOLDER, UNIT)


class Nftables:
    name = 'nftables'
    unit_name = UNIT
    tables = (('inet', TABLE),)

    def __init__(self, host: Host) -> None:
        self._host = host
        self._nft = host.find('nft')
        self._drop_in = drop_in_path()

    def traces(self) -> list[str]:
        """Return the files of ours that there are, whatever the record says."""
        return [path for path in (RULESET, self._drop_in, unit_path()) if os.path.exists(path)]

    def check(self) -> None:
        if not self._nft:
            raise FirewallError(
                f'{OPTION}: nftables cannot be used, there is no command nft; install the package nftables'
            )

    def check_leaving(self) -> None:
        """See whether what is in the kernel can be taken out of it. A limit stays there until the host is booted, and
        does no harm; who is led to a port at which nobody will listen any more, gets nowhere."""
        if not self._nft and present_redirect()[0]:
            raise FirewallError(
                f'the table inet {TABLE}, which leads the gateway to another port, cannot be taken out of the kernel:'
                ' there is no command nft. Install the package nftables, and run this again'
            )

    def files(self, wanted: Wanted | None) -> dict[str, bytes | None]:
        """Return the files that there have to be, path to content; None is a file that must not be there."""
        if not wanted:
            return dict.fromkeys((RULESET, self._drop_in))
        names = {'nft': self._nft, 'ruleset': RULESET}
        return {
            RULESET: ruleset(wanted).encode('ascii'),
            self._drop_in: (DROP_IN % names).encode('ascii'),
        }

    def unit(self, wanted: Wanted | None) -> str | None:
        return SERVICE % {'nft': self._nft, 'ruleset': RULESET, 'table': TABLE} if wanted else None

    def listing(self) -> str:
        """Return what is in force, the same for every version of nft; nothing if there is nothing."""
        if not self._nft:
            return ''
        status, out, err = self._host.run([self._nft, *nft.LIST, 'table', 'inet', TABLE])
        if status != 0 and 'No such file or directory' not in err:
            raise FirewallError(f'nft list table: {err.strip()}')
        try:
            return '\n'.join(nft.canonical(out)) + '\n' if status == 0 else ''
        except ValueError as exc:
            raise FirewallError(f'nft list table: {exc}') from exc

    def validate(self, wanted: Wanted | None, writes: list[Write], again: bool) -> list[str]:
        for write in writes:
            if write.path == RULESET and write.data:
                self._host.text([self._nft, '-c', '-f', '-'], write.data.decode('ascii'))
        return []

    def load(self, wanted: Wanted | None, writes: list[Write], again: bool) -> None:
        self._host.text([self._nft, '-f', RULESET])
        if again or any(write.path == self._drop_in for write in writes):
            self._host.text(['systemctl', 'daemon-reload'])

    def reload(self) -> None:
        if os.path.exists(RULESET):
            self.load(None, [], True)
        else:
            self.unload()

    def unload(self) -> None:
        if self.listing():
            self._host.text([self._nft, 'delete', 'table', 'inet', TABLE])
        self._host.text(['systemctl', 'daemon-reload'])

    def warnings(self, wanted: Wanted) -> list[str]:
        return []


def ruleset(wanted: Wanted) -> str:
    """Return the table, as a file for nft."""
    return RULES % {'table': TABLE, 'parts': _parts(wanted)}


def _parts(wanted: Wanted) -> str:
    """Return the sets and chains of the table."""
    text = _sets('ipv', wanted.networks) + LIMIT % {'port': wanted.port} if wanted.limited else ''
    if wanted.redirect:
        text += _sets('turned', wanted.redirect.networks)
        text += REDIRECT % {'port': wanted.port, 'to': wanted.redirect.port, 'priority': TURNING}
    return text


def _sets(name: str, networks: Mapping[int, Iterable[str]]) -> str:
    return ''.join(
        NETWORKS % {'name': f'{name}{version}', 'version': version, 'elements': _elements(members)}
        for version, members in networks.items()
    )


def _elements(networks: Iterable[str]) -> str:
    return (
        '\n        elements = {{\n            {}\n        }}'.format(',\n            '.join(networks))
        if networks
        else ''
    )


def present_redirect() -> tuple[int, list[str]]:
    """Return the port to which connections are turned by our file, and those of which networks; 0 for none."""
    text = decode(disk.read_file(RULESET).data or b'')
    found = TURNED.search(text)
    if not found:
        return 0, []
    sets = re.findall(r'set turned[46] \{(.*?)^    \}', text, re.MULTILINE | re.DOTALL)
    return int(found.group(1)), re.findall(r'^ {12}([0-9a-fA-F:./]+),?$', ''.join(sets), re.MULTILINE)
