# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables that there are not, and which was meant. Private to this collection."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

# Facts that roles and playbooks of this collection set themselves; they are there when a play applies a role twice.
FACTS = frozenset({'conbool_checked', 'conbool_settings'})
# Variables of other people may begin so. Refused is only what is almost the name of one of ours.
GENERIC = frozenset({'preflight_', 'verify_'})
# The same, but a role of somebody else's seldom has such a name: what is no near miss is said, and left alone.
SHARED = frozenset({'inbound_firewall_', 'spam_delivery_'})
# Variables that there were once, and what says it now.
FORMER = {
    'preflight_postfix_config_dir': 'the variable of the mail server\'s role',
    'preflight_sendmail_paths': 'the variable of the mail server\'s role',
    'verify_hop_address': 'outbound_hop_address',
    'verify_hop_config_dir': 'outbound_hop_config_dir',
    'verify_hop_port': 'outbound_hop_port',
    'verify_hop_sbin_dir': 'outbound_hop_sbin_dir',
    'verify_mta': 'conbool_mta',
    'verify_postfix_config_dir': 'the variable of the mail server\'s role',
    'verify_sendmail_decision': 'the variable of the mail server\'s role',
    'verify_sendmail_paths': 'the variable of the mail server\'s role',
}
SURELY = 0.8
MAYBE = 0.6


def prefix_of(name: str, prefixes: Iterable[str]) -> str | None:
    """Return the longest prefix that the name has, None without one."""
    return max((prefix for prefix in prefixes if name.startswith(prefix)), key=len, default=None)


def nearest(name: str, known: Mapping[str, Iterable[str]]) -> str | None:
    """Return the variable that was probably meant, None when there is none.

    Args:
        name: what was written.
        known: prefix to the names of its variables. They are compared without the prefix, and first with the variables
            of the same prefix: one of another prefix is taken when it is closer, and close enough to be no chance.
    """
    own = prefix_of(name, known)
    best, result = 0.0, None
    for prefix in sorted(known, key=lambda prefix: prefix != own):
        if prefix != own and own in GENERIC:
            continue
        wanted = MAYBE if prefix == own and own not in GENERIC else SURELY
        part = name[len(own or '') :]
        for candidate in known[prefix]:
            ratio = difflib.SequenceMatcher(None, candidate[len(prefix) :], part).ratio()
            if ratio >= wanted and ratio > best:
                best, result = ratio, candidate
    return result


def unknown(variables: Iterable[str], known: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Return what is wrong with the names of variables that there are not.

    Args:
        variables: names that were used.
        known: prefix to the names of its variables.

    Returns:
        Problems and warnings: a text for each, without the variable's value. Nobody knows what it is, it may be a
        password.
    """
    problems, warnings = [], []
    everything = FACTS.union(*known.values())
    for name in variables:
        if name in everything:
            continue
        prefix, meant = prefix_of(name, known), nearest(name, known)
        if name in FORMER:
            problems.append(f'{name}: there is no such variable any more; {FORMER[name]} says it')
            continue
        if prefix in GENERIC and meant is None:
            continue
        if prefix in SHARED and meant is None:
            warnings.append(f'{name}: there is no such variable in this collection; it is left alone')
            continue
        if meant:
            hint = f'did you mean {meant}?'
        elif prefix:
            hint = f'names that begin with {prefix} belong to this collection'
        else:
            hint = 'it does not begin like the variables of this collection'
        problems.append(f'{name}: there is no such variable; {hint}')
    return problems, warnings
