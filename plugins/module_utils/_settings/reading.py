# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads variables by a table of settings, collecting what is wrong instead of stopping at it. Private."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers


class Setting(NamedTuple):
    """How one variable is read, and its value when unset. With C(many) it is a list of what C(read) reads. The value of
    a C(secret) is not shown."""

    read: Callable[[Any], Any]
    default: Any = None
    many: bool = False
    secret: bool = False


def is_list(value: Any) -> bool:
    """Whether the value is a list, which text is not."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def is_unset(value: Any) -> bool:
    """Empty strings count as unset: AWX sends them for unanswered questions."""
    if isinstance(value, (str, Mapping)) or value is None:
        return not value
    return is_list(value) and all(item is None or item == '' for item in value)


def _plain(default: Any) -> Any:
    """A default of its own for each host: the specifications are shared by all."""
    if isinstance(default, Mapping):
        return dict(default)
    return list(default) if is_list(default) else default


class Reader:
    """Reads every variable, remembering each problem instead of stopping at the first.

    Args:
        variables: name to value; a variable whose template could not be evaluated has the exception as its value.
        settings: name to L(Setting), of all variables that there are.

    Attributes:
        values: name to what was read, or the default where a variable is unset or cannot be used.
        problems: one text for each, which names the variable.
        warnings: texts.
        faulty: names of the variables with problems.
    """

    def __init__(self, variables: Mapping[str, Any], settings: Mapping[str, Setting]) -> None:
        self.variables = variables
        self.problems: list[str] = []
        self.faulty: set[str] = set()
        self.warnings: list[str] = []
        self._secret = {name for name, setting in settings.items() if setting.secret}
        self.values = {name: self._value(name, setting) for name, setting in settings.items()}

    def problem(self, name: str, value: Any, reason: str | Exception) -> None:
        """Remember that the variable, because of this value, cannot be used."""
        self.faulty.add(name)
        hidden = name in self._secret and readers.PEM_MARK not in repr(value)
        shown = '(not shown)' if hidden else readers.shown(value)
        self.problems.append(f'{name}: {shown} {reason}')

    def one(self, name: str, read: Callable[[Any], Any], value: Any) -> Any:
        """Return what is read, None when it cannot be."""
        try:
            return read(value)
        except ValueError as exc:
            self.problem(name, value, exc)
        return None

    def good(self, *names: str) -> bool:
        """Whether none of these variables has a problem."""
        return not self.faulty.intersection(names)

    def _value(self, name: str, setting: Setting) -> Any:
        value, default = self.variables.get(name), _plain(setting.default)
        if isinstance(value, Exception):
            reason = ' '.join(str(value).split())
            self.faulty.add(name)
            self.problems.append(f'{name}: cannot be evaluated' + ('' if readers.PEM_MARK in reason else f': {reason}'))
            return default
        if is_unset(value):
            return default
        if readers.PEM_MARK in repr(value):
            # Before it is taken apart, so that no piece of a private key gets into a message.
            self.problem(name, value, 'must not be the content of a key or certificate')
            return default
        if not setting.many:
            return self.one(name, setting.read, value)
        if isinstance(value, (int, float, datetime.date)):
            # An INI inventory, or YAML, takes for a number what was typed as a list of one.
            value = [value]
        if isinstance(value, str):
            # A text area, or -e name=a,b: any of the usual separators. A list's own items are never split.
            value = [item for item in re.split('[, \t\r\n]+', value) if item]
        elif not is_list(value):
            self.problem(name, value, 'must be a list')
            return []
        items = [self.one(name, setting.read, item) for item in value]
        return [item for item in items if item is not None] if value else default
