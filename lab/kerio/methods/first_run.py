# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Init.*: the first-run assistant, without a log-in and over plain HTTP."""

from __future__ import annotations

from .directory import create
from .registry import method


@method('Init.setHostname')
def set_hostname(api, call):
    api.state.data['hostname'] = call.params['hostname']
    return {}


@method('Init.createPrimaryDomain')
def create_primary_domain(api, call):
    create(api.state, 'domains', 'Domain', [{'name': call.params['domainName']}], 'name')
    return {}


@method('Init.createAdministratorAccount')
def create_administrator(api, call):
    remote = api.state.data['remote']
    remote['builtInAdminUsername'] = call.params['loginName']
    remote['builtInAdminPassword'] = call.params['password']
    return {}


@method('Init.finish')
def finish(api, call):
    """The server restarts, with TLS."""
    api.state.data['firstRun'] = False
    api.state.tell('restart')
    return {}
