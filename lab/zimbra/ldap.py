# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory server of the double of Zimbra (not Zimbra, and not a complete LDAP server): bind and search over the
store.

Postfix's ldap: tables and saslauthd ask it what they would ask Zimbra's. Run by `sudo python3 -m lab.zimbra.ldap`:
takes port 389 as root, goes on as zimbra.
"""

from __future__ import annotations

import os
import pwd
import signal
import socket
import socketserver
import sys
from collections.abc import Iterator
from pathlib import Path

from . import ber
from .store import Store

PORT = 389
PID_FILE = Path('/opt/zimbra/data/ldap/state/run/slapd.pid')
BIND, UNBIND, SEARCH, ABANDON, EXTENDED = 0x60, 0x42, 0x63, 0x50, 0x77
BOUND, ENTRY, DONE, EXTENDED_ANSWER = 0x61, 0x64, 0x65, 0x78
AND, OR, NOT, EQUAL, PRESENT = 0xA0, 0xA1, 0xA2, 0xA3, 0x87
SUCCESS, PROTOCOL_ERROR, INVALID_CREDENTIALS, UNWILLING = 0, 2, 49, 53
# Zimbra's own programs, such as Postfix and amavis, have entries here.
PROGRAMS = ',cn=appaccts,cn=zimbra'
HIDDEN = 'userpassword'

Entry = dict[str, list[str]]  # attribute name in small letters -> values


def entries(data: dict) -> dict[str, Entry]:
    """Distinguished name -> entry, of everything that mail is sent to."""
    found = {}
    for name, values in data.get('domains', {}).items():
        found[_domain(name)] = _small(values)
    for kind in ('accounts', 'lists'):
        for name, values in data.get(kind, {}).items():
            local, dummy, domain = name.partition('@')
            found[f'uid={local},ou=people,{_domain(domain)}'] = {'uid': [local], 'mail': [name], **_small(values)}
    return found


def _domain(name: str) -> str:
    return ','.join(f'dc={label}' for label in name.split('.'))


def _small(values: dict[str, list[str]]) -> Entry:
    return {name.lower(): said for name, said in values.items()}


def matches(tag: int, content: bytes, entry: Entry) -> bool:
    """Whether a search filter holds for an entry. Raises ValueError for a kind of filter that nobody here needs."""
    if tag == AND:
        return all(matches(*part, entry) for part in ber.parts(content))
    if tag == OR:
        return any(matches(*part, entry) for part in ber.parts(content))
    if tag == NOT:
        return not matches(*ber.parts(content)[0], entry)
    if tag == PRESENT:
        return content.decode().lower() in entry
    if tag == EQUAL:
        name, value = (part.decode() for dummy, part in ber.parts(content))
        return value.lower() in (each.lower() for each in entry.get(name.lower(), ()))
    raise ValueError(f'no filter of kind {tag:#x} here')


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while (element := ber.read(self.rfile)) is not None:
            (dummy, number), (operation, content), *dummy = ber.parts(element[1])
            if operation == UNBIND:
                return
            for answer in self._answers(operation, content):
                self.wfile.write(ber.encode(ber.SEQUENCE, ber.encode(ber.INTEGER, number), answer))

    def _answers(self, operation: int, content: bytes) -> Iterator[bytes]:
        if operation == BIND:
            yield _result(BOUND, *self._bind(content))
        elif operation == SEARCH:
            yield from self._search(content)
        elif operation == EXTENDED:
            yield _result(EXTENDED_ANSWER, PROTOCOL_ERROR, 'no such operation, StartTLS neither')
        elif operation != ABANDON:
            # Writes are zmprov's; the answer's tag is the one behind the request's.
            yield _result(operation + 1, UNWILLING, 'this directory is only read')

    def _bind(self, content: bytes) -> tuple[int, str]:
        dummy, (dummy, name), (dummy, password) = ber.parts(content)[:3]
        who = name.decode()
        if not who or who.endswith(PROGRAMS):
            return SUCCESS, ''
        entry = entries(self.server.store.read()).get(who, {})
        right = bool(password) and password.decode() in entry.get(HIDDEN, [])
        return (SUCCESS, '') if right else (INVALID_CREDENTIALS, '')

    def _search(self, content: bytes) -> Iterator[bytes]:
        parts = ber.parts(content)
        base, condition, wanted = parts[0][1].decode(), parts[6], parts[7][1]
        names = [name.decode() for dummy, name in ber.parts(wanted)]
        try:
            for dn, entry in entries(self.server.store.read()).items():
                if dn.endswith(base) and matches(*condition, entry):
                    yield _entry(dn, entry, names)
        except ValueError as error:
            yield _result(DONE, UNWILLING, str(error))
        else:
            yield _result(DONE, SUCCESS, '')


def _entry(dn: str, entry: Entry, names: list[str]) -> bytes:
    shown = [name for name in names or sorted(entry) if name.lower() in entry and name.lower() != HIDDEN]
    attributes = (
        ber.encode(ber.SEQUENCE, ber.text(name), ber.encode(ber.SET, *map(ber.text, entry[name.lower()])))
        for name in shown
    )
    return ber.encode(ENTRY, ber.text(dn), ber.encode(ber.SEQUENCE, *attributes))


def _result(tag: int, code: int, said: str) -> bytes:
    return ber.encode(tag, ber.integer(code, ber.ENUMERATED), ber.text(''), ber.text(said))


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], store: Store):
        self.store = store
        super().__init__(address, Session)


def main() -> int:
    server = Server(('::', PORT), Store())
    zimbra = pwd.getpwnam('zimbra')
    PID_FILE.parent.mkdir(parents=True, exist_ok=True)
    PID_FILE.write_text(f'{os.getpid()}\n')
    os.chown(PID_FILE, zimbra.pw_uid, zimbra.pw_gid)
    os.setgroups([])
    os.setgid(zimbra.pw_gid)
    os.setuid(zimbra.pw_uid)
    signal.signal(signal.SIGTERM, lambda *dummy: sys.exit(0))
    server.serve_forever()
    return 0


if __name__ == '__main__':
    sys.exit(main())
