# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of values that are text and have a grammar of their own: what they let through is copied into files that mail
servers, m4, systemd or a shell read, or handed to a program."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import kinds, readers

NAME = r'[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'
HOST = re.compile(rf'{NAME}(?:\.{NAME})*\.?')
SCOPED = re.compile(r'([0-9A-Fa-f:.]+)%[A-Za-z0-9_.-]+')
NEXT_HOP = re.compile(r'(?:\[(?P<inside>[^\[\]]+)\]|(?P<name>[^\[\]:]+))(?::(?P<port>[^:]+))?')
SERVICE = re.compile(r'(?:(?:\[(?P<inside>[^\[\]]+)\]|(?P<name>[^\[\]:]+)):)?(?P<port>[^:\[\]]+)')
PORT_WORD = re.compile(r'[a-z][a-z0-9-]{0,14}')
BATCH = re.compile('[1-9][0-9]{0,5}|(?:[1-9][0-9]?|100)%')
PARAMETER = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]*')
# What has a variable of its own, with checks of its own.
PARAMETERS_ELSEWHERE = {
    'config_directory': 'outbound_hop_config_dir',
    'data_directory': 'outbound_hop_data_directory',
    'queue_directory': 'outbound_hop_queue_directory',
}
# Wildcards of IMAP, and what means something within a string of Sieve.
FOLDER_CANNOT = '"\\${}*%'
LONGEST_FOLDER = 255


def _is_host(text: str) -> bool:
    # What ends in a number is an address, or meant to be one (RFC 1123 2.1).
    named = HOST.fullmatch(text) and len(text) <= 253 and not text.rstrip('.').rpartition('.')[2].isdigit()
    return bool(named) or readers.is_address(text)


def _is_port(text: str) -> bool:
    return bool(re.fullmatch('[0-9]{1,5}', text, re.ASCII) and 1 <= int(text) <= 65535 or PORT_WORD.fullmatch(text))


def _in_brackets(text: str) -> bool:
    """Whether this can stand in brackets: an address, or a name of which no MX records are looked up."""
    return readers.is_address(re.sub('^ipv6:', '', text, flags=re.IGNORECASE)) or _is_host(text)


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.fullmatch(text)
    if not found:
        return False
    inside, name, port = found.group('inside', 'name', 'port')
    host = _in_brackets(inside) if inside else name is None or _is_host(name)
    return host and (port is None or _is_port(port))


def next_hop(value: Any) -> str:
    """Where Postfix hands mail on by SMTP: host or [host], with or without a port."""
    text = readers.text(value)
    if not _matches(NEXT_HOP, text):
        raise ValueError('is no next hop such as [127.0.0.1]:25, [::1]:25 or [mx.example.com]')
    # Postfix's client ends at a name with a dot behind it, and its mail waits.
    return re.sub(r'\.(?=[\]:]|$)', '', text)


def listener(value: Any) -> str:
    """The name of an inet service in master.cf: a port, which may be a number, with or without the address on which it
    listens."""
    text = kinds.words(value)
    if not _matches(SERVICE, text):
        raise ValueError('is not the name of an inet service in master.cf such as 10025 or 192.0.2.1:smtp')
    return text


def host(value: Any) -> str:
    """The name or address of a host, as the resolver of some other host knows it."""
    text = readers.text(value)
    scoped = SCOPED.fullmatch(text)
    if not readers.is_address(scoped.group(1) if scoped and ':' in text else text) and not _is_host(text):
        raise ValueError('is neither the name of a host nor an IP address')
    return text


def inventory_name(value: Any) -> str:
    """The name of a host in the inventory."""
    text = readers.text(value)
    if text.startswith('-') or not all(character.isalnum() or character in '_.:@-' for character in text):
        raise ValueError('is not the name of a host in the inventory: letters, digits and _ . : @ -')
    return text


def host_groups(value: Any) -> str:
    """Names of groups or hosts of the inventory, with commas between them.

    No pattern: nobody can say whether one was meant to match nothing.
    """
    return ','.join(inventory_name(name) for name in readers.text(value).split(','))


def batches(value: Any) -> str:
    """How many hosts have their turn at once: numbers or percentages with commas between them, one for each batch."""
    sizes = readers.text(value).split(',')
    if not all(BATCH.fullmatch(size) for size in sizes):
        raise ValueError(
            'is no number of hosts, such as 5, no percentage, such as 20%, and no list of them, such as 1,20%'
        )
    return ','.join(sizes)


def controller_file(value: Any) -> str:
    """Absolute path of a file on the controller."""
    try:
        return readers.file_path(value)
    except ValueError as exc:
        raise ValueError(str(exc).replace('the managed host', 'the controller')) from exc


def parameter_name(value: Any) -> str:
    """A name that Postfix takes in main.cf, and that has no variable of its own."""
    name = readers.text(value)
    if not PARAMETER.fullmatch(name):
        raise ValueError('is not the name of a parameter in main.cf')
    if name in PARAMETERS_ELSEWHERE:
        raise ValueError(f'is said by {PARAMETERS_ELSEWHERE[name]}')
    return name


def parameter_value(value: Any) -> str:
    """The value of a parameter in main.cf, on one line."""
    text = kinds.words(value)
    if not text.isascii() or text != text.strip():
        raise ValueError('is not ASCII text without blanks at its edge')
    return text


def folder(value: Any) -> str:
    """The name of a mailbox."""
    name = kinds.words(value)
    strange = sorted(set(name) & set(FOLDER_CANNOT))
    if strange or name != name.strip() or len(name) > LONGEST_FOLDER:
        raise ValueError(
            'is not the name of a folder: blanks at its edge, more than 255 characters, or one of ' + FOLDER_CANNOT
        )
    return name


def file_in(directory: str) -> Callable[[Any], str]:
    """Reader of a file's name, or its absolute path.

    Args:
        directory: where a name without a path is, in words.
    """

    def read(value: Any) -> str:
        text = readers.text(value)
        if '/' in text:
            return readers.file_path(text)
        try:
            readers.file_path('/' + text)
        except ValueError as exc:
            raise ValueError(f'is neither an absolute path nor the name of a file in {directory}') from exc
        return text

    return read
