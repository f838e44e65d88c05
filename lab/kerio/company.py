# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The company of the lab on a double: the people that all its mail servers have, and what an administrator had set."""

from __future__ import annotations

import copy

from .defaults import identity
from .methods import content, directory, smtp
from .schema import STRANGE_VALUE

PASSWORD = 'lab-password'
DOMAINS = ('example.com', 'sub.example.co.uk')
OUTSIDE = 'friend@external.test'


def found(state) -> None:
    """Domains, users, aliases and a list; changes are in force at once."""
    for name in DOMAINS:
        directory.create(state, 'domains', 'Domain', [{'name': name}], 'name')
    domain = state.primary()['id']
    for name, role in (
        ('alice', 'UserRole'),
        ('bob', 'UserRole'),
        ('admin', 'FullAdmin'),
        ('auditor', 'Auditor'),
        ('accounts', 'AccountAdmin'),
    ):
        user(state, name, role)
    person(state, 'bob')['emailForwarding'] = {'mode': 'UForwardDeliver', 'emailAddresses': [OUTSIDE]}
    for name, target in (('fwd', OUTSIDE), ('mixed', f'alice@example.com, {OUTSIDE}')):
        alias = {'domainId': domain, 'name': name, 'deliverTo': target, 'deliverToId': '', 'description': ''}
        directory.create(state, 'aliases', 'Alias', [{**alias, 'type': 'TypeEmailAddress'}], 'name')
    members = ['alice@example.com', 'member@external.test']
    state.data['lists'].append({'domainId': domain, 'name': 'list', '_members': members})


def user(state, name: str, role: str = 'UserRole', junk_rule: bool = True) -> dict:
    """A new user of the primary domain."""
    wanted = {
        'domainId': state.primary()['id'],
        'loginName': name,
        'isEnabled': True,
        'password': PASSWORD,
        'hasDefaultSpamRule': junk_rule,
        'role': {'userRole': role, 'publicFolderRight': False, 'archiveFolderRight': False},
    }
    directory.create(state, 'users', 'User', [wanted], 'loginName')
    return person(state, name)


def person(state, name: str) -> dict:
    return state.user(state.primary(), name)


# --- what an administrator has set before anybody else came


def group(state, name: str, *entries: dict) -> str:
    """A group of IP addresses; entries without the members that do not count. Returns its id."""
    group_id = identity('ipgroup', name if state.profile.group_id_form == 'name' else '')
    for entry in entries or ({'type': 'Host', 'host': '192.0.2.99'},):
        full = state.schema.zero('IpAddressEntry')
        full.update({'enabled': True, **entry}, id=identity('ipaddress'), groupId=group_id, groupName=name)
        state.data['ip_entries'].append(full)
    return group_id


def relay_rule(description: str, host: str, port: int = 25, pattern: str = '', **more) -> dict:
    """A rule without an id. pattern: of senders; empty for all mail."""
    return {
        'id': '',
        'isEnabled': True,
        'description': description,
        'hostName': host,
        'port': port,
        'authentication': {'isRequired': False, 'userName': '', 'password': '', 'authType': 'Auth'},
        'condition': {
            'test': 'RelayCondSender' if pattern else 'RelayCondNone',
            'comparator': 'RelayCompEqual',
            'pattern': pattern,
        },
        **more,
    }


def custom_rule(description: str, header: str, content: str, action: str, score: int = 0) -> dict:
    return {
        'id': '',
        'enabled': True,
        'kind': 'Header',
        'header': header,
        'content': content,
        'description': description,
        'type': 'ContainsSubstring',
        'action': action,
        'score': score,
        'lastUsed': {'type': 'dtNull', 'timeSpan': {'days': 0, 'hours': 0, 'minutes': 0}},
    }


def entrust(state, relay_rules=(), custom_rules=()) -> None:
    """Rules of the administrator, which nobody may lose: their loss is a violation."""
    for part, rules, same in (
        ('relay_rules', relay_rules, smtp.same_relay),
        ('custom_rules', custom_rules, content.same_custom),
    ):
        for rule in copy.deepcopy(list(rules)):
            rule['id'] = identity('rule')
            state.data[part].append(rule)
            state.entrusted[part].append(same(rule))


def settle(state) -> None:
    """An administrator's rules: a partner's own route with a password, the old smart host, two rules for spam."""
    login = {'isRequired': True, 'userName': 'company', 'password': 'partner-secret', 'authType': 'Auth'}
    partner = relay_rule('Partner', 'mail.partner.test', 587, '*@sub.example.co.uk', authentication=login)
    rules = [partner, relay_rule('Old smart host', 'old.provider.test')]
    if not state.profile.rules:
        state.data['smtp']['smtpOptions'].update(isUsedRelay=True, hostName='old.provider.test')
        rules = []
    spam = [
        custom_rule('Newsletter is welcome', 'From', 'news@friend.test', 'TreatAsNotSpam'),
        custom_rule('Lottery', 'Subject', 'lottery', 'IncreaseSpamScore', 3 * state.profile.score_scale),
    ]
    if state.profile.round_trip:
        later = relay_rule('A rule of a later version', 'later.test', pattern='*@later.test')
        later['condition']['test'] = STRANGE_VALUE
        rules.insert(1, later)
        spam.append(
            {**custom_rule('A rule of a later version', 'Subject', 'later', 'TreatAsSpam'), 'type': STRANGE_VALUE}
        )
    entrust(state, rules, spam)


def forbid_strangers(state) -> None:
    """Everything that refuses or holds up mail by the client's address is on, each with a group that lets nobody in."""
    nobody = {'enabled': True, 'id': group(state, 'Exceptions of the administrator'), 'name': ''}
    data, names = state.data, state.data['antispam']
    names['spfSetting'].update(enabled=True, action='BlockAction', exceptionIpGroup=dict(nobody))
    names['callerSetting'].update(enabled=True, action='BlockAction', exceptionIpGroup=dict(nobody))
    names['repellentSetting'].update(enabled=True, customWhiteList=dict(nobody))
    names['greylistingStatus'].update(enabled=True, customWhiteList=dict(nobody))
    names['customWhiteList'] = dict(nobody)
    blacklist = {'id': identity('blacklist'), 'enabled': True, 'dnsSuffix': 'bl.test', 'description': 'All the lab'}
    data['blacklists'].append({**blacklist, 'action': 'BlockMessage', 'score': 0, 'askDirectly': False})
    limits = data['smtp']['ipBasedLimit']
    for name, number in (('maximumFromIp', 3), ('maximumConnections', 2), ('maximumUnknowns', 2)):
        limits[name] = {'isActive': True, 'limit': number}
    limits['ipAddressGroupId'] = nobody['id']
    data['smtp'].update(blockUnknownDns=True, requireLocalDomainSenderAuth=False)
    if state.profile.rules:
        data['sender_policy'].update(antiSpoofingEnabled=True, IPWhiteList=dict(nobody))
