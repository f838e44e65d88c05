# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How zmprov of the double of Zimbra (not Zimbra) prints entries and attributes."""

from __future__ import annotations

import base64

from ..errors import Crash, invalid_request
from ..schema import find
from ..store import Values
from .world import World

# What SOAP hides on every entry, and on servers.
HIDDEN = ('userPassword',)
HIDDEN_ON_SERVERS = ('zimbraSSLPrivateKey',)
BLOCKED = ['VALUE-BLOCKED']


def hide(values: Values, kind: str) -> Values:
    """What SOAP lets through."""
    names = HIDDEN + (HIDDEN_ON_SERVERS if kind == 'servers' else ())
    return {name: BLOCKED if name in names else said for name, said in values.items()}


def line(world: World, text: str) -> None:
    """Print what is no attribute: in the Java machine's own character set, ASCII for LC_ALL=C."""
    if world.env.get('LC_ALL') in ('C', 'POSIX'):
        text = text.encode('ascii', 'replace').decode()
    world.out.write(f'{text}\n')


def attributes(world: World, values: Values, wanted: list[str], force: bool = False) -> None:
    """Print values sorted by name, only those of `wanted` (name, or name=value) if there are any; force: empty ones
    too."""
    asked = _asked(wanted)
    for name in sorted(values):
        chosen = asked.get(name.lower())
        for value in values[name] if not asked or chosen is not None else ():
            if force or (value and (not chosen or value in chosen)):
                _print(world, name, value)
    if force:
        _print_empty(world, values, wanted)


def _asked(wanted: list[str]) -> dict[str, set[str]]:
    """{name: values, none for all}; all in lower case, so that a value with capitals is never found."""
    asked: dict[str, set[str]] = {}
    for filtered in sorted({each.lower() for each in wanted}):
        name, sign, value = filtered.partition('=')
        if sign and not value:
            raise invalid_request(f'missing value for {filtered}')
        asked.setdefault(name, set()).update([value] if sign else [])
    return asked


def _print_empty(world: World, values: Values, wanted: list[str]) -> None:
    """What -fd adds: a line for each known attribute of exactly that name that has no value."""
    if not wanted:
        raise Crash('java.lang.NullPointerException')
    for name in wanted:
        if name not in values and find(name):
            world.out.write(f'{name}: \n')


def _print(world: World, name: str, value: str) -> None:
    attribute = find(name)
    if attribute and attribute.binary:
        chunks = ''.join(f'{value[at : at + 76]}\r\n' for at in range(0, len(value), 76))
        world.out.write(f'{name}:: {chunks}')
    else:
        world.out.write(f'{name}: {value}\n')


def encode_file(path: str) -> str:
    """What is stored for a binary attribute: a file's content. Raises ServiceError for one that cannot be read."""
    try:
        with open(path, 'rb') as file:
            return base64.b64encode(file.read()).decode()
    except OSError as error:
        cause = ('java.io.FileNotFoundException', f'{path} ({error.strerror})')
        raise invalid_request('unable to process arguments', cause) from None
