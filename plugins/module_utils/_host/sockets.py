# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on a TCP port of this host: the sockets of /proc/net, and the processes that hold them."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import pwd
import re
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

TABLES = {'/proc/net/tcp': socket.AF_INET, '/proc/net/tcp6': socket.AF_INET6}
LISTEN = '0A'
PATIENCE, LOOKS = 5, 5
FIRST_UNPRIVILEGED = '/proc/sys/net/ipv4/ip_unprivileged_port_start'


class Socket(NamedTuple):
    """A socket that listens: where, whose it is, and its inode."""

    address: str
    port: int
    uid: int
    inode: int


def _address(text: str, family: int) -> str:
    """Return an address of /proc/net, words of 32 bits in the host's byte order, as text."""
    words = [int(text[index : index + 8], 16) for index in range(0, len(text), 8)]
    return socket.inet_ntop(family, struct.pack(f'={len(words)}I', *words))


def _entries(text: str) -> Iterator[list[str]]:
    """Yield the fields of each socket in the text of a table of TABLES (proc_net_tcp)."""
    return (fields for fields in (line.split() for line in text.split('\n')[1:]) if len(fields) > 9)


def _place(field: str, family: int) -> tuple[str, int]:
    address, dummy, port = field.partition(':')
    return _address(address, family), int(port, 16)


def parse(text: str, family: int) -> list[Socket]:
    """Return the sockets that listen, of the text of a table of TABLES."""
    return [
        Socket(*_place(fields[1], family), int(fields[7]), int(fields[9]))
        for fields in _entries(text)
        if fields[3] == LISTEN
    ]


def _tables() -> Iterator[tuple[str, int]]:
    """Yield text and family of each table that this kernel has."""
    for path, family in TABLES.items():
        with contextlib.suppress(OSError), open(path, 'rb') as stream:
            yield decode(stream.read()), family


def all_listening() -> list[Socket]:
    """Return all sockets that listen."""
    return [entry for text, family in _tables() for entry in parse(text, family)]


def _at(port: int) -> list[Socket]:
    """Return the sockets that listen at a port, whatever the address."""
    return [entry for entry in all_listening() if entry.port == port]


def for_others(port: int) -> list[Socket]:
    """Return the sockets that take the connections of other hosts to a port."""
    return [entry for entry in _at(port) if not _is_loopback(entry.address)]


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return (getattr(address, 'ipv4_mapped', None) or address).is_loopback


def listening(address: str, port: int) -> list[Socket]:
    """Return the sockets that take the connections to a port of an address.

    One at this very address takes them, whatever listens at all addresses.
    """
    found = _at(port)
    exact = [entry for entry in found if entry.address == address]
    if exact:
        return exact
    everywhere = [
        entry for entry in found if entry.address == '::' or (entry.address == '0.0.0.0' and ':' not in address)
    ]
    # One at [::] may be for IPv6 alone.
    return everywhere if everywhere and process.refused_address(_name(address, port)) else []


def _name(address: str, port: int) -> str:
    return f'[{address}]:{port}' if ':' in address else f'{address}:{port}'


def inodes_of(pid: int) -> set[int] | None:
    """Return the sockets that a process holds, none of one that is gone; None when that cannot be seen: without
    CAP_SYS_PTRACE, as in some containers, root cannot look at a process that was somebody else for a while."""
    found, folder = set(), f'/proc/{pid}/fd'
    try:
        names = os.listdir(folder)
    except PermissionError:
        return None
    except OSError:
        return found
    for name in names:
        try:
            match = re.match(r'socket:\[(\d+)\]$', os.readlink(os.path.join(folder, name)))
        except OSError:
            continue
        if match:
            found.add(int(match.group(1)))
    return found


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _described(pid: int, uid: int) -> str:
    try:
        uid = os.stat(f'/proc/{pid}').st_uid
        with open(f'/proc/{pid}/comm', 'rb') as stream:
            program = stream.read().decode('ascii', 'backslashreplace').strip()
    except OSError:
        program = '?'
    # Its user chose the name.
    program = re.sub(r'[^ -~]', '?', program)
    return f'pid {pid} ({program}), user {_user(uid)}'


def holders(sockets: Iterable[Socket]) -> list[str]:
    """Return who holds these sockets: pid, program and user of each process, in words."""
    found = {entry.inode: entry for entry in sockets}
    said, seen = [], set()
    for pid in sorted(int(name) for name in os.listdir('/proc') if name.isdigit()) if found else []:
        held = (inodes_of(pid) or set()) & set(found)
        seen |= held
        said += [_described(pid, found[inode].uid) for inode in sorted(held)]
    # Of another container, or gone in the meantime.
    return said + [f'a process of user {_user(entry.uid)}' for entry in found.values() if entry.inode not in seen]


def strangers(address: str, port: int, pid: int | None) -> list[str]:
    """Return who listens on a port of an address without being the process that should, in words; empty for nobody.

    Args:
        pid: of that process, whose children share its sockets; None when it does not run.
    """
    return holders(not_of(listening(address, port), pid))


def not_of(sockets: list[Socket], pid: int | None) -> list[Socket]:
    """Return those of the sockets that a process does not hold.

    Args:
        pid: as for strangers().
    """
    ours = inodes_of(pid) if sockets and pid is not None else set()
    # What can be told without a look at the process is whose the socket is.
    return [entry for entry in sockets if (entry.uid != 0 if ours is None else entry.inode not in ours)]


def takes_from_others(pid: int | None, port: int) -> bool:
    """Return whether a process takes the connections of other hosts to a port; with None, it does not run."""
    sockets = for_others(port)
    return len(not_of(sockets, pid)) < len(sockets)


# What stands for all addresses, and the one of them that is asked.
EVERYWHERE = {'0.0.0.0': '127.0.0.1', '::': '::1'}


def diverted(address: str, port: int) -> bool:
    """Return whether what is sent to a port of an address of this host arrives elsewhere, as rules of the firewall can
    have it (NAT). For that, a connection is made. It is refused where they lead it to nobody."""
    address = EVERYWHERE.get(address, address)
    try:
        with socket.create_connection((address, port), PATIENCE) as own:
            theirs = own.getsockname()[1]
            for dummy in range(LOOKS):
                if (address, port, theirs) in _connections():
                    return False
                time.sleep(process.PAUSE)
    except ConnectionRefusedError:
        return bool(listening(address, port))
    except OSError:
        return False
    return True


def _connections() -> set[tuple[str, int, int]]:
    """Return address and port of each socket that somebody is connected to, and the port that he comes from."""
    return {
        (*_place(fields[1], family), _place(fields[2], family)[1])
        for text, family in _tables()
        for fields in _entries(text)
        if fields[3] != LISTEN
    }


def for_anybody(port: int) -> bool:
    """Return whether any user of this host may listen on a port."""
    try:
        with open(FIRST_UNPRIVILEGED, 'rb') as stream:
            return port >= int(stream.read())
    except (OSError, ValueError):
        return port >= 1024
