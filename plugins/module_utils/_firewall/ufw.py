# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limit as marked blocks in the rule files that ufw keeps for what its own command cannot say
(ufw-framework(8))."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import (
    OPTION,
    UFW_CONF,
    setting,
    ufw_enabled,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Wanted

FOLDER = '/etc/ufw'
DEFAULTS = '/etc/default/ufw'
# Every line of ours in the kernel has this name in it.
CHAIN = 'conbool-smtp'
BEGIN = '# BEGIN conbool.smtp_relay.inbound_firewall (Ansible)\n'
END = '# END conbool.smtp_relay.inbound_firewall (Ansible)\n'
SYN = '-p tcp -m tcp --dport %d --tcp-flags FIN,SYN,RST,ACK SYN'
MISSING = '%s is missing, although ufw is enabled; bring it back (package ufw has it), and give the command: ufw reload'
# IP version to what ufw and iptables put into names for it.
FAMILIES = {4: '', 6: '6'}


def _before(suffix: str, port: int, networks: Iterable[str]) -> list[str]:
    """The block for before.rules: strangers are refused before any rule of the host is asked."""
    rules = [f':{CHAIN} - [0:0]', f'-I ufw{suffix}-before-input ! -i lo {SYN % port} -j {CHAIN}']
    rules += [f'-A {CHAIN} -s {network} -j RETURN' for network in networks]
    return rules + [f'-A {CHAIN} -p tcp -j REJECT --reject-with tcp-reset']


def _after(suffix: str, wanted: Wanted) -> list[str]:
    """The block for after.rules: whoever was not refused, by the host's own rules either, gets in; also where he is
    turned to another port."""
    ports = [wanted.port, *([wanted.redirect.port] if wanted.redirect else [])]
    return [f'-A ufw{suffix}-after-input {SYN % port} -m comment --comment {CHAIN} -j ACCEPT' for port in ports]


def replace_block(path: str, text: str, rules: Sequence[str] | None) -> str:
    """Return the text of a rule file with our block in front of the end of its table filter; without rules it has none.

    Raises:
        FirewallError: the file is not as ufw wants it, or the marks are damaged.
    """
    begins, ends = text.count(BEGIN), text.count(END)
    if begins != ends or begins > 1 or text.find(BEGIN) > text.find(END):
        raise FirewallError(
            f'{path}: the lines {BEGIN.strip()!r} and {END.strip()!r} do not enclose one block; put them right by hand'
        )
    if begins:
        text = text[: text.index(BEGIN)] + text[text.index(END) + len(END) :]
    if not rules:
        return text
    table = re.search(r'^\*filter[ \t]*\n(?:(?!COMMIT)[^\n]*\n)*(?=COMMIT)', text, re.MULTILINE)
    if not table:
        raise FirewallError(f'{path}: there is no table filter that ends with COMMIT; ufw itself could not load it')
    return text[: table.end()] + BEGIN + ''.join(rule + '\n' for rule in rules) + END + text[table.end() :]


def block(text: str) -> list[str]:
    """Return the lines of our block, without its marks."""
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].splitlines() if BEGIN in text else []


class Ufw:
    name = 'ufw'
    unit_name = None
    tables = (('ip', 'filter'), ('ip6', 'filter'))

    def __init__(self, host: Host) -> None:
        self._host = host

    def traces(self) -> list[str]:
        """Return the files that have a block of ours, whatever the record says."""
        paths = [
            os.path.join(FOLDER, f'{name}{suffix}.rules')
            for suffix in FAMILIES.values()
            for name in ('before', 'after')
        ]
        # Who may not read them cannot have written them either.
        return [
            path for path in paths if os.access(path, os.R_OK) and BEGIN in decode(disk.read_file(path).data or b'')
        ]

    def check_leaving(self) -> None:
        """There is nothing to see: without its commands ufw has nothing in force."""

    def check(self) -> None:
        if not self._host.find('ufw') or not ufw_enabled():
            raise FirewallError(f'{OPTION}: ufw cannot be used, it is not enabled; give the command: ufw enable')
        for version in self._families():
            if f'ufw{FAMILIES[version]}-before-input' not in self._saved(version):
                raise FirewallError(
                    f'ufw is enabled ({UFW_CONF}), but its rules are not in force; give the command: ufw reload'
                )

    def files(self, wanted: Wanted | None) -> dict[str, bytes]:
        found = {}
        for version, suffix in FAMILIES.items():
            for name, rules in (
                ('before', wanted and _before(suffix, wanted.port, wanted.networks[version])),
                ('after', wanted and _after(suffix, wanted)),
            ):
                path = os.path.join(FOLDER, f'{name}{suffix}.rules')
                data = disk.read_file(path).data
                if data is not None:
                    found[path] = encode(replace_block(path, decode(data), rules))
                elif wanted:
                    raise FirewallError(MISSING % path)
        return found

    def unit(self, wanted: Wanted | None) -> None:
        return None

    def listing(self) -> str:
        listed = {
            version: self._own(version) + self._before_ours(version) for version in self._families(installed=True)
        }
        return ''.join(
            '# IPv{}\n{}\n'.format(version, '\n'.join(lines)) for version, lines in sorted(listed.items()) if lines
        )

    def validate(self, wanted: Wanted | None, writes: list[disk.Write], again: bool) -> list[str]:
        for write in writes:
            version = 6 if write.path.endswith('6.rules') else 4
            if version in self._families(installed=not wanted):
                self._restore(version, decode(write.data), '--test')
        return []

    def load(self, wanted: Wanted | None, writes: list[disk.Write], again: bool) -> None:
        self.reload()

    def reload(self) -> None:
        """Load what stands in our blocks, for each IP version in one transaction. A reload by ufw would open the host
        for a moment."""
        for version in self._families():
            suffix = FAMILIES[version]
            texts = [_text(os.path.join(FOLDER, f'{name}{suffix}.rules')) for name in ('before', 'after')]
            rules = [rule for text in texts for rule in block(text)]
            if rules:
                self._restore(version, _table(self._without_jumps(version) + rules))

    def unload(self) -> None:
        for version in self._families(installed=True):
            if self._own(version):
                self._restore(version, _table(self._without_jumps(version) + ['-F ' + CHAIN, '-X ' + CHAIN]))

    def warnings(self, wanted: Wanted) -> list[str]:
        if wanted.networks[6] and setting(DEFAULTS, 'IPV6') != 'yes':
            return [
                f'ufw is told to drop all IPv6 (IPV6 in {DEFAULTS} is not yes); the IPv6 networks of the list cannot'
                ' connect'
            ]
        return []

    def _families(self, installed: bool = False) -> list[int]:
        """Return the IP versions that ufw filters, or of which there is a command to look."""
        if installed:
            return [version for version, suffix in FAMILIES.items() if self._host.find(f'ip{suffix}tables-save')]
        return list(FAMILIES) if setting(DEFAULTS, 'IPV6') == 'yes' else [4]

    def _saved(self, version: int) -> str:
        return self._host.text([self._command(version, 'save'), '-t', 'filter'])

    def _own(self, version: int) -> list[str]:
        """Return our lines, without the counters of the chain."""
        return [line.partition(' - [')[0] for line in self._saved(version).split('\n') if CHAIN in line]

    def _before_ours(self, version: int) -> list[str]:
        """Return the rules that somebody has put in front of ours; they would let strangers in."""
        start = f'-A ufw{FAMILIES[version]}-before-input '
        rules = [line for line in self._saved(version).split('\n') if line.startswith(start)]
        ours = [place for place, line in enumerate(rules) if CHAIN in line]
        return [f'# before it: {line}' for line in rules[: ours[0]]] if ours else []

    def _without_jumps(self, version: int) -> list[str]:
        """Return commands that take out our rules in ufw's chains. The chain itself is emptied when it is declared
        anew."""
        return [line.replace('-A', '-D', 1) for line in self._own(version) if line.startswith('-A ufw')]

    def _restore(self, version: int, text: str, *options: str) -> None:
        self._host.text([self._command(version, 'restore'), '--noflush'] + list(options), text)

    def _command(self, version: int, verb: str) -> str:
        name = f'ip{FAMILIES[version]}tables-{verb}'
        path = self._host.find(name)
        if not path:
            raise FirewallError(f'ufw cannot be looked at or changed, there is no command {name}; install iptables')
        return path


def _text(path: str) -> str:
    data = disk.read_file(path).data
    if data is None:
        raise FirewallError(MISSING % path)
    return decode(data)


def _table(commands: Iterable[str]) -> str:
    return '*filter\n{}\nCOMMIT\n'.format('\n'.join(commands))
