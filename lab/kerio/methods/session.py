# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session.*"""

from __future__ import annotations

from .registry import method, shown


@method('Session.login')
def log_in(api, call):
    params = call.params
    api.state.schema.take('ApiApplication', params['application'], None, 'application')
    session = api.sessions.log_in(params['userName'], params['password'], call.address)
    call.set_cookies = {'SESSION_CONNECT_WEBADMIN': session.identity, 'TOKEN_CONNECT_WEBADMIN': session.token}
    return {'token': session.token}


@method('Session.logout')
def log_out(api, call):
    api.sessions.log_out(call.session)
    return {}


@method('Session.whoAmI')
def who_am_i(api, call):
    return {'userDetails': shown(api, 'UserDetails', call.session.details)}
