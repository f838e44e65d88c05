# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of itself: versions, remote administration, logs, queue, statistics, certificates."""

from __future__ import annotations

from ..journal import LOGS
from ..schema import RpcError, invalid
from ..statistics import statistics
from .registry import FAILED, MISSING, existing_group, method, shown, stored
from .search import search

BUILDS = {'8.5': 4416, '9.2': 2238, '9.4.1': 6342, '10.0.8': 9228, '10.0.9': 10320, 'next': 11000}


def _version(api):
    major, minor, revision = (*api.state.profile.numbers, 0)[:3]
    return {'major': major, 'minor': minor, 'revision': revision, 'build': BUILDS[api.state.profile.version]}


def _text(api):
    return '.'.join(str(number) for number in api.state.profile.numbers)


@method('Server.getVersion')
def version(api, call):
    return {'product': 'Kerio Connect', 'version': _text(api), **_version(api)}


@method('Version.getProductVersion')
def product_version(api, call):
    told = {
        'productName': 'Kerio Connect',
        **_version(api),
        'order': 0,
        'releaseType': 'Final',
        'displayNumber': _text(api),
    }
    return {'productVersion': shown(api, 'ProductVersion', told)}


@method('Server.getProductInfo')
def product_info(api, call):
    told = {
        'productName': 'Kerio Connect',
        'version': _text(api),
        'buildNumber': str(BUILDS[api.state.profile.version]),
        'osName': {'Linux': 'Debian GNU/Linux 12'}.get(api.state.world.os, api.state.world.os),
        'os': api.state.world.os,
        'releaseType': 'Final',
        'deployedType': 'DeployedStandalone',
        'updateInfo': api.state.schema.zero('UpdateInfo'),
    }
    return {'info': shown(api, 'ProductInfo', told)}


@method('Server.getServerIpAddresses')
def addresses(api, call):
    return {'addresses': list(api.state.own_addresses)}


@method('Server.getColumnList')
def columns(api, call):
    known = api.state.schema.methods.get(f'{call.params["objectName"]}.{call.params["methodName"]}')
    lists = [kind[0] for kind in (known or {}).get('result', {}).values() if isinstance(kind, list)]
    if not lists or lists[0] not in api.state.schema.structs:
        raise RpcError(FAILED, 'There are no columns.')
    return {'columns': list(api.state.schema.structs[lists[0]])}


@method('Server.getNamedConstantList')
def constants(api, call):
    return {'constants': []}


@method('Server.getAlertList')
def alerts(api, call):
    alert = {'alertName': 'LicenseExpired', 'alertType': 'Critical', 'currentValue': '0', 'criticalValue': '0'}
    return {'alerts': shown(api, ['Alert'], [] if api.state.profile.licensed else [alert])}


@method('Server.getRemoteAdministration')
def remote(api, call):
    return {'setting': shown(api, 'Administration', api.state.data['remote'])}


@method('Server.setRemoteAdministration')
def set_remote(api, call):
    before = api.state.data['remote']
    wanted = api.state.schema.take('Administration', call.params['setting'], before, 'setting')
    existing_group(api, wanted['groupId'], wanted['isLimited'])
    stored(api, 'remote', wanted, call)
    return {}


@method('Server.validateRemoteAdministration')
def validate_remote(api, call):
    return {}


@method('Server.findEntityByEmail')
def find_entity(api, call):
    found = []
    for address in call.params['addresses']:
        local_part, dummy, name = address.partition('@')
        domain = api.state.domain(name)
        if domain and api.state.user(domain, local_part):
            found.append({'kind': 'EntityUser', 'name': local_part, 'collisionAddress': address, 'win': True})
    return {'entities': shown(api, ['EntityDuplicate'], [{**one, 'isPattern': False} for one in found])}


@method('AdvancedOptions.get')
def advanced(api, call):
    return {'options': shown(api, 'AdvancedOptionsSetting', api.state.data['advanced'])}


@method('Logs.getLogSet')
def log_set(api, call):
    found = [{'logName': name, 'hasMessages': bool(api.state.journal.lines(name))} for name in LOGS]
    return {'logSet': shown(api, ['LogItem'], found)}


@method('Logs.get')
def log(api, call):
    params = call.params
    if params['logName'] not in LOGS:
        raise invalid('logName', f'{params["logName"]!r} is no log')
    lines = api.state.journal.lines(params['logName'])
    start = params['fromLine'] if params['fromLine'] >= 0 else max(0, len(lines) - params['countLines'])
    part = lines[start : start + min(params['countLines'], 50000)]
    rows = [{'content': line, 'highlight': ''} for line in part]
    return {'viewport': shown(api, ['LogRow'], rows), 'totalItems': len(lines)}


@method('Statistics.get')
def get_statistics(api, call):
    return {'statistics': shown(api, 'ServerStatistics', statistics(api.state))}


@method('Queue.get')
def queue(api, call):
    waiting = [message.shown() for message in api.mail.queue.waiting()] if api.mail else []
    answer = search(api, 'MessageInQueue', shown(api, ['MessageInQueue'], waiting), call.params['query'])
    volume = sum(message['messageSize']['value'] for message in waiting)
    return {**answer, 'volume': shown(api, 'ByteValueWithUnits', {'value': volume, 'units': 'Bytes'})}


@method('Queue.run')
def run_queue(api, call):
    api.mail.queue.run_now()
    return {}


@method('Queue.tryToSend')
def try_to_send(api, call):
    api.mail.queue.run_now(call.params['messageIds'])
    return {}


@method('ConnectCertificate.get')
def certificates(api, call):
    return {'certificates': shown(api, ['Certificate'], api.state.data['certificates'])}


@method('ConnectCertificate.toSource')
def certificate_source(api, call):
    found = next((one for one in api.state.data['certificates'] if one['id'] == call.params['id']), None)
    if found is None:
        raise RpcError(MISSING, 'The certificate does not exist.')
    return {'source': found['_source']}
