# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services.*: listeners, and which addresses a service is for."""

from __future__ import annotations

import copy

from ..schema import INVALID_PARAMS, RpcError
from .registry import FAILED, MISSING, item, method, noticed, shown, stored, unchanged


@method('Services.get')
def get(api, call):
    noticed(api, 'services', call)
    return {'services': shown(api, ['Service'], api.state.data['services'])}


@method('Services.set')
def set_services(api, call):
    unchanged(api, 'services', call)
    services = copy.deepcopy(api.state.data['services'])
    errors = []
    for number, given in enumerate(call.params['services']):
        wanted_id = given.get('id') if isinstance(given, dict) else None
        place = next((place for place, service in enumerate(services) if service['id'] == wanted_id), None)
        if place is None:
            errors.append(item(number, MISSING, 'The service does not exist.'))
            continue
        old = services[place]
        wanted = api.state.schema.take('Service', given, old, f'services[{number}]')
        wrong = _wrong(api, wanted, services)
        if wrong:
            errors.append(item(number, *wrong))
            continue
        if api.state.profile.listener_change == 'restart':
            wanted['_active'] = old.get('_active', old['listeners'])
        services[place] = wanted
    stored(api, 'services', services, call)
    return {'errors': errors}


def _wrong(api, wanted, services):
    if not wanted['listeners']:
        return FAILED, 'A service needs a listener.'
    group = wanted['group']
    if group['isUsed'] and group['ipGroup']['id'] not in api.state.group_names():
        return MISSING, 'The IP address group %1 does not exist.', group['ipGroup']['id']
    if any(not 1 <= listener['port'] <= 65535 for listener in wanted['listeners']):
        return INVALID_PARAMS, 'The port is not valid.'
    if api.state.profile.port_conflict == 'refused':
        others = {port for service in services if service['id'] != wanted['id'] for port in _ports(service)}
        for port in _ports(wanted):
            if port in others or port in api.state.world.taken_ports:
                return FAILED, 'The port %1 is used by another service or program.', str(port)
    return None


def _ports(service):
    return [listener['port'] for listener in service['listeners']]


@method('Services.restart')
def restart(api, call):
    service = _service(api, call)
    service.pop('_active', None)
    service['isRunning'] = True
    api.state.tell('services')
    return {}


@method('Services.start')
def start(api, call):
    return restart(api, call)


@method('Services.stop')
def stop(api, call):
    _service(api, call)['isRunning'] = False
    api.state.tell('services')
    return {}


def _service(api, call):
    wanted = call.params['service']
    found = next((service for service in api.state.data['services'] if service['id'] == wanted), None)
    if found is None:
        raise RpcError(MISSING, 'The service does not exist.')
    return found
