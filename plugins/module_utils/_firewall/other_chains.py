# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether another filter of the host keeps the port closed for everybody, as far as that can be told from a listing."""

from __future__ import annotations

import re

# What an accepting rule may be about without letting a new connection in from outside.
ELSEWHERE = re.compile(
    r'\b(iif|iifname) "?lo"?|\b(udp|icmp|icmpv6) |\bl4proto (udp|icmp|ipv6-icmp|17|1|58)\b|l4proto \{ (icmp|1), '
)
ESTABLISHED = re.compile(r'\bct state (?!.*\bnew\b)(?!.*0x8\b)')
PORTS = re.compile(r'\bdport (\{[^}]*\}|\S+)')


def closed_by_others(ruleset: str, port: int, own: str) -> list[str]:
    """Return a warning for each chain that drops by policy while no rule of its table can be seen to let the port in.

    Args:
        ruleset: what C(nft -n -t list ruleset) prints.
        port: the port.
        own: name of our table.
    """
    found = []
    for table, body in re.findall(r'^table (.*?) \{\n(.*?)^\}', ruleset, re.MULTILINE | re.DOTALL):
        chains = re.findall(r'^\tchain (\S+) \{\n\t\ttype filter hook input [^\n]*policy drop;', body, re.MULTILINE)
        if chains and table != 'inet ' + own and not any(_may_let_in(rule.strip(), port) for rule in body.split('\n')):
            found.append(
                f'The chain {chains[0]} of the table {table} drops what no rule accepts, and none of its rules seems to'
                f' accept port {port}: the gateway cannot deliver mail here until one does'
            )
    return found


def _may_let_in(rule: str, port: int) -> bool:
    # A verdict map may accept anything.
    if 'vmap' not in rule and not re.search(r'\baccept\b', rule) or rule.startswith('type '):
        return False
    if ELSEWHERE.search(rule) or ESTABLISHED.search(rule):
        return 'vmap' in rule and 'dport' in rule
    ports = PORTS.findall(rule)
    return not ports or any(_contains(text, port) for text in ports)


def _contains(text: str, port: int) -> bool:
    """Whether the right side of C(dport) covers the port. Of a named set or a comparison that is not known."""
    if not re.match(r'[{\d]', text):
        return True
    return any(int(low) <= port <= int(high or low) for low, high in re.findall(r'(\d+)(?:-(\d+))?', text))
