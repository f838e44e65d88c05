# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an option of a role's argument_specs is read, by its type. Private to this collection."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import Setting


def words(value: Any) -> str:
    """One line of text in which blanks may be, such as the name of a mailbox."""
    return readers.text(value, blanks=True)


def number(value: Any) -> float:
    """A finite float; decimal text is accepted."""
    if isinstance(value, str) and re.fullmatch(r'-?[0-9]{1,15}(\.[0-9]{1,15})?', value, re.ASCII):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError('must be a number')
    return float(value)


def loopback_address(value: Any) -> str:
    """An address that only programs of the same host reach."""
    text = readers.text(value)
    # Python's own takes anything for the zone of an address (::1%x).
    if not readers.is_address(text):
        raise ValueError('is no IP address')
    host = ipaddress.ip_address(text)
    if not host.is_loopback:
        raise ValueError('is no loopback address; whoever reaches the hop can send through it')
    return str(host)


def mapping(
    read_name: Callable[[Any], str] = readers.text, read_value: Callable[[Any], Any] = words, lenient: bool = True
) -> Callable[[Any], dict[str, Any]]:
    """Reader of a dictionary.

    Args:
        read_name: reader of its names.
        read_value: reader of its values.
        lenient: whether values that are None, '', a number or a truth value are taken as they are.
    """

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError('must be a dictionary')
        result = {}
        for name, content in value.items():
            try:
                name = read_name(name)
                if not lenient or not (content is None or content == '' or isinstance(content, (bool, int, float))):
                    content = read_value(content)
            except ValueError as exc:
                raise ValueError(f'cannot be used: {readers.shown(name)} {exc}') from exc
            result[name] = content
        return result

    return read


def anything(value: Any) -> Any:
    """What it is has to be found out by whoever uses it."""
    return value


TYPES = {
    'bool': readers.boolean,
    'dict': mapping(),
    'float': number,
    'int': readers.whole_number(),
    'path': readers.directory,
    'raw': anything,
    'str': readers.text,
}


def _type_of(option: Mapping[str, Any]) -> str:
    """The option's type. Where it is C(raw), so that Ansible lets an empty string pass, the default's type tells."""
    kind = option.get('type', 'str')
    default = option.get('default')
    if kind == 'raw' and not has_template(default):
        kinds = {bool: 'bool', int: 'int', float: 'float', dict: 'dict', list: 'list', str: 'str'}
        return kinds.get(type(default), kind)
    return kind


def has_template(default: Any) -> bool:
    """Whether a default has to be evaluated for each host."""
    return '{{' in str(default)


def setting_of(option: Mapping[str, Any], read: Callable[[Any], Any] | None = None) -> Setting:
    """Return how a role's variable is read.

    Args:
        option: its entry in argument_specs.
        read: a reader that is stricter than its type; of one item where it is a list.

    Returns:
        A default that is a template counts as none.
    """
    kind, default = _type_of(option), option.get('default')
    many = kind == 'list'
    if has_template(default):
        default = ''
    if read is None and option.get('choices'):
        read = readers.choice(*[word for word in option['choices'] if word != ''])
    read = read or TYPES[option.get('elements', 'str') if many else kind]
    return Setting(read, default, many, bool(option.get('no_log')))
