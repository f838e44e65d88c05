# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which router mail for other hosts leaves: in front of that, ours belong.

A router counts that sends mail to any domain. Which domains it takes, Exim is asked about one that nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program, items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

# Debian's router for all other domains, by the macro of each type of configuration: of another type, it is a name that
# the site may use. And those that send mail to other hosts.
PRIMARY = {
    'DCconfig_internet': 'dnslookup',
    'DCconfig_smarthost': 'smarthost',
    'DCconfig_satellite': 'smarthost',
    'DCconfig_local': 'nonlocal',
}
SENDING = ('dnslookup', 'manualroute', 'queryprogram')
# What lets a router take some messages, and leave others to the next one.
CONDITIONS = (
    'check_local_user',
    'check_secondary_mx',
    'condition',
    'local_parts',
    'no_address_test',
    'require_files',
    'senders',
    'unseen',
)
# With it, new addresses begin with another router than the first.
BY_NAME = 'redirect_router'
UNKNOWN = 'Exim cannot say which domains it takes: {}'
# What Exim says of an expansion that is made to fail.
_FORCED = '"fail" requested'
# What differs from message to message, in a list of domains.
_OF_A_MESSAGE = re.compile(
    r'(?:\$\{?|\bdef:)(?:acl_[cm]|authenticated_|l?r?b?h(?:eader)?_|interface_|local_part|message_|original_|parent_'
    r'|received_|sender_|smtp_|spam_|tls_in_)'
)
_DOMAIN = re.compile(r'\$domain\b|\$\{domain\}')
AFFIXES = ('local_part_prefix', 'local_part_suffix')


class Remote(NamedTuple):
    """The first router that sends mail to any domain: its options, none where there is none that is clear, and what is
    not clear of it."""

    router: dict[str, str]
    unclear: str


def for_all(base: Program, macros: Sequence[str]) -> list[str]:
    """Return the routers in front of Debian's for all other domains that send mail to any domain, under some condition
    that a sample may not meet: what they take goes past the gateway."""
    found, primary = [], {PRIMARY[name] for name in macros if name in PRIMARY}
    for router in base.routers():
        if router['name'] in primary:
            break
        if _aside(router) or not _sends(base, router):
            continue
        try:
            if _takes(base, [router.get('domains', '')]):
                found.append(router['name'])
        except EximError as exc:
            found.append(f'{router["name"]} ({UNKNOWN.format(exc)})')
    return found


def past(base: Program, first: str) -> list[str]:
    """Return the routers whose new addresses, of an alias or another sender's, begin with one behind ours, and are sent
    to any domain from there; each with the option that does it.

    Args:
        first: the router in front of which ours are.
    """
    routers = base.routers()
    names = [router['name'] for router in routers]
    place = names.index(first) if first in names else len(names)
    last = max((number for number in range(place, len(names)) if _may_send(base, routers[number])), default=-1)
    return [
        f'{router["name"]} ({BY_NAME} = {router[BY_NAME]})'
        for router in routers
        if router.get(BY_NAME) in names[place : last + 1]
    ]


def _may_send(base: Program, router: Mapping[str, str]) -> bool:
    try:
        return not _aside(router) and _sends(base, router) and _takes(base, [router.get('domains', '')])
    except EximError:
        return True


def _sends(base: Program, router: Mapping[str, str]) -> bool:
    """Return whether a router leads to other hosts. One that takes what comes leaves it to its transport."""
    if router.get('driver') != 'accept':
        return router.get('driver') in SENDING
    name = router.get('transport', '')
    return '$' in name or base.transport(name).get('driver') == 'smtp'


def _aside(router: Mapping[str, str]) -> bool:
    # Under a condition, it takes messages for good.
    return 'true' in (router.get('verify_only'), router.get('unseen'))


def conditions(router: Mapping[str, str]) -> list[str]:
    """Return the options by which a router leaves messages to others, each with its value."""
    found = [name for name in CONDITIONS if router.get(name)]
    found += [name for name in AFFIXES if router.get(name) and not router.get(name + '_optional')]
    return [name if router[name] == 'true' else f'{name} = {router[name]}' for name in found]


def first_remote(base: Program) -> Remote:
    """Return the first router of a configuration by hand that sends mail to any domain."""
    for router in base.routers():
        name = router['name']
        if _aside(router) or not _sends(base, router):
            continue
        try:
            if not _takes(base, [router.get('domains', '')]):
                continue
            unclear = _unclear(base, router)
        except EximError as exc:
            unclear = UNKNOWN.format(exc)
        if unclear is None:
            continue
        if unclear:
            return Remote({}, f'router {name}, the first one that sends mail to any domain, is not clear: {unclear}')
        return Remote(router, '')
    return Remote({}, 'no router sends mail to any domain (a dnslookup, or a manualroute with route_list = * HOST)')


def _unclear(base: Program, router: Mapping[str, str]) -> str | None:
    """Return what is not clear of a router that takes mail for any domain, None when it is for some of them after
    all."""
    limits = conditions(router)
    if _OF_A_MESSAGE.search(router.get('domains', '')):
        limits.append('domains = ' + router['domains'])
    if router['driver'] == 'manualroute':
        # Each rule begins with a pattern for domains.
        patterns = [rule.split()[0] for rule in items(router.get('route_list', ''), ';')]
        if not router.get('route_data') and not _takes(base, patterns, every=False):
            return None
        if '$' in router.get('route_data', ''):
            limits.append('route_data = ' + router['route_data'])
    if router['driver'] == 'queryprogram':
        limits.append('driver = queryprogram')
    if not limits:
        return ''
    return (
        '{}. Whether what it takes should use the gateway cannot be told. Limit it to destinations (domains = ...), or'
        ' put it behind the router for all other mail'.format(', '.join(limits))
    )


def _takes(base: Program, lists: Sequence[str], every: bool = True) -> bool:
    """Return whether a domain that nobody has is in lists, of which an empty one has all; or may be, for some messages.

    Raises:
        EximError: Exim cannot expand one.
    """
    answers = []
    for text in lists:
        try:
            answers.append(text in ('', '*') or bool(_OF_A_MESSAGE.search(text)) or _has(base, text))
        except EximError as exc:
            # That is no failure: the router is not for it.
            if _FORCED not in str(exc):
                raise
            answers.append(False)
    return all(answers) if every else any(answers)


def _has(base: Program, text: str) -> bool:
    """Return whether that domain is in a list."""
    return base.listed('match_domain', OUTSIDE, _DOMAIN.sub(OUTSIDE, text))
