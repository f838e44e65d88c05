# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables-save and ip6tables-save print, as chains."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Optional

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import (
    ACCEPT,
    GOTO,
    JUMP,
    RAW,
    REFUSE,
    RETURN,
    SOURCE_PORT,
    UNKNOWN,
    UNTRACK,
    Base,
    Packet,
    Rule,
    Ruleset,
    Step,
    every,
    negated,
)

if TYPE_CHECKING:
    Match = Callable[[Packet], Optional[bool]]

# Chains that packets to this host pass; translation of addresses is another matter.
PASSED = ('PREROUTING', 'INPUT')
TARGETS = {'ACCEPT': ACCEPT, 'DROP': REFUSE, 'REJECT': REFUSE, 'TARPIT': REFUSE, 'RETURN': RETURN}
# Targets after which the next rule is asked.
PASSING = frozenset(
    [
        'AUDIT',
        'CHECKSUM',
        'CLASSIFY',
        'CONNMARK',
        'CONNSECMARK',
        'CT',
        'DSCP',
        'HL',
        'HMARK',
        'IDLETIMER',
        'LED',
        'LOG',
        'MARK',
        'NFLOG',
        'SECMARK',
        'SET',
        'TCPMSS',
        'TOS',
        'TRACE',
        'TTL',
        'ULOG',
    ]
)
FAMILY = {4: 'ip', 6: 'ip6'}
FLAGS = frozenset(['SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'])


def read(text: str, version: int, but: frozenset[tuple[str, str]] = frozenset()) -> tuple[Ruleset, list[str]]:
    """Return the chains of all tables, and the networks that rules name as a source.

    Args:
        text: what iptables-save printed; for IPv6 ip6tables-save.
        but: tables that are left out, by family and name.

    Raises:
        IndexError, ValueError: a line cannot be read, such as a comment that goes on in the next one.
    """
    chains: dict[str, list[Rule]] = {}
    bases, sources, table = [], [], ''
    # Not splitlines(): a comment may have what that takes for the end of a line.
    for line in text.split('\n'):
        if line.startswith('*'):
            table = line[1:].strip()
        elif (FAMILY[version], table) in but or table == 'nat' or not line.startswith((':', '-A ')):
            continue
        elif line.startswith(':'):
            name, policy = line[1:].split()[:2]
            chains[f'{table} {name}'] = []
            if policy != '-' and name in PASSED:
                words = f'the policy of {name} ({FAMILY[version]}tables, table {table})'
                kind = ACCEPT if policy == 'ACCEPT' else REFUSE
                place = name.lower(), RAW if table == 'raw' else 0
                bases.append(Base((version,), f'{table} {name}', kind, words, (FAMILY[version], table), *place))
        else:
            # There may be thousands, few of which have a comment.
            words = shlex.split(line) if '"' in line else line.split()
            chains.setdefault(f'{table} {words[1]}', []).append(_rule(words[2:], table, line, version, sources, chains))
    return Ruleset(chains, bases), sources


def _rule(words: list[str], table: str, line: str, version: int, sources: list[str], chains: Collection[str]) -> Rule:
    matches: list[Match] = []
    kind = target = ''
    negative, place = False, 0
    while place < len(words):
        word = words[place]
        place += 1
        if word == '!':
            negative = True
            continue
        if word in ('-j', '-g'):
            target = words[place]
            # All chains are named before the first rule. What else there is may do anything.
            other = JUMP if f'{table} {target}' in chains else UNKNOWN
            kind = GOTO if word == '-g' else TARGETS.get(target, other)
            # What follows are options of the target.
            break
        # A comment may begin like an option.
        end = place + 1 if word == '--comment' else place
        while word != '--comment' and end < len(words) and words[end] != '!' and not words[end].startswith('-'):
            end += 1
        match = _match(word, words[place:end], sources)
        matches.append(_not(match) if negative else match)
        negative, place = False, end
    if target == 'NOTRACK' or (target == 'CT' and '--notrack' in words):
        kind = UNTRACK
    elif target in PASSING:
        kind = ''
    key = f'{table} {target}'

    def steps(packet: Packet) -> list[Step]:
        answer = every(match(packet) for match in matches)
        return [] if answer is False or not kind else [Step(answer is True, kind, key)]

    return Rule(steps, f'{line} ({FAMILY[version]}tables, table {table})')


def _not(match: Match) -> Match:
    return lambda packet: negated(match(packet))


def _match(option: str, words: list[str], sources: list[str]) -> Match:
    """Return what tells whether a packet is what an option asks for."""
    networks = _networks(words) if option in ('-s', '-d') else None
    if option == '-s' and networks is not None:
        sources += map(str, networks)
        spans = [(int(network[0]), int(network[-1])) for network in networks]
        return lambda packet: any(low <= packet.source <= high for low, high in spans)
    if option == '-d' and networks is not None:
        # Only which of its addresses a host is called by, nobody knows.
        here = [network for network in networks if not network.is_multicast and str(network[0]) != '255.255.255.255']
        ends = [(int(network[0]), int(network[-1])) for network in here]
        return lambda packet: None if any(packet.may_go_to(*each) for each in ends) else False
    if option == '-i':
        name, wild = words[0].rstrip('+'), words[0].endswith('+')
        return lambda packet: packet.interface.startswith(name) if wild else packet.interface == name
    if option in ('--dport', '--dports', '--destination-ports'):
        ports = _ranges(words[0])
        return lambda packet: _within(ports, packet.port)
    if option == '--ports':
        ports = _ranges(words[0])
        return lambda packet: _within(ports, packet.port) or _within(ports, SOURCE_PORT)
    if option in ('--ctstate', '--state', '--ctstatus'):
        said = {word for text in words for word in text.split(',')}
        usual = 'NONE' if option == '--ctstatus' else 'NEW'
        return lambda packet: ('DNAT' in said) if packet.turned and usual not in said else usual in said
    answer = _known(option, words)
    return lambda packet: answer


def _networks(words: list[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network] | None:
    """Return what stands behind -s or -d, None where that is no network, such as a mask with holes."""
    try:
        return [ipaddress.ip_network(network, strict=False) for network in words[0].split(',')]
    except ValueError:
        return None


def _known(option: str, words: list[str]) -> bool | None:
    """Return whether any packet that begins a connection to this host is what an option asks for."""
    said = {word for text in words for word in text.split(',')}
    if option == '-m':
        # The addresses that packets come from are taken to be their own; of other modules the options tell.
        return None if said & {'socket', 'cpu', 'u32', 'bpf', 'geoip'} else True
    if option == '--invert':
        return False
    if option == '-p':
        return bool(said & {'tcp', '6', 'all', '0'})
    if option in ('-o', '-f', '--icmp-type', '--icmpv6-type', '--rt-type', '--fragid', '--hbh-opts', '--dst-opts'):
        return False
    if option in ('--sport', '--sports', '--source-ports'):
        return _within(_ranges(words[0]), SOURCE_PORT)
    if option == '--tcp-flags':
        mask, wanted = (_flags(text) for text in words)
        return mask & {'SYN'} == wanted
    if option == '--src-type':
        return 'UNICAST' in said
    if option == '--dst-type':
        return 'LOCAL' in said
    if option == '--pkt-type':
        return 'unicast' in said
    return True if option in ('--syn', '--comment', '--validmark', '--loose') else None


def _flags(text: str) -> frozenset[str]:
    return FLAGS if text == 'ALL' else frozenset(text.split(',')) - {'NONE'}


def _ranges(text: str) -> list[tuple[int, int]]:
    """Return the first and last port of each part of a list of ports and ranges."""
    parts = [part.partition(':') for part in text.split(',')]
    return [(int(low or 0), int(high or 65535)) if colon else (int(low), int(low)) for low, colon, high in parts]


def _within(ranges: Iterable[tuple[int, int]], port: int) -> bool:
    return any(low <= port <= high for low, high in ranges)
