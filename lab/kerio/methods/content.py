# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content.* and SenderPolicy.* and SecurityPolicy.*: what is let in, and what is spam."""

from __future__ import annotations

from ..defaults import identity
from ..rating import KNOWN_HEADERS
from ..schema import RpcError, invalid
from .registry import FAILED, existing_entity, existing_group, lost, method, noticed, own_ids, shown, stored, unchanged
from .search import search


@method('Content.getAntiSpamSetting')
def antispam(api, call):
    noticed(api, 'antispam', call)
    return {'setting': shown(api, 'AntiSpamSetting', api.state.data['antispam'])}


@method('Content.setAntiSpamSetting')
def set_antispam(api, call):
    unchanged(api, 'antispam', call)
    wanted = api.state.schema.take('AntiSpamSetting', call.params['setting'], api.state.data['antispam'], 'setting')
    for entity in (
        wanted['customWhiteList'],
        wanted['spfSetting']['exceptionIpGroup'],
        wanted['callerSetting']['exceptionIpGroup'],
        wanted['repellentSetting']['customWhiteList'],
        wanted['greylistingStatus']['customWhiteList'],
    ):
        existing_entity(api, entity)
    existing_group(api, wanted['customBlackList']['id'], wanted['customBlackList']['enabled'])
    stored(api, 'antispam', wanted, call)
    return {}


@method('Content.getCustomRuleList')
def custom_rules(api, call):
    noticed(api, 'custom_rules', call)
    found = shown(api, ['CustomRule'], api.state.data['custom_rules'])
    return search(api, 'CustomRule', found, call.params['query'], ordered=False)


def same_custom(rule):
    return [rule[name] for name in ('kind', 'header', 'content', 'description', 'type', 'action', 'score')]


@method('Content.setCustomRuleList')
def set_custom_rules(api, call):
    unchanged(api, 'custom_rules', call)
    before = api.state.data['custom_rules']
    wanted = api.state.schema.take(['CustomRule'], call.params['list'], before, 'list')
    own_ids(before, call.params['list'])
    for rule in wanted:
        if rule['kind'] == 'Body' and rule['header']:
            raise invalid('list.header', 'a rule for the body has none')
        listed = rule['header'].lower() in KNOWN_HEADERS
        if rule['kind'] == 'Header' and not listed and api.state.profile.custom_headers == 'refuse':
            raise RpcError(FAILED, 'The header %1 is not supported.', rule['header'])
        if rule['header'].lower().startswith('x-conbool-') and api.state.profile.custom_headers == 'listed':
            api.state.journal.violation(f'a custom rule for {rule["header"]}, which is not documented to match')
        if not rule['id'] or api.state.profile.rule_ids == 'renewed':
            rule['id'] = identity('customrule')
    lost(api, 'custom_rules', before, wanted, same_custom)
    stored(api, 'custom_rules', wanted, call)
    return {}


@method('Content.getBlackListList')
def black_lists(api, call):
    return {'list': shown(api, ['BlackList'], api.state.data['blacklists'])}


@method('SenderPolicy.get')
def sender_policy(api, call):
    noticed(api, 'sender_policy', call)
    return {'options': shown(api, 'SenderPolicyOptions', api.state.data['sender_policy'])}


@method('SenderPolicy.set')
def set_sender_policy(api, call):
    unchanged(api, 'sender_policy', call)
    before = api.state.data['sender_policy']
    wanted = api.state.schema.take('SenderPolicyOptions', call.params['options'], before, 'options')
    existing_entity(api, wanted['IPWhiteList'])
    stored(api, 'sender_policy', wanted, call)
    return {}


@method('SecurityPolicy.get')
def security_policy(api, call):
    return {'options': shown(api, 'SecurityPolicyOptions', api.state.data['security'])}


@method('SecurityPolicy.set')
def set_security_policy(api, call):
    before = api.state.data['security']
    wanted = api.state.schema.take('SecurityPolicyOptions', call.params['options'], before, 'options', partial=True)
    # What is left out is on again.
    named = {method['value'] for method in wanted['authenticationMethods'] if isinstance(method, dict)}
    for one in before['authenticationMethods']:
        if isinstance(one, dict) and one['value'] not in named:
            wanted['authenticationMethods'].append({**one, 'enabled': True})
    stored(api, 'security', wanted, call)
    return {}
