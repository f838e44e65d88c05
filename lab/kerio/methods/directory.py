# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains.*, Users.*, Aliases.*"""

from __future__ import annotations

from ..defaults import identity
from ..schema import RpcError
from .registry import EXISTS, MISSING, item, method, shown, stored
from .search import search


@method('Domains.get')
def domains(api, call):
    return search(api, 'Domain', shown(api, ['Domain'], api.state.data['domains']), call.params['query'])


@method('Domains.getSettings')
def domain_settings(api, call):
    told = {'hostname': api.state.data['hostname'], 'publicFoldersPerDomain': False, 'serverId': 'keriodb://server/1'}
    return {'setting': shown(api, 'DomainSetting', told)}


@method('Domains.set')
def set_domains(api, call):
    found = []
    for domain in api.state.data['domains']:
        if domain['id'] in call.params['domainIds']:
            domain = api.state.schema.take('Domain', call.params['pattern'], domain, 'pattern', partial=True)
        found.append(domain)
    stored(api, 'domains', found, call)
    return {'errors': []}


def _in_domain(api, part, identity_of):
    return [one for one in api.state.data[part] if one['domainId'] == identity_of]


@method('Users.get')
def users(api, call):
    found = shown(api, ['User'], _in_domain(api, 'users', call.params['domainId']))
    return search(api, 'User', found, call.params['query'])


@method('Aliases.get')
def aliases(api, call):
    found = shown(api, ['Alias'], _in_domain(api, 'aliases', call.params['domainId']))
    return search(api, 'Alias', found, call.params['query'])


@method('Aliases.check')
def check_alias(api, call):
    local_part, dummy, name = call.params['checkString'].partition('@')
    domain = api.state.domain(name) or api.state.primary()
    if domain is None:
        return {'result': []}
    alias = api.state.named('aliases', domain, local_part)
    user = api.state.user(domain, local_part)
    return {'result': [alias['deliverTo']] if alias else [api.state.address(user)] if user else []}


def create(state, part, kind, given, name):
    """Adds elements; returns errors and results as the interface has them.

    Args:
        name: the member that has to differ within a domain.
    """
    errors, results = [], []
    for number, one in enumerate(given):
        wanted = {**state.schema.take(kind, one, None, f'{part}[{number}]'), 'id': identity(kind.lower())}
        wanted[name] = wanted[name].lower()
        key = 'domainId' if 'domainId' in wanted else 'name'
        if key == 'domainId' and wanted[key] not in [domain['id'] for domain in state.data['domains']]:
            errors.append(item(number, MISSING, 'The domain does not exist.'))
            continue
        if any(other[key] == wanted[key] and other[name] == wanted[name] for other in state.data[part]):
            errors.append(item(number, EXISTS, '%1 already exists.', wanted[name]))
            continue
        if part == 'users':
            # The rule is made with the user, or never by this interface.
            wanted['_junk_rule'] = bool(one.get('hasDefaultSpamRule'))
        if part == 'domains':
            wanted['isPrimary'] = not state.data['domains']
        state.data[part].append(wanted)
        results.append({'inputIndex': number, 'id': wanted['id']})
    state.tell(part)
    return {'errors': errors, 'result': results}


@method('Domains.create')
def create_domains(api, call):
    return create(api.state, 'domains', 'Domain', call.params['domains'], 'name')


@method('Users.create')
def create_users(api, call):
    return create(api.state, 'users', 'User', call.params['users'], 'loginName')


@method('Users.set')
def set_users(api, call):
    found = []
    for user in api.state.data['users']:
        if user['id'] in call.params['userIds']:
            # Not the Junk rule, which is asked for here in vain.
            user = api.state.schema.take('User', call.params['pattern'], user, 'pattern', partial=True)
        found.append(user)
    stored(api, 'users', found, call)
    return {'errors': []}


@method('Aliases.create')
def create_aliases(api, call):
    for alias in call.params['aliases']:
        if isinstance(alias, dict) and not alias.get('deliverTo'):
            raise RpcError(MISSING, 'An alias leads somewhere.')
    return create(api.state, 'aliases', 'Alias', call.params['aliases'], 'name')
