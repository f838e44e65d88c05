# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call: is it a call, is there such a method, may this session, and what comes of it."""

from __future__ import annotations

import json
import threading

from .methods import METHODS, QUERY
from .schema import INVALID_PARAMS, RpcError, invalid
from .sessions import Sessions

INVALID_REQUEST, UNKNOWN_METHOD, PARSE_ERROR = -32600, -32601, -32700
INSUFFICIENT = 'Insufficient rights to perform the requested operation.'
FIRST_RUN = 'anonymous, first run only'


class Hang(Exception):
    """The call is never answered."""


class Reset(Exception):
    """The connection is reset instead of an answer."""


class Call:
    """A request with all that came with it."""

    def __init__(self, body: bytes, cookies: dict, token: str, address: str):
        self.body = body
        self.cookies = cookies
        self.token = token
        self.address = address
        self.method = ''
        self.params: dict = {}
        self.identity = None
        self.session = None
        # Cookies to set: name -> value.
        self.set_cookies: dict[str, str] = {}

    def read(self):
        try:
            request = json.loads(self.body)
        except ValueError:
            raise RpcError(PARSE_ERROR, 'Parse error') from None
        right = isinstance(request, dict) and request.get('jsonrpc') == '2.0' and isinstance(request.get('method'), str)
        if not right or not isinstance(request.get('id'), int):
            raise RpcError(INVALID_REQUEST, 'Invalid Request')
        self.identity, self.method = request['id'], request['method']
        self.params = request.get('params', {})
        if not isinstance(self.params, dict):
            raise invalid('params', 'not an object')
        if request.get('token', self.token) != self.token:
            raise RpcError(INVALID_REQUEST, 'Invalid Request: two tokens')


class Api:
    """The methods on one state."""

    def __init__(self, state, mail=None):
        self.state = state
        # The mail side: queue and listeners.
        self.mail = mail
        self.sessions = Sessions(state)
        # Entries of IP groups whose change would shut the caller out, as it was told.
        self.warned: set[str] = set()
        # Ends hanging calls when the server stops.
        self.stopping = threading.Event()
        # Part -> what a session read last (profile U22 refused).
        self.read: dict = {}

    def answer(self, call: Call) -> dict:
        """The object that answers a call.

        Raises:
            Hang, Reset: there is no answer.
        """
        code = 0
        try:
            call.read()
            result = self._result(call)
            return {'jsonrpc': '2.0', 'id': call.identity, 'result': result}
        except RpcError as error:
            code = error.code
            return {'jsonrpc': '2.0', 'id': call.identity, 'error': self._error(error)}
        except (Hang, Reset):
            raise
        except Exception as error:
            self.state.journal.violation(f'the double itself failed: {type(error).__name__}: {error}')
            raise
        finally:
            self.state.journal.call(call.method, code)

    def _error(self, error):
        shown = {'code': error.code, 'message': error.message}
        if not self.state.control.errors_without_data:
            shown['data'] = {'messageParameters': {'positionalParameters': error.parameters, 'plurality': 1}}
        return shown

    def _result(self, call):
        control, journal = self.state.control, self.state.journal
        control.read()
        seconds = control.slow.get(call.method, control.slow.get('*', 0))
        if seconds:
            self.stopping.wait(seconds)
        if call.method in control.reset or '*' in control.reset:
            raise Reset
        if call.method in control.hang or '*' in control.hang:
            raise Hang
        known = self.state.schema.methods.get(call.method)
        rights = known['rights'] if known else 'session'
        if rights == FIRST_RUN:
            if not self.state.data['firstRun']:
                raise RpcError(UNKNOWN_METHOD, 'Method not found')
        elif rights != 'anonymous':
            self._session(call)
        if known is None or call.method not in METHODS:
            if self.state.profile.unknown_method == 'hang':
                raise Hang
            raise RpcError(UNKNOWN_METHOD, 'Method not found')
        if known['tier'] == 'never':
            journal.violation(f'{call.method} was called, which must never be')
        if call.session:
            self._rights(call, rights)
        self._shape(call, known)
        if self._changes(call.method) and control.forbid_sets and rights != FIRST_RUN:
            journal.violation(f'{call.method} in {control.forbid_sets}')
        with self.state.lock:
            result = METHODS[call.method](self, call)
            if control.second_admin and control.second_admin[0] == call.method:
                change, control.second_admin = control.second_admin[1], ()
                change(self.state)
        return None if result == {} and self.state.profile.empty_result == 'null' else result

    @staticmethod
    def _changes(method):
        verb = method.partition('.')[2]
        return verb.startswith(('set', 'create', 'remove', 'start', 'stop', 'restart', 'add', 'run', 'tryTo'))

    def _session(self, call):
        session = self.sessions.find(call.cookies, call.token)
        if session is None or not session.alive:
            raise self.sessions.refuse(session, session.details['loginName'] if session else '', call.address)
        call.session = session

    def _rights(self, call, rights):
        role = call.session.role
        if role in ('FullAdmin', 'BuiltInAdmin'):
            return
        if role == 'Auditor' and call.method == 'Domains.get':
            raise RpcError(1000, 'Operation failed: internal database error.')
        if role == 'Auditor' and call.method == 'Queue.get':
            raise Hang
        if rights.startswith('FullAdmin') and 'AccountAdmin' not in rights:
            raise RpcError(1004, INSUFFICIENT)
        if 'AccountAdmin' in rights and role != 'AccountAdmin':
            raise RpcError(1004, INSUFFICIENT)

    def _shape(self, call, known):
        """Which parameters there are; a method looks at what they hold when it knows what is there now."""
        if strange := set(call.params) - set(known['params']):
            raise invalid(min(strange), 'unknown parameter')
        for name, kind in known['params'].items():
            if name not in call.params:
                raise RpcError(INVALID_PARAMS, f'Invalid params: {name}: missing')
            value = call.params[name]
            if kind == 'SearchQuery':
                self.state.schema.take(kind, value, QUERY, name, partial=True)
            elif isinstance(kind, list):
                if not isinstance(value, list):
                    raise invalid(name, 'not a list')
            elif kind not in self.state.schema.structs:
                self.state.schema.take(kind, value, None, name)
            elif not isinstance(value, dict):
                raise invalid(name, 'not an object')
