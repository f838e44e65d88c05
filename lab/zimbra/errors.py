# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in the double of Zimbra (not Zimbra), with the codes and texts that its commands print."""

from __future__ import annotations

SERVICE = 'com.zimbra.common.service.ServiceException'
LDAP = 'com.zimbra.cs.ldap.LdapException'


class ServiceError(Exception):
    """What Zimbra reports as `ERROR: code (message)`; cause: Java class and text, shown only by `zmprov -l`."""

    def __init__(self, code: str, message: str, cause: tuple[str, str] | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.cause = cause

    def text(self, with_cause: bool) -> str:
        said = f'ERROR: {self.code} ({self.message})'
        if with_cause and self.cause:
            said += ' (cause: {} {})'.format(*self.cause)
        return said


class LdapError(Exception):
    """What the LDAP server refuses: the kind of result, and its own text."""

    def __init__(self, kind: str, text: str):
        super().__init__(text)
        self.kind = kind
        self.text = text


class Crash(Exception):
    """A Java exception that nobody catches: it ends the whole process with 1."""


def failure(message: str, cause=None) -> ServiceError:
    return ServiceError('service.FAILURE', f'system failure: {message}', cause)


def invalid_request(message: str, cause=None) -> ServiceError:
    return ServiceError('service.INVALID_REQUEST', f'invalid request: {message}', cause)


def invalid_value(message: str, cause=None) -> ServiceError:
    return ServiceError('account.INVALID_ATTR_VALUE', message, cause)


def from_ldap(error: LdapError) -> ServiceError:
    """How an entry's modification reports what the LDAP server refused."""
    said = f'unable to modify attributes: {error.text}'
    if error.kind == 'undefined type':
        message = f'invalid attr name - {said}'
        cause = (f'{LDAP}$LdapInvalidAttrNameException', message)
        return ServiceError('account.INVALID_ATTR_NAME', f'invalid attr name: {message}', cause)
    if error.kind in ('constraint violation', 'invalid syntax'):
        message = f'invalid attr value - {said}'
        return invalid_value(f'invalid attr value: {message}', (f'{LDAP}$LdapInvalidAttrValueException', message))
    if error.kind == 'object class violation':
        message = f'object class violation - {said}'
        return failure(f'unable to modify attrs: {message}', (f'{LDAP}$LdapObjectClassViolationException', message))
    message = f'LDAP error:  - {said}'
    return failure(f'unable to modify attrs: {message}', (LDAP, message))
