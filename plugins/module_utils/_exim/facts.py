# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of a host's Exim, as it would be without us."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program, Way, items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.daemon import Daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import (
    TYPE,
    answers,
    is_split,
    refuse_others,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import fill
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand import Hand
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand_site import (
    LOCAL_DOMAINS,
    OF_ROUTER,
    OF_TRANSPORT,
    RELAY_FROM,
    RELAY_TO,
    REMOTE_SMTP,
    hand_site,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.includes import OWNER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.layout import by_hand, configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.routers import PRIMARY, for_all, past
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import DKIM, SITE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import file_owners

OPTIONS = (
    'acl_smtp_rcpt',
    'acl_smtp_data',
    'tls_try_verify_hosts',
    'tls_verify_certificates',
    'tls_advertise_hosts',
    'tls_certificate',
    'tls_privatekey',
    'message_body_visible',
    'message_body_newlines',
    'spool_directory',
    'exim_user',
    'exim_group',
    'pid_file_path',
)
MIME = ('acl_smtp_mime', 'acl_not_smtp_mime')
# What Exim has of a body in $message_body unless somebody says otherwise.
USUAL_BODY = '500'
# Options of a transport that change what is sent, and Debian's macros for them. Some have none.
BY_MACRO = {
    **dict.fromkeys(OF_TRANSPORT, ''),
    **dict(re.findall(r'^  (\w+) = ([A-Z]\w+)$', SITE, re.MULTILINE)),
    **{f'dkim_{name.lower()}': f'DKIM_{name}' for name in DKIM},
    'message_linelength_limit': 'IGNORE_SMTP_LINE_LENGTH_LIMIT',
}
USUAL = {'helo_data': '$primary_hostname', 'message_linelength_limit': '998', 'dkim_hash': 'sha256'}
_CUTTHROUGH = re.compile(r'^[^#\n]*\bcutthrough_delivery\b', re.MULTILINE)
LOCAL = ('lmtp', 'appendfile', 'pipe', 'autoreply')
# What a configuration by hand is taken for when only its texts are wanted.
UNKNOWN_SITE = {
    **dict.fromkeys(OPTIONS, ''),
    'acl_smtp_rcpt': 'acl_check_rcpt',
    'acl_smtp_data': 'acl_check_data',
    'tls_verify_certificates': 'system',
    'mime': '',
    'body': {'message_body_visible': False, 'message_body_newlines': False},
    'shown': [],
    'macros': [],
    'set_itself': [],
    'hand': {
        'options': ('acl_smtp_rcpt', 'acl_smtp_data'),
        'sections': ('acls', 'retrys'),
        'rcpt': ('acl_check_rcpt',),
        'data': ('acl_check_data',),
        'lists': (LOCAL_DOMAINS, RELAY_TO, RELAY_FROM),
        'routed': '! +local_domains : ! +relay_to_domains',
        'direct': {'transport': REMOTE_SMTP},
        'gateway': {},
        'transport': None,
        'literals': True,
    },
}


def site(base: Program, features: Sequence[str], hand: Hand | None = None) -> dict[str, Any]:
    """Return what the configuration without us says where ours has to fit in.

    Args:
        base: the command, for that configuration.
        features: what it was built with.
        hand: the configuration, where somebody wrote it.
    """
    found: dict[str, Any] = base.options(*OPTIONS)
    found['mime'] = ''
    if 'Content_Scanning' in features:
        found['mime'] = ' '.join(filter(None, base.options(*MIME).values()))
    found['body'] = {
        'message_body_visible': found['message_body_visible'] != USUAL_BODY,
        'message_body_newlines': found['message_body_newlines'] == 'true',
    }
    found['shown'] = shown(base, [found['tls_certificate'], found['tls_privatekey']])
    found['macros'] = base.macros()
    found['cutthrough'] = bool(_CUTTHROUGH.search(base.text()))
    if hand is None:
        found['for_all'] = for_all(base, found['macros'])
        found['past'] = [name for each in _primary(found['macros']) for name in past(base, each)]
        found['remote_smtp'] = base.transport(REMOTE_SMTP).get('driver') == 'smtp'
        found['set_itself'] = set_itself(base, found['macros'])
        return found
    known = hand_site(base, hand, found)
    # What it sets itself, to whatever value, ours cannot set again.
    found['mime'] = found['mime'] or ' '.join(name for name in MIME if name in known['options'])
    found['body'] = {name: name in known['options'] for name in found['body']}
    found['past'] = past(base, known['router'])
    return {**found, 'for_all': [], 'set_itself': [], 'remote_smtp': bool(known['direct']), 'hand': known}


def shown(base: Program, values: Sequence[str]) -> list[str]:
    """Return the files with what Exim shows to clients that ask for no name of a server, each once."""
    texts = [value for value in values if value]
    if any('$' in text for text in texts):
        # They are mostly about that name. A text that begins with a capital letter would define a macro.
        try:
            texts = [text[1:] for text in base.expand('=' + text for text in texts)]
        except EximError:
            return []
    found = [item for text in texts for item in items(text)]
    return [path for path in dict.fromkeys(found) if path.startswith('/')]


def set_itself(base: Program, macros: Sequence[str]) -> list[str]:
    """Return the options that the site's transport for other hosts, or Debian's router for them, sets, by no macro that
    ours could go by as well."""
    smart = {'DCconfig_smarthost', 'DCconfig_satellite'}.intersection(macros)
    own = 'remote_smtp_smarthost' if smart else REMOTE_SMTP
    routers = {name: base.router(name) for name in _primary(macros)}
    options = base.transport(own)
    found = [
        option
        for option, macro in BY_MACRO.items()
        if macro not in macros and options.get(option, '') not in ('', USUAL.get(option))
    ]
    for name, router in routers.items():
        found += [f'{option} (router {name})' for option in OF_ROUTER if router.get(option)]
        # What another one does to a message, for SRS say, ours does not.
        if router.get('transport', own) not in ('', own):
            found.append(f'transport = {router["transport"]} (router {name})')
    return found


def _primary(macros: Sequence[str]) -> list[str]:
    return [PRIMARY[macro] for macro in macros if macro in PRIMARY]


def networks(text: str) -> list[str]:
    """Return the networks in a list of hosts, less loopback."""
    found = []
    for item in items(text):
        try:
            network = ipaddress.ip_network(item.strip('[]'), strict=False)
        except ValueError:
            continue
        if not network.is_loopback:
            found.append(str(network))
    return sorted(set(found))


def kinds(base: Program, domains: Sequence[str], lists: Sequence[str] = (LOCAL_DOMAINS, RELAY_TO)) -> dict[str, str]:
    """Return of each domain whether it is C(local) or for another server behind this one (C(relay)).

    Args:
        lists: the named lists of domains that there are.

    Raises:
        EximError: this Exim is not responsible for a domain.
    """
    question = 'none'
    for name, kind in ((RELAY_TO, 'relay'), (LOCAL_DOMAINS, 'local')):
        if name in lists:
            question = f'${{if match_domain{{@domain@}}{{+{name}}}{{{kind}}}{{{question}}}}}'
    found = dict(zip(domains, base.expand(fill(question, domain=domain) for domain in domains)))
    others = [domain for domain, kind in found.items() if kind == 'none']
    if others:
        raise EximError(
            'conbool_domains: this Exim is not responsible for {} (not in dc_other_hostnames, nor in dc_relay_domains;'
            ' by hand: local_domains, relay_to_domains): its mail would leave the server and come back'.format(
                ', '.join(others)
            )
        )
    return found


def deliveries(base: Program, ways: Mapping[str, tuple[str, Way]], usual: str) -> list[dict[str, str]]:
    """Return for each domain what its mail is handed to, as M(conbool.smtp_relay.spam_delivery) takes it.

    Args:
        ways: the kind of each domain, and the way of its postmaster's mail.
        usual: the transport for local users; an alias may lead elsewhere.
    """
    found, names = [], {usual, *(way.transport for dummy, way in ways.values() if way.transport)}
    # Many domains share few of them.
    options = {name: base.transport(name) for name in sorted(names)}
    for domain, (kind, way) in ways.items():
        if kind == 'relay':
            agent, target, by = 'other', '', f'router {way.router} to {way.host}'
        else:
            name = way.transport if options.get(way.transport, {}).get('driver') in LOCAL[:3] else usual
            agent, target = _agent(options[name])
            by = f'transport {name}'
        found.append({'domain': domain, 'agent': agent, 'target': target, 'by': by})
    return found


def relayed(base: Program, ways: Mapping[str, tuple[str, Way]]) -> list[dict[str, str]]:
    """Return the way of each domain that is for another server, and who chooses that server: C(driver)."""
    return [
        {
            'domain': domain,
            'router': way.router,
            'driver': base.router(way.router).get('driver', ''),
            'host': way.host,
            'address': way.address,
        }
        for domain, (kind, way) in ways.items()
        if kind == 'relay' and way.router
    ]


def _agent(options: Mapping[str, str]) -> tuple[str, str]:
    if options.get('driver') == 'lmtp' and options.get('socket'):
        return 'lmtp', options['socket']
    if options.get('driver') == 'pipe':
        command = options.get('command', '').strip('"').split()
        return ('command', command[0]) if command else ('other', '')
    return 'other', ''


def facts(run: Callable[..., tuple[int, Any, Any]], domains: Sequence[str]) -> dict[str, Any]:
    """Return what M(conbool.smtp_relay.exim_info) returns.

    Args:
        run: AnsibleModule.run_command or a function like it.
        domains: those for which this Exim has to be responsible.

    Raises:
        EximError: a command fails, the configuration is not Debian's, or this Exim is not responsible for a domain.
        OSError: a file cannot be read.
    """
    refuse_others()
    hand, said = by_hand(run), answers()
    # One in force that a person has made unreadable beside ours is no reason: the next run may mend it.
    with configuration(run, hand) as base:
        version, features = base.describe()
        found = site(base, features, hand)
        usual, lists, asked = said.get('dc_localdelivery') or 'mail_spool', (LOCAL_DOMAINS, RELAY_TO), domains
        if hand is not None:
            usual, lists = _local_transport(base), found['hand']['lists']
            # Without that list, nobody can say; and it is refused.
            asked = domains if LOCAL_DOMAINS in lists else []
        ways = {name: (kind, base.way('', 'postmaster@' + name)) for name, kind in kinds(base, asked, lists).items()}
        served, others = deliveries(base, ways, usual), relayed(base, ways)
        relay = networks(base.named_list(RELAY_FROM))
    return {
        'version': version,
        'features': features,
        'by_hand': hand is not None,
        'split': hand is None and is_split(),
        'configuration_type': said.get(TYPE, '') if hand is None else '',
        'site': found,
        'queue_directory': found['spool_directory'],
        'deliveries': served,
        'relayed': others,
        'relay_networks': relay,
        'running': Daemon(found['pid_file_path']).running,
        'parts': [OWNER] if OWNER in file_owners() else [],
    }


def _local_transport(base: Program) -> str:
    """Return the transport of the first router that hands mail to local users, empty where none does."""
    names = [router.get('transport', '') for router in base.routers() if router.get('driver') == 'accept']
    return next((name for name in names if base.transport(name).get('driver') in LOCAL[:3]), '')
