# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration by hand says where ours has to fit in, beside what any has (C(facts.site()))."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program, items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand import Hand
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand_text import ACLS, MAIN, ROUTERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.routers import first_remote

# Named lists of the site by which ours tell mail that leaves, and who may send it.
LOCAL_DOMAINS, RELAY_TO, RELAY_FROM = 'local_domains', 'relay_to_domains', 'relay_from_hosts'
REMOTE_SMTP = 'remote_smtp'
# What of the site's router and transport for other hosts counts for ours, too: what is in a message, and from where it
# comes.
OF_ROUTER = ('errors_to', 'headers_add', 'headers_remove')
# Of several recipients of a domain, the first one's way is that of all, past routers in front that go by more than the
# domain. Where the site's router has it, that is so already.
COPYING = 'same_domain_copy_routing'
OF_DNSLOOKUP = ('ignore_target_hosts', 'ipv4_only', 'mx_domains', 'self', 'translate_ip_address')
OF_TRANSPORT = (
    'arc_sign',
    'dkim_canon',
    'dkim_domain',
    'dkim_hash',
    'dkim_identity',
    'dkim_private_key',
    'dkim_selector',
    'dkim_sign_headers',
    'dkim_strict',
    'dkim_timestamps',
    'headers_add',
    'headers_remove',
    'headers_rewrite',
    'helo_data',
    'interface',
    'message_linelength_limit',
    'return_path',
    'socks_proxy',
    'transport_filter',
)
# Variables that the site's router sets, and ours do not.
_OF_A_ROUTER = re.compile(r'\$\{?(?:address_data|r_)')
_OPTION = re.compile(r'(?:hide\s+)?(?:no_|not_)?([a-z]\w*)')
_LIST = re.compile(r'(?:hide\s+)?(?:domain|host|address|localpart)list\s+(?:cached\s+)?(\w+)')
_ACL = re.compile(r'(acl_\w+)\s*=\s*(.*)')
# Conditions of Exim's that choose a list, and how many arguments each has.
_ARGUMENTS = {
    0: ('first_delivery', 'queue_running'),
    1: ('acl', 'and', 'bool', 'bool_lax', 'exists', 'isip', 'isip4', 'isip6', 'or'),
    2: (
        *('=', '==', '<', '<=', '>', '>=', 'eq', 'eqi', 'ge', 'gei', 'gt', 'gti', 'inlist', 'inlisti', 'le', 'lei'),
        *('lt', 'lti', 'match', 'match_address', 'match_domain', 'match_ip', 'match_local_part'),
    ),
}
_CONDITION = re.compile(r'[\s!]*(def:[\w-]+:?|[a-z_]+\d?|[=<>]+)\s*')


def hand_site(base: Program, hand: Hand, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what there is to know of it.

    Args:
        base: the command for the configuration without us.
        found: what any configuration has.
    """
    router, unclear = first_remote(base)
    lines, labels = hand.lines, hand.labels(ACLS)
    options = {
        match.group(1) for match in (_OPTION.match(line.text) for line in lines if line.section == MAIN) if match
    }
    lists = {match.group(1) for match in (_LIST.match(line.text) for line in lines) if match}
    direct = _direct(base, router)
    stages = [match.groups() for match in (_ACL.match(line.text) for line in lines if line.section == MAIN) if match]
    site: dict[str, Any] = {
        'router': router.get('name', ''),
        'unclear': unclear,
        'options': sorted(options),
        'lists': sorted(lists & {LOCAL_DOMAINS, RELAY_TO, RELAY_FROM}),
        'sections': hand.sections(),
        'rcpt': chosen(found['acl_smtp_rcpt'], labels) or [],
        'data': chosen(found['acl_smtp_data'], labels) or [],
        'stages': {label: _stages(label, stages) for label in labels},
        'routed': routed(router.get('domains', ''), lists),
        'direct': direct,
        'gateway': _copied(router, (*OF_ROUTER, COPYING))[0],
        'literals': base.options('allow_domain_literals')['allow_domain_literals'] == 'true',
        'tls_hosts': _one_level(base, found['tls_try_verify_hosts']),
        'authorities': _expanded(base, found['tls_verify_certificates']),
        'ours': sorted({name for name in labels + hand.labels(ROUTERS) if name.startswith('conbool_')}),
    }
    options_of = base.transport(router.get('transport', '')) if router else {}
    site['transport'], site['left_out'] = _copied(options_of, OF_TRANSPORT)
    if router and '$' in router.get('transport', ''):
        site['left_out'] = ['transport = ' + router['transport']]
    return site


def _direct(base: Program, router: Mapping[str, str]) -> dict[str, str]:
    """Return the options of the router for direct mail, none where there is no transport for it."""
    own = router.get('transport', '') if router.get('driver') == 'dnslookup' else ''
    # One that is chosen for each message sends other mail to the same hosts as well.
    if '$' not in own:
        own = next((name for name in (own, REMOTE_SMTP) if name and base.transport(name).get('driver') == 'smtp'), '')
    if not own:
        return {}
    more = OF_DNSLOOKUP if router.get('driver') == 'dnslookup' else ()
    return {'transport': own, **_copied(router, (*OF_ROUTER, COPYING, *more))[0]}


def _copied(options: Mapping[str, str], names: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options that ours has to have as well, and those that make sense there only, as lines."""
    found = {name: options[name] for name in names if options.get(name)}
    if not options.get('dkim_domain'):
        found = {name: value for name, value in found.items() if not name.startswith('dkim_')}
    if found.get('message_linelength_limit') == '998':
        del found['message_linelength_limit']
    there = {name: value for name, value in found.items() if _OF_A_ROUTER.search(value)}
    return (
        {name: value for name, value in found.items() if name not in there},
        [f'{name} = {value}' for name, value in there.items()],
    )


def routed(domains: str, lists: Collection[str]) -> str:
    """Return the list of domains whose mail leaves: those of the site's router, less its own and those it relays to."""
    own = [f'! +{name}' for name in (LOCAL_DOMAINS, RELAY_TO) if name in lists]
    own = [item for item in own if not re.search(item.replace('! +', r'!\s*\+') + r'\b', domains)]
    if domains.startswith('<'):
        domains = ' : '.join(item.replace(':', '::') for item in items(domains))
    return ' : '.join(filter(None, [*own, domains]))


def _stages(label: str, stages: Collection[tuple[str, ...]]) -> list[str]:
    """Return the options that name a list."""
    return [option for option, value in stages if re.search(rf'\b{label}\b', value)]


def _one_level(base: Program, text: str) -> list[str]:
    """Return the items of a list of hosts, with those of named lists in it."""
    found: list[str] = []
    for item in items(text):
        found += items(base.named_list(item[1:])) if item.startswith('+') else [item]
    return found


def _expanded(base: Program, text: str) -> str:
    """Return what a value is whoever asks; what depends on that, or cannot be expanded now, as it is written."""
    if '$' not in text or '$sender_' in text or '$received_' in text:
        return text
    try:
        return base.expand(['=' + text])[0][1:]
    except EximError:
        return text


def chosen(value: str, labels: Collection[str]) -> list[str] | None:
    """Return the lists that an option names: one, or those between which conditions choose; None where that is not
    all that it can say."""
    value = value.strip()
    if value in labels:
        return [value]
    if not value:
        return []
    found = re.fullmatch(r'\$\{if\b(.*)\}', value, re.DOTALL)
    condition = found and _CONDITION.match(found.group(1))
    groups = _groups(found.group(1)[condition.end() :]) if found and condition else None
    if groups is None:
        return None
    word = condition.group(1)
    count = 0 if word.startswith('def:') else next((n for n, names in _ARGUMENTS.items() if word in names), -1)
    results = [chosen(text, labels) for text in groups[count:]]
    if count < 0 or not 1 <= len(results) <= 2 or None in results:
        return None
    return list(dict.fromkeys(name for names in results for name in names or []))


def _groups(text: str) -> list[str] | None:
    """Return what is in each pair of braces, None when there is something beside them."""
    found, depth, begin, place = [], 0, 0, 0
    while place < len(text):
        if text[place] == '\\':
            place += 1
        elif text[place] == '{':
            begin, depth = (begin, depth + 1) if depth else (place + 1, 1)
        elif text[place] == '}':
            depth -= 1
            if depth < 0:
                return None
            found += [] if depth else [text[begin:place]]
        elif not depth and not text[place].isspace():
            return None
        place += 1
    return None if depth else found
