# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The structure of the house: which package may know which, what a mail server consists of, and how long things are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS, names, with_role

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / 'plugins' / 'module_utils'
PREFIX = 'ansible_collections.conbool.smtp_relay.plugins.module_utils.'
# Each package may import itself and what stands before it in a line, never what stands behind.
BELOW = {
    '_host': set(),
    '_mta': {'_host'},
    '_settings': {'_host', '_mta'},
    '_smtp': {'_settings'},
    '_rows': {'_host', '_mta', '_settings', '_smtp', '_firewall'},
    '_dns': {'_host', '_settings', '_rows'},
    '_firewall': {'_host', '_settings'},
    '_spam': {'_host', '_settings'},
    # What is true of any Postfix: that of a mail server, of the hop, or the one that is part of Zimbra.
    '_postfix_base': {'_host', '_mta', '_settings', '_rows'},
    # The hop is a Postfix; whoever leads mail to it, is none of its business.
    '_hop': {'_host', '_mta', '_settings', '_rows', '_smtp', '_postfix', '_postfix_base'},
    '_module': {'_host', '_mta', '_settings', '_rows', '_spam', '_firewall', '_hop'},
}
MAIL_SERVER = {'_host', '_mta', '_settings', '_rows', '_postfix_base'}
PYTHON = sorted(path for folder in ('plugins', 'lab', 'tests', 'scripts') for path in (ROOT / folder).rglob('*.py'))
LONGEST_FILE, LONGEST_FUNCTION = 300, 60


def packages():
    return sorted(path.name for path in UTILS.iterdir() if path.is_dir() and path.name != '__pycache__')


def imports(path):
    """Return the packages of module_utils that a file imports from."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name[len(PREFIX) :].split('.')[0] for name in names if name and name.startswith(PREFIX)}
    return found


@pytest.mark.parametrize('package', packages())
def test_arrows_go_one_way(package):
    allowed = MAIL_SERVER if package.lstrip('_') in names() else BELOW[package]
    for path in (UTILS / package).rglob('*.py'):
        assert imports(path) - {package} <= allowed, path.name


def test_every_top_level_name_is_private_and_none_below_is():
    assert [path.name for path in UTILS.iterdir() if not path.name.startswith('_')] == []
    assert [path for path in UTILS.glob('*/*.py') if path.name.startswith('_')] == []


@pytest.mark.parametrize('path', sorted((ROOT / 'plugins' / 'modules').glob('*.py')), ids=lambda path: path.stem)
def test_a_module_knows_no_mail_server_but_its_own(path):
    own = path.stem.split('_')[0]
    others = {f'_{name}' for name in names()} - {f'_{own}'}
    if path.stem != 'outbound_hop':
        # That one runs a Postfix whatever the mail server is.
        assert imports(path) & others == set()
    assert f'\nmodule: {path.stem}\n' in path.read_text(encoding='utf-8')


def newer_than_3_8(tree):
    """Yield the lines that need a newer Python than hosts may have, and that no compiler for it would notice."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ('removeprefix', 'removesuffix'):
            yield node.lineno
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            # Two dictionaries; a set that is built beside another one is no dictionary.
            sides = [each for side in (node.left, node.right) for each in (side, *ast.iter_child_nodes(side))]
            if any(isinstance(each, (ast.Dict, ast.DictComp)) for each in sides):
                yield node.lineno


@pytest.mark.parametrize('folder', ['modules', 'module_utils'])
def test_what_runs_on_a_host_does_with_python_3_8(folder):
    found = {
        path.name: list(newer_than_3_8(ast.parse(path.read_text(encoding='utf-8'))))
        for path in sorted((ROOT / 'plugins' / folder).rglob('*.py'))
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize('path', sorted((ROOT / 'plugins' / 'modules').glob('*.py')), ids=lambda path: path.stem)
def test_a_module_that_takes_settings_is_handed_them(path):
    """One that takes them by itself has all of them in the log of the host."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding='utf-8'))))
    itself = any(isinstance(node, ast.Name) and node.id == 'AnsibleModule' for node in nodes)
    assert not itself or all(getattr(node, 'value', None) != 'settings' for node in nodes)


def test_a_mail_server_is_one_package_one_role_and_its_modules():
    roles = {path.name.removesuffix('_smarthost') for path in (ROOT / 'roles').glob('*_smarthost')}
    assert roles == set(with_role())
    for name in with_role():
        tasks = ROOT / 'roles' / f'{name}_smarthost' / 'tasks'
        assert (tasks / 'main.yml').exists()
        assert (UTILS / f'_{name}' / 'server.py').exists()
        # Of one on another machine there is nothing to read here.
        for kind in ('info', 'smarthost', 'verify') if MAIL_SERVERS[name].signs else ('smarthost', 'verify'):
            assert (ROOT / 'plugins' / 'modules' / f'{name}_{kind}.py').exists()


@pytest.mark.parametrize('folder', ['plugins', 'roles', 'playbooks'])
def test_a_file_that_names_a_mail_server_is_in_its_package_role_or_modules(folder):
    """Plugins, tasks and playbooks outside of them name none in code; documentation, of course, does."""
    strangers = []
    for path in sorted((ROOT / folder).rglob('*')):
        where = path.relative_to(ROOT).as_posix()
        if path.suffix not in ('.py', '.yml') or re.search(r'/meta/|/defaults/|registry\.py|/inventory/', where):
            continue
        if any(re.search(rf'/_{name}(_base)?/', where) or f'/{name}_' in where for name in names()):
            continue
        named = code_names(path) if path.suffix == '.py' else yaml_names(path)
        if named and not where.startswith('plugins/module_utils/_hop/'):
            strangers.append((where, sorted(named)))
    assert strangers == []


def yaml_names(path):
    text = re.sub(r'(?m)^\s*#.*$|^\s*- name:.*$', '', path.read_text(encoding='utf-8'))
    return {name for name in names() if re.search(rf'\b{name}', text)}


def code_names(path):
    """Return the mail servers that are named by a string of code that is one word, as keys and values are."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {name for name in names() if name in found or any(re.fullmatch(rf'{name}_\w+', text) for text in found)}


@pytest.mark.parametrize('path', PYTHON, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_too_long(path):
    text = path.read_text(encoding='utf-8')
    long = [
        f'{node.name}: {node.end_lineno - node.lineno + 1} lines'
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    lines = text.count('\n')
    if lines > LONGEST_FILE:
        long.append(f'{lines} lines')
    assert long == []


@pytest.mark.parametrize('path', sorted((ROOT / 'tests').rglob('*.yml')), ids=lambda path: path.name)
def test_no_table_is_too_long(path):
    assert path.read_text(encoding='utf-8').count('\n') <= LONGEST_FILE


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'roles').rglob('tasks/**/*.yml')) + sorted((ROOT / 'playbooks').rglob('*.yml')), ids=str
)
def test_a_task_is_named_in_sixty_characters(path):
    longest = re.findall(r'- name: (.*)', path.read_text(encoding='utf-8'))
    assert [name for name in longest if len(re.sub(r'\{\{.*?\}\}', '', name)) > 60] == []
