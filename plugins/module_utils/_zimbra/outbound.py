# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Zimbra needs so that its outbound mail goes to the hop. Private to this collection.

The relay host of a server is an attribute of Zimbra's. What depends on the sender, and the TLS level on the way to
loopback, are not: they stand in main.cf, where the configuration daemon leaves them alone and an upgrade takes them
away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.patterns import literal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import Values
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import (
    FALLBACK,
    RELAY_HOST,
    ZimbraFacts,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import (
    BY_SENDER,
    SENDERS_TABLE,
    TLS_POLICY,
    TLS_TABLE,
    WITHOUT,
    in_front,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.plan import Plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.sources import MAIN_CF

# What Zimbra's client has done already when it hands mail to the hop.
DONE = (
    'smtp_body_checks',
    'smtp_generic_maps',
    'smtp_header_checks',
    'smtp_mime_header_checks',
    'smtp_nested_header_checks',
)
# TLS levels with which mail gets to a hop that speaks none.
EASY = ('', 'none', 'may')
# Zimbra's own way through amavis and OpenDKIM and back, which is in clear, and by whose clients the same level goes.
LOOP = tuple(f'[{address}]:{port}' for address in ('127.0.0.1', '::1') for port in (10024, 10025, 10026, 10030, 10032))


def next_hops(settings: Mapping[str, Any], facts: ZimbraFacts, wash_port: int) -> tuple[str, str]:
    """Return where outbound mail is handed to, and where mail is whose trust headers count for nothing."""
    address = hop_address(settings, facts.expanded.get('inet_protocols', 'all'))
    port = settings['roles']['outbound_hop']['port']
    return f'[{address}]:{port}', f'[{address}]:{wash_port or port}'


def former(facts: ZimbraFacts, name: str) -> str:
    """Return what main.cf says of a parameter without what leads mail to the hop."""
    return WITHOUT[name](facts.parameters.get(name, '').strip())


def outbound(
    settings: Mapping[str, Any], facts: ZimbraFacts, record: AttributeRecord, config_dir: str, wash_port: int
) -> Plan:
    """Return what leads outbound mail to the hop.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        record: of what was changed so far.
        config_dir: of Zimbra's Postfix.
        wash_port: the hop's port for mail of hosted senders, 0 for the usual one.
    """
    hop, wash = next_hops(settings, facts, wash_port)
    plan = Plan(problems=_problems(settings, facts), warnings=_warnings(facts, record, hop))
    if settings['scope'] == 'all':
        plan.values[facts.this, RELAY_HOST] = (hop,)
    maps = former(facts, BY_SENDER)
    senders = _senders(settings, facts, hop, wash if wash_port else '')
    if settings['scope'] == 'all' and maps:
        # No table of the site's is asked then.
        senders += f'/./ {hop}\n'
    if senders:
        plan.files[f'{config_dir}/{SENDERS_TABLE}'] = senders
        plan.values[MAIN_CF, BY_SENDER] = (in_front(f'regexp:{config_dir}/{SENDERS_TABLE}', maps),)
    policies = former(facts, TLS_POLICY)
    if policies or _level(facts) not in EASY:
        # The hop speaks no TLS on loopback, and mail for it would wait for ever.
        clear = dict.fromkeys((hop, wash, *LOOP))
        plan.files[f'{config_dir}/{TLS_TABLE}'] = ''.join(f'{place} none\n' for place in clear)
        plan.values[MAIN_CF, TLS_POLICY] = (in_front(f'texthash:{config_dir}/{TLS_TABLE}', policies),)
    return plan


def _senders(settings: Mapping[str, Any], facts: ZimbraFacts, hop: str, wash: str) -> str:
    """Return whose mail goes where, unless all of it goes to the same place.

    Postfix asks all tables for a whole address before it asks any for its domain, so that an address in a table of the
    site's would win over a domain in ours. Patterns are asked for whole addresses.
    """
    hosted = {'@' + domain for domain in settings['domains']}
    delimiters = '|'.join(map(literal, facts.expanded.get('recipient_delimiter', '')))
    if settings['scope'] == 'all':
        return ''.join(f'/{literal(sender)}$/ {wash}\n' for sender in sorted(hosted) if wash)
    rows = []
    for sender in settings['scope_senders']:
        local, dummy, domain = sender.rpartition('@')
        where = wash if wash and '@' + domain in hosted else hop
        extension = f'(({delimiters})[^@]*)?' if delimiters else ''
        rows.append(f'/{"^" + literal(local) + extension if local else ""}@{literal(domain)}$/ {where}\n')
    return ''.join(rows)


def _problems(settings: Mapping[str, Any], facts: ZimbraFacts) -> list[str]:
    expanded, found = facts.expanded, []
    if settings['wash_networks']:
        found.append(
            'conbool_wash_networks: {}: Zimbra has no place where headers could be taken away by the address of a'
            ' client. Leave it unset; zimbra_smarthost_wash_senders goes by the sender'.format(
                ', '.join(settings['wash_networks'])
            )
        )
    if settings['bypass_null_sender'] == 'server':
        found.append(
            "conbool_bypass_null_sender: 'server': a Zimbra cannot tell mail without a sender of a user from the"
            ' notices of the server. Set it to true or false'
        )
    fallback = facts.effective(FALLBACK)
    if fallback:
        found.append(f'{FALLBACK}: {fallback!r} would lead mail past the gateway while the hop is down. Unset it')
    if expanded.get('sender_dependent_default_transport_maps'):
        found.append(_taken_out(facts, 'sender_dependent_default_transport_maps', 'wins over the relay host'))
    if expanded.get('default_transport', 'smtp') != 'smtp':
        found.append(_taken_out(facts, 'default_transport', 'leads mail elsewhere'))
    return found + _client_problems(facts)


def _client_of(facts: ZimbraFacts) -> dict[str, Any]:
    """Return the entry of master.cf of the client that hands mail to the hop."""
    found = [entry for entry in facts.services if (entry['name'], entry['type']) == ('smtp', 'unix')]
    return found[-1] if found else {'command': 'smtp', 'options': {}}


def _value(facts: ZimbraFacts, name: str) -> str:
    """Return what is so for that client, which may have options of its own."""
    return Values(_client_of(facts), {'parameters': facts.expanded}).of(name)


def _taken_out(facts: ZimbraFacts, name: str, why: str) -> str:
    """Return the problem with a parameter, where it stands."""
    if name in _client_of(facts)['options']:
        return (
            f'master.cf: smtp/unix has -o {name}={_value(facts, name)}, which {why}. Take it out of master.cf.in, and'
            ' run libexec/configrewrite mta'
        )
    return f'main.cf: {name} = {facts.expanded[name]} {why}. Take it out (postconf -X {name})'


def _client_problems(facts: ZimbraFacts) -> list[str]:
    """Return what leads the client past the hop, or keeps it from getting there."""
    client, found = _client_of(facts), []
    if client['command'].split()[:1] != ['smtp']:
        found.append(
            'master.cf: smtp/unix is run by {}, so that mail may go anywhere. Have it be smtp'.format(client['command'])
        )
    for name in ('smtp_bind_address', 'smtp_bind_address6'):
        if _value(facts, name):
            found.append(_taken_out(facts, name, 'keeps the client from reaching the hop on loopback'))
    if _value(facts, 'smtp_tls_wrappermode') == 'yes':
        found.append(_taken_out(facts, 'smtp_tls_wrappermode', 'asks the hop on loopback for TLS'))
    for name, why in (
        ('smtp_fallback_relay', 'would lead mail past the gateway while the hop is down'),
        ('inet_protocols', 'may keep the client from reaching the hop on loopback'),
        (TLS_POLICY, 'asks the hop on loopback for TLS, or has it go by another table than ours'),
    ):
        # Elsewhere they are Zimbra's, or get something of ours.
        if client['options'].get(name, '') not in ('', facts.expanded.get(name, '')):
            found.append(_taken_out(facts, name, why))
    if client['options'].get(TLS_POLICY) == '' and _level(facts) not in EASY:
        found.append(_taken_out(facts, TLS_POLICY, 'keeps our exception from the TLS level from being asked'))
    return found + _interfaces(facts)


def _level(facts: ZimbraFacts) -> str:
    return _value(facts, 'smtp_tls_security_level')


def _interfaces(facts: ZimbraFacts) -> list[str]:
    """Return a problem when the client sends from the only address on which Postfix listens, which the hop does not
    take for this host."""
    named = items(_value(facts, 'inet_interfaces') or 'all')
    outside = [item for item in named if item not in ('all', 'loopback-only') and not re.match(r'\[?(127\.|::1)', item)]
    if not outside or len(outside) != len(named):
        return []
    where = 'master.cf: smtp/unix: -o' if 'inet_interfaces' in _client_of(facts)['options'] else 'main.cf:'
    return [
        f'{where} inet_interfaces = {", ".join(named)} has Postfix send from there, also to the hop on loopback. Add'
        ' the loopback address, or set it to all'
    ]


def _warnings(facts: ZimbraFacts, record: AttributeRecord, hop: str) -> list[str]:
    found, relay = [], facts.site(RELAY_HOST, record)
    if relay and relay != hop:
        login = ' and its log-in' if facts.expanded.get('smtp_sasl_auth_enable') == 'yes' else ''
        found.append(
            f'{RELAY_HOST}: {relay}{login} is not used as long as mail goes to the gateway; an undo brings it back'
        )
    for name in ('smtp_transport_rate_delay', 'default_destination_rate_delay', 'smtp_destination_rate_delay'):
        value = facts.expanded.get(name, '0s')
        if not re.fullmatch(r'0+[smhdw]?|\$\w+', value):
            found.append(
                f'main.cf: {name} = {value} now counts for all outbound mail together, since all of it goes to the hop'
            )
    return found


def identity(facts: ZimbraFacts, record: AttributeRecord, config_dir: str) -> dict[str, Any]:
    """Return what the hop has to know of this Postfix, as it would be without us."""
    relay = facts.site(RELAY_HOST, record)
    ours = {'relayhost': relay, TLS_POLICY: former(facts, TLS_POLICY), BY_SENDER: former(facts, BY_SENDER)}
    # Whether main.cf sets one of ours to nothing, is our affair.
    configured = {name: value for name, value in {**facts.configured, **ours}.items() if value or name not in ours}
    for name in DONE:
        configured.pop(name, None)
    return {
        'version': facts.expanded['mail_version'],
        'config_dir': config_dir,
        'queue_directory': facts.expanded['queue_directory'],
        'lookup_types': facts.lookup_types,
        'parameters': {**facts.parameters, **ours},
        'expanded': {**facts.expanded, **ours, **dict.fromkeys(DONE, '')},
        'configured': configured,
        'services': facts.services,
        'running': facts.running,
    }
