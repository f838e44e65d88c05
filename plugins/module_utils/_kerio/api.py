# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administration interface of Kerio Connect: one session, calls with an end, errors in words.

Nothing is repeated but one call that was refused because the session had ended: of any other failure nobody knows
whether it came before or after the change.
"""

from __future__ import annotations

import re
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.secrets import HIDDEN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.https import NoAnswer, Server, post
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.login import CUT_OFF, why_refused

APPLICATION = {'name': 'conbool.smtp_relay', 'vendor': 'conbool', 'version': '1'}
NO_SESSION, UNKNOWN_METHOD = -32001, -32601
# A log-out must not take longer than this, whatever happened before.
LAST_WORD = 5.0


class KerioError(HostError):
    """The server did not do what it was asked; the text is for a person."""


class Refused(KerioError):
    """The server answered with an error.

    Args:
        code: of JSON-RPC below 0, of the server above.
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Silent(KerioError):
    """The server did not answer in time."""


class Closed(KerioError):
    """The server ended the connection without an answer."""


class ItemErrors(KerioError):
    """Some items of a call failed; the others are done.

    Args:
        items: {inputIndex, code, text} of those that failed.
        result: the whole result.
    """

    def __init__(self, text: str, items: list[dict[str, Any]], result: dict[str, Any]) -> None:
        super().__init__(text)
        self.items = items
        self.result = result


class Client:
    """A session, from `with` to its end, where it is logged out in any case.

    Args:
        server: where it is, and how it is known.
        user: an administrator: a name alone is of the built-in account or of the primary domain.
        password: his.
        timeout: seconds for each call.
        refused: why the log-in was refused to others who share this list. It is not tried again then: after several
            failures the server blocks the address.

    Raises:
        KerioError: when the log-in fails.
    """

    def __init__(
        self,
        server: Server,
        user: str,
        password: str,
        timeout: float = 30.0,
        refused: list[KerioError] | None = None,
    ) -> None:
        self.server = server
        self.user = user
        self.timeout = timeout
        # What could be told by somebody who has nothing worse to report.
        self.warnings: list[str] = []
        self._password = password
        self._secrets = {password}
        self._headers: dict[str, str] = {}
        self._number = 0
        self._again = True
        self._refused = [] if refused is None else refused

    def __enter__(self) -> Client:
        if self._refused:
            raise self._refused[0]
        self._log_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._headers:
            return
        try:
            self._ask('Session.logout', {}, LAST_WORD)
        except KerioError as failed:
            # The session ends by itself; the error that may have led here matters more.
            self.warnings.append(f'The log-out failed: {failed}')
        finally:
            self._headers = {}

    def hide(self, *secrets: str) -> None:
        """More texts that no message may show."""
        self._secrets |= set(secrets)

    def call(self, method: str, timeout: float | None = None, **params: Any) -> dict[str, Any]:
        """The result of a call.

        Raises:
            Refused: the server answered with an error.
            ItemErrors: some of the items failed.
            KerioError: there is no answer, or none that can be read.
        """
        if not self._headers:
            raise KerioError(f'{method}: not asked, since the session ended twice')
        seconds = timeout or self.timeout
        try:
            result = self._ask(method, params, seconds)
        except Refused as error:
            if error.code != NO_SESSION:
                raise
            # Without a session there is nothing to end.
            self._headers = {}
            if not self._again:
                raise
            self._again = False
            self._log_in()
            result = self._ask(method, params, seconds)
        self._items(method, result)
        return result

    def attempt(self, method: str, timeout: float = 5.0, **params: Any) -> dict[str, Any] | None:
        """The result of a call that not every server answers and that changes nothing; None when it does not.

        Servers let calls hang that they do not know, or that the role may not make.

        Raises:
            KerioError: there is no session any more, or no server.
        """
        try:
            return self.call(method, timeout, **params)
        except (Refused, Silent) as error:
            if isinstance(error, Refused) and error.code == NO_SESSION:
                raise
            self.warnings.append(str(error))
            return None

    # --- one call

    def _log_in(self) -> None:
        account = {'userName': self.user, 'password': self._password, 'application': APPLICATION}
        try:
            result = self._ask('Session.login', account, self.timeout)
        except Refused as error:
            cause = why_refused(str(error), error.code, self.user)
            refusal = KerioError(f'Kerio Connect refused the log-in of {self.user}: {error}. {cause}')
            self._refused.append(refusal)
            raise refusal from error
        except Closed as error:
            raise KerioError(f'{error}. {CUT_OFF}') from error
        token = result.get('token')
        if not isinstance(token, str) or not token or not self._cookies:
            raise KerioError('Kerio Connect took the log-in, and gave no session')
        self._secrets |= {token, *self._cookies.values()}
        cookies = '; '.join(f'{name}={value}' for name, value in self._cookies.items())
        self._headers = {'X-Token': token, 'Cookie': cookies}

    def _ask(self, method: str, params: dict[str, Any], timeout: float) -> dict[str, Any]:
        self._number += 1
        request = {'jsonrpc': '2.0', 'id': self._number, 'method': method, 'params': params}
        try:
            answer, cookies = post(self.server, request, self._headers, timeout)
        except NoAnswer as error:
            unsure = ', and nobody knows whether it was done: look there before you run this again'
            text = f'{method}: {error}{unsure if error.sent and _changes(method) else ""}'
            kind = Silent if error.late else Closed if error.closed else KerioError
            raise kind(self._clean(text)) from None
        self._cookies = _values(cookies)
        if answer.get('id') != self._number:
            raise KerioError(f'{method}: the answer is to another question')
        if 'error' in answer:
            raise self._refusal(method, answer['error'])
        result = answer.get('result')
        # Setters answer null or nothing.
        return result if isinstance(result, dict) else {}

    def _refusal(self, method: str, error: Any) -> Refused:
        if not isinstance(error, dict) or not isinstance(error.get('code'), int):
            raise KerioError(f'{method}: the server answered with an error that cannot be read')
        data = error.get('data')
        text = message(error, data.get('messageParameters') if isinstance(data, dict) else None)
        return Refused(self._clean(f'{method}: {text} ({error["code"]})'), error['code'])

    def _items(self, method: str, result: dict[str, Any]) -> None:
        errors = result.get('errors')
        if not errors:
            return
        items = [
            {
                'inputIndex': error.get('inputIndex', 0),
                'code': error.get('code', 0),
                'text': self._clean(message(error, error.get('messageParameters'))),
            }
            for error in errors
        ]
        told = '; '.join(f'item {item["inputIndex"] + 1}: {item["text"]} ({item["code"]})' for item in items)
        raise ItemErrors(f'{method}: {told}', items, result)

    def _clean(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            if secret:
                text = text.replace(secret, HIDDEN)
        return text


def message(error: dict[str, Any], parameters: Any) -> str:
    """The text of an error with its parameters in their places, as one line that is safe to print."""
    text = str(error.get('message', 'no reason was given'))
    positional = parameters.get('positionalParameters') if isinstance(parameters, dict) else None
    values = [str(value) for value in positional] if isinstance(positional, list) else []

    def value(found: re.Match[str]) -> str:
        place = int(found.group(1)) - 1
        return values[place] if place < len(values) else found.group()

    text = re.sub(r'%([1-9])', value, text)
    return ''.join(sign if sign.isprintable() else ' ' for sign in text)[:500].strip()


def _changes(method: str) -> bool:
    return not re.match(r'\w+\.(get|login$|logout$|whoAmI$|validate|check$|find|toSource$)', method)


def _values(cookies: list[str]) -> dict[str, str]:
    """Name -> value of Set-Cookie lines."""
    found: dict[str, str] = {}
    for line in cookies:
        try:
            found.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        except CookieError:
            continue
    return found
