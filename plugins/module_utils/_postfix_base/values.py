# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a service's parameters, and the words of its lists, as the daemon reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import tokens_of

# $name, ${name}, $(name), and the two conditional forms whose text has no braces of its own.
REFERENCE = re.compile(r'\$(?:(\w+)|\{\s*(\w+)\s*([?:][^{}]*)?\}|\(\s*(\w+)\s*([?:][^()]*)?\))')
DEEPEST = 10


def placed_words(text: str) -> list[tuple[str, int, int]]:
    """Split a list at blanks and commas outside of braces, each item with where it begins and ends."""
    return [(text[token.start : token.end], token.start, token.end) for token in tokens_of(text.replace(',', ' '))]


def words(text: str) -> list[str]:
    """Split a list at blanks and commas outside of braces."""
    return [word for word, dummy, dummy in placed_words(text)]


def effective(entry: Mapping[str, Any], parameters: Mapping[str, str], name: str) -> str:
    """Return the value of a parameter in a service, which is its own or main.cf's."""
    return entry['options'].get(name, parameters.get(name, ''))


class Values:
    """What a service's parameters say: its own options, or else main.cf.

    Args:
        entry: of master.cf.
        info: what C(postfix_info) returned; C(parameters), and of those that only the site knows C(configured).
    """

    def __init__(self, entry: Mapping[str, Any], info: Mapping[str, Any]) -> None:
        self._known = {**info['parameters'], **info.get('configured', {}), **entry['options']}

    def of(self, name: str) -> str:
        """Return a value. A reference that is too clever for us stays as it is written."""
        return self._expanded(self._known.get(name, ''), DEEPEST)

    def _expanded(self, text: str, left: int) -> str:
        if left == 0:
            return text

        def replace(match: re.Match[str]) -> str:
            name, condition = match.group(1) or match.group(2) or match.group(4), match.group(3) or match.group(5) or ''
            value = self._expanded(self._known.get(name, ''), left - 1)
            if not condition:
                return value
            return self._expanded(condition[1:], left - 1) if bool(value) == (condition[0] == '?') else ''

        return REFERENCE.sub(replace, text)
