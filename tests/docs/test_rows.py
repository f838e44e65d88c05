# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each row that code can give stands in a table of preflight or verify, and each one there can be given."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLES = [ROOT / 'roles' / role / 'README.md' for role in ('preflight', 'verify')]
# What any question, and any conversation by SMTP, can come to; documents of their own name what DNS and SMTP find.
ANY = ('failed', 'unasked', 'unreachable')
SMTP = ('gateway', 'hop', 'inbound')
NAME = r'[a-z_]+(?:\.[a-z_]+)+'
# They are said of a run or of DNS as a whole, and by a role.
OF_ROLES = {'preflight.failed', 'dns.failed'}
# Only of the gateway is asked how long its certificate is valid.
NEVER = {'hop.expires', 'inbound.expires'}


def documented():
    found = set()
    for path in TABLES:
        lines = [line for line in path.read_text(encoding='utf-8').splitlines() if line.startswith('| `')]
        found |= {name for line in lines for name in re.findall(rf'`({NAME})`', line.split('|')[1])}
    return found


def trees():
    folder = ROOT / 'plugins/module_utils'
    for path in sorted(folder.glob('_*/*.py')):
        if path.parent.name != '_dns':
            yield path, ast.parse(path.read_text(encoding='utf-8'))


TREES = [(path, list(ast.walk(tree)), tree) for path, tree in trees()]


@lru_cache(maxsize=None)
def calls():
    """Return the called function and the arguments of each call."""
    return [
        (getattr(node.func, 'id', getattr(node.func, 'attr', '')), node.args)
        for dummy, nodes, dummy in TREES
        for node in nodes
        if isinstance(node, ast.Call) and node.args
    ]


def text_of(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ''


TEXTS = {text_of(node) for dummy, nodes, dummy in TREES for node in nodes}


def literal(pattern):
    return {text for text in TEXTS if re.fullmatch(pattern, text)}


def families():
    """The first words of all rows whose name is written out."""
    return {
        text.partition('.')[0]
        for name, words in calls()
        if name == 'row'
        for text in [text_of(words[0])]
        if '.' in text
    }


def ending_of(node):
    """Return what follows the identifier in a name that is made of both, empty for anything else."""
    if isinstance(node, ast.JoinedStr) and len(node.values) == 2:
        first, last = getattr(node.values[0], 'value', None), node.values[1]
    elif isinstance(node, ast.BinOp):
        first, last = node.left, node.right
    else:
        return ''
    return text_of(last) if getattr(first, 'id', '') == 'identifier' else ''


def endings(function, functions):
    """Return what a function, and those of its file that it hands the identifier to, put behind that."""
    nodes = list(ast.walk(function))
    found = {ending_of(node) for node in nodes}
    for node in nodes:
        if isinstance(node, ast.Call) and any(getattr(word, 'id', '') == 'identifier' for word in node.args):
            other = functions.get(getattr(node.func, 'id', ''))
            found |= endings(other, functions) if other not in (None, function) else set()
    return {ending for ending in found if ending.strip('.') not in ('', *ANY)}


@lru_cache(maxsize=None)
def composed():
    """Rows whose name is made of a part that a function is given, and of one of its own."""
    found = set()
    for dummy, dummy, tree in TREES:
        functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for name, function in functions.items():
            names = [argument.arg for argument in function.args.args]
            # What begins so is called with an identifier that somebody else was given.
            if 'identifier' in names and not name.startswith('_') and name != 'row':
                place = names.index('identifier')
                given = {text_of(words[place]) for called, words in calls() if called == name and len(words) > place}
                found |= {''.join(pair) for pair in product(given - {''}, endings(function, functions))}
    return found - NEVER


@lru_cache(maxsize=None)
def written():
    """Rows whose name is written out somewhere, be it as an argument or as a constant."""
    known = '|'.join(sorted(families()))
    # In pages, a step is no row; a file is none; and what a composed name begins with.
    others = {'submit.cf', *(text_of(words[0]) for name, words in calls() if name == 'outsider_rows')}
    others |= {f'inbound.{step}' for step in ('banner', 'starttls', 'tls')}
    return literal(rf'({known})(\.[a-z_]+)+') - others


@lru_cache(maxsize=None)
def asked():
    """The questions that may have no answer."""
    listed = {
        text_of(node.elts[0])
        for path, nodes, dummy in TREES
        for node in nodes
        if path.parent.name == '_module' and isinstance(node, ast.Tuple) and len(node.elts) in (2, 3)
    }
    known = {text for text in listed if text.partition('.')[0] in families()}
    return {text_of(words[0]) for name, words in calls() if name == 'asked'} - {''} | known


def test_all_that_code_gives_is_in_a_table():
    rows = written() | composed() | {f'{name}.failed' for name in asked()}
    assert len(rows) > 100 and sorted(rows - documented()) == []


@pytest.mark.parametrize('name', sorted(documented() - OF_ROLES))
def test_all_that_is_in_a_table_is_given_by_code(name):
    first, dummy, rest = name.partition('.')
    parts = literal('[a-z_]+')
    assert (
        name in written() | composed()
        or (name.rpartition('.')[2] in ANY and name.rpartition('.')[0] in asked() | parts)
        # Steps of a conversation, and parts of a change, have their names to themselves.
        or (first in (*SMTP, 'drift') and rest in parts)
    ), name
