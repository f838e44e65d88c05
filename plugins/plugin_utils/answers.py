# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was answered in AWX, letter for letter.

AWX writes each answer as C(!unsafe '0123') into a file of extra variables. Ansible reads that as if there were no
quotes, in YAML 1.1: 83. The file still has what was typed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import yaml
from ansible import context
from ansible.parsing.splitter import parse_kv

MARK = '!unsafe'


class Answer(str):
    """Text as it was typed."""


class _Loader(getattr(yaml, 'CSafeLoader', yaml.SafeLoader)):  # type: ignore[misc]
    """Takes what is marked as text for text. Nothing else that it reads is used."""


def _marked(loader: Any, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return Answer(node.value)
    make = loader.construct_mapping if isinstance(node, yaml.MappingNode) else loader.construct_sequence
    return make(node, deep=True)


_Loader.add_constructor(MARK, _marked)
_Loader.add_multi_constructor('!', lambda loader, suffix, node: None)


def _has_answer(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_answer, value.values()))
    return any(map(_has_answer, value)) if isinstance(value, list) else isinstance(value, Answer)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return list(map(_plain, value)) if isinstance(value, list) else str(value) if isinstance(value, Answer) else value


def from_the_shell(path: str) -> str:
    """Return a path of the user's as an absolute one. Ansible itself works in the playbook's directory."""
    return os.path.abspath(os.path.join(os.environ.get('PWD', ''), os.path.expanduser(path)))


def _read(entry: str) -> Mapping[str, Any]:
    """Return the variables of one C(-e)."""
    text = entry
    if entry.startswith('@'):
        path = from_the_shell(entry[1:])
        if not os.path.isfile(path):
            # A pipe has been read.
            return {}
        with open(path, encoding='utf-8') as file:
            text = file.read()
    elif not entry.startswith(('{', '[')):
        return dict.fromkeys(parse_kv(entry))
    try:
        found = yaml.load(text, _Loader)
    except yaml.YAMLError:
        # JSON with tabs, which has no marks.
        return {}
    # Of a file that is a vault it is text.
    return found if isinstance(found, Mapping) else {}


def answers() -> dict[str, Any]:
    """Return the extra variables of this run that are answers, or have answers in them, by name.

    Of two of the same name the last one counts, as with Ansible.
    """
    found: dict[str, Any] = {}
    for entry in context.CLIARGS.get('extra_vars') or ():
        # Ansible's own texts know where they are from, which is too much for a parser.
        found.update(_read(str(entry)))
    return {name: _plain(value) for name, value in found.items() if _has_answer(value)}
