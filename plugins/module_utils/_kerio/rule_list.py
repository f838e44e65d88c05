# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordered lists of rules that the interface takes as a whole: ours, known by description, among those of others."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import KerioError


def name_problems(rules: list[dict[str, Any]], number: int) -> list[str]:
    """What is wrong with the name of one of the rules that are asked for."""
    name, where, found = rules[number]['name'], f'rules[{number}].name', []
    if not name.strip() or not name.isprintable():
        found.append(f'{where}: {name!r} is no name')
    if [rule['name'] for rule in rules].count(name) > 1:
        found.append(f'{where}: {name!r} is there more than once')
    return found


def split(before: list[dict[str, Any]], names: list[str]) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Rules of these names by their name, and copies of the others in their order.

    Raises:
        KerioError: two rules have one of the names.
    """
    held: dict[str, dict[str, Any]] = {}
    for rule in before:
        name = rule['description']
        if name in names and name in held:
            raise KerioError(f'two rules or more are called {name!r}: remove all but one of them')
        if name in names:
            held[name] = rule
    return held, [copy.deepcopy(rule) for rule in before if rule['description'] not in names]


def placed(ours: list[dict[str, Any]], others: list[dict[str, Any]], position: str) -> list[dict[str, Any]]:
    """All of them; position: first or last."""
    return [*ours, *others] if position == 'first' else [*others, *ours]


def write(
    read: Callable[[], list[dict[str, Any]]],
    send: Callable[[], Any],
    before: list[dict[str, Any]],
    wanted: list[dict[str, Any]],
    shown: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> None:
    """Sends a list, unless somebody else has changed it, and looks whether the server holds it.

    Args:
        before: the list from which ours was made.
        wanted: ours, as shown.
        shown: leaves out what may differ by itself.
    """
    # Whoever has changed the list in between would lose that.
    if shown(read()) != shown(before):
        raise KerioError('somebody else changes the rules at this moment: nothing was changed, run this again')
    send()
    if not within(wanted, shown(read())):
        raise KerioError('the server has taken the rules, and holds others: look at them')


def within(wanted: Any, held: Any) -> bool:
    """Whether a value is held, and no more than members that only the server knows are added."""
    if isinstance(wanted, dict) and isinstance(held, dict):
        return all(name in held and within(value, held[name]) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(held, list):
        return len(wanted) == len(held) and all(map(within, wanted, held))
    return bool(wanted == held)
