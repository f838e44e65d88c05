# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smtp.*: the server's settings and the lists of rules."""

from __future__ import annotations

from ..defaults import identity
from ..schema import RpcError, invalid
from .registry import FAILED, existing_group, lost, method, noticed, own_ids, shown, stored, unchanged


@method('Smtp.get')
def get(api, call):
    noticed(api, 'smtp', call)
    return {'server': shown(api, 'SmtpServerSettings', api.state.data['smtp'])}


@method('Smtp.set')
def set_settings(api, call):
    unchanged(api, 'smtp', call)
    before = api.state.data['smtp']
    wanted = api.state.schema.take('SmtpServerSettings', call.params['server'], before, 'server')
    for part in ('relayControl', 'ipBasedLimit'):
        existing_group(api, wanted[part]['ipAddressGroupId'])
    if not api.state.profile.rules:
        given = call.params['server'].get('smtpOptions', {}).get('authentication', {})
        kept = before['smtpOptions']['authentication']['password']
        wanted['smtpOptions']['authentication']['password'] = _password(api, given, kept, None)
        if kept and not wanted['smtpOptions']['authentication']['password']:
            api.state.journal.violation('the password of the relay was wiped')
    stored(api, 'smtp', wanted, call)
    return {}


def _password(api, given, kept, own_id):
    """What is stored as a password.

    Args:
        given: the authentication as it was sent.
        kept: what is stored now.
        own_id: the rule's id; None where there are no rules.
    """
    if 'password' not in given:
        return kept if api.state.profile.absent_password == 'keep' else ''
    password = given['password']
    if not isinstance(password, str):
        raise invalid('authentication.password', 'not a string')
    if own_id is not None and password and api.state.profile.rule_id_password == 'copy':
        source = next((rule for rule in api.state.data['relay_rules'] if rule['id'] == password), None)
        return source['authentication']['password'] if source else password
    return password


@method('Smtp.getRelayDeliveryRuleList')
def relay_rules(api, call):
    noticed(api, 'relay_rules', call)
    return {'list': shown(api, ['RelayDeliveryRule'], api.state.data['relay_rules'])}


def same_relay(rule):
    return [rule[name] for name in ('description', 'hostName', 'port', 'condition')]


@method('Smtp.setRelayDeliveryRuleList')
def set_relay_rules(api, call):
    unchanged(api, 'relay_rules', call)
    before = api.state.data['relay_rules']
    given = call.params['list']
    wanted = api.state.schema.take(['RelayDeliveryRule'], given, before, 'list')
    own_ids(before, given)
    by_id = {rule['id']: rule for rule in before}
    for rule, sent in zip(wanted, given):
        _right_relay(rule)
        old = by_id.get(sent.get('id', ''))
        kept = old['authentication']['password'] if old else ''
        rule['authentication']['password'] = _password(api, sent['authentication'], kept, sent.get('id', ''))
        if (
            kept
            and rule['authentication']['password'] != kept
            and same_relay(rule) in api.state.entrusted['relay_rules']
        ):
            api.state.journal.violation(f'the password of a rule was lost: {rule["description"]}')
        if old is None or api.state.profile.rule_ids == 'renewed':
            rule['id'] = identity('relayrule')
    lost(api, 'relay_rules', before, wanted, same_relay)
    stored(api, 'relay_rules', wanted, call)
    return {}


def _right_relay(rule):
    if not 1 <= rule['port'] <= 65535:
        raise invalid('list.port', f'{rule["port"]} is no port')
    if not rule['hostName'].strip():
        raise invalid('list.hostName', 'empty')
    if rule['condition']['test'] != 'RelayCondNone' and not rule['condition']['pattern']:
        raise RpcError(FAILED, 'The pattern of a condition is empty.')


def _filter_list(way, part):
    @method(f'Smtp.get{way}RuleList')
    def get_list(api, call):
        return {'list': shown(api, ['DeliveryRule'], api.state.data[part])}

    @method(f'Smtp.set{way}RuleList')
    def set_list(api, call):
        wanted = api.state.schema.take(['DeliveryRule'], call.params['list'], api.state.data[part], 'list')
        stored(api, part, wanted, call)
        return {}

    return get_list, set_list


_filter_list('Incoming', 'incoming_rules')
_filter_list('Outgoing', 'outgoing_rules')
