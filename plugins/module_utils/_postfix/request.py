# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a caller of postfix_config wants, checked: nothing in it can end a line or add a directive of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import SPACES
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import (
    FIELDS,
    Service,
    key_of,
    tokens_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.policy import PROGRAM

INDEXED = {'hash': '.db', 'btree': '.db', 'lmdb': '.lmdb', 'cdb': '.cdb'}
PLAIN = ('texthash', 'regexp', 'pcre', 'cidr', PROGRAM)
RESERVED = (
    'main.cf',
    'master.cf',
    'dynamicmaps.cf',
    'postfix-files',
    'main.cf.proto',
    'master.cf.proto',
    'post-install',
    'postfix-script',
)

PARAMETER_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]*\Z')
SERVICE_NAME = re.compile(r'[A-Za-z0-9_.:/\[\]-]+\Z')
OWNER_ID = re.compile(r'[a-z][a-z0-9_]*\Z')
CONTROL = re.compile(r'[\x00-\x08\x0a-\x1f\x7f]')
UNIT_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9:_.@-]*\.service\Z')
WAKEUP = re.compile(r'(-|[0-9]+\??)\Z')
MAX_PROCESSES = re.compile(r'(-|[0-9]+)\Z')


class RequestError(HostError):
    """The wanted state cannot be meant; the text names the option and the value."""


class Table:
    """A wanted lookup table."""

    def __init__(self, path: str, kind: str, content: str, mode: int) -> None:
        self.path = path
        self.kind = kind
        self.content = content
        self.mode = mode


class Request:
    """The checked options."""

    def __init__(
        self,
        owner: str,
        parameters: dict[str, str | None],
        services: dict[str, Service],
        options: dict[str, dict[str, Any]],
        tables: dict[str, Table],
        absent: bool = False,
        exclusive: bool = False,
    ) -> None:
        self.owner = owner
        self.absent = absent
        self.exclusive = exclusive
        self.parameters = parameters
        self.services = services
        # {key: {'label': 'submission/inet', 'optional': bool, 'options': {name: value or None}}}
        self.options = options
        self.tables = tables


def fail(option: str, value: Any, reason: str) -> NoReturn:
    raise RequestError(f'{option}: {value!r} {reason}')


def text_value(option: str, value: Any) -> str:
    """Return a value as Postfix will read it back; YAML's booleans and integers become Postfix's."""
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        fail(option, value, 'is not a string')
    if CONTROL.search(value):
        fail(option, value, 'contains a line break or another control character')
    if value != value.strip(SPACES):
        fail(option, value, 'begins or ends with a blank, which Postfix drops')
    return value


def parameter_name(option: str, name: Any) -> str:
    if not isinstance(name, str) or not PARAMETER_NAME.match(name):
        fail(option, name, 'is not a parameter name')
    return name


def override_value(option: str, value: Any) -> str:
    """Return the value of a -o option; master(8) splits at blanks outside of balanced braces."""
    value = text_value(option, value)
    depth = 0
    for char in value:
        depth += {'{': 1, '}': -1}.get(char, 0)
        if depth < 0:
            break
    if depth:
        fail(option, value, 'has unbalanced braces')
    return value


def read_parameters(values: Mapping[str, Any]) -> dict[str, str | None]:
    wanted = {}
    for name, value in values.items():
        parameter_name('parameters', name)
        wanted[name] = None if value is None else text_value(f'parameters.{name}', value)
    return wanted


def read_service(entry: Mapping[str, Any]) -> Service:
    name, kind = entry['name'], entry['type']
    option = f'services[{name}/{kind}]'
    if not SERVICE_NAME.match(name):
        fail('services.name', name, 'is not a service name')
    if kind == 'inet' and entry['private'] != 'n':
        fail(option + '.private', entry['private'], 'cannot be: an inet service is never private, say "n"')
    for field, pattern in (('wakeup', WAKEUP), ('max_processes', MAX_PROCESSES)):
        if not pattern.match(entry[field]):
            fail(f'{option}.{field}', entry[field], 'is neither a number nor "-"')
    command = [token.value for token in tokens_of(override_value(option + '.command', entry['command']))]
    if not command:
        fail(option + '.command', entry['command'], 'is empty')
    if any(word.startswith('-o') for word in command):
        fail(option + '.command', entry['command'], 'contains -o; use "options"')
    options = {
        parameter_name(option + '.options', key): override_value(f'{option}.options.{key}', value)
        for key, value in (entry['options'] or {}).items()
    }
    return Service(name, kind, [entry[field] for field in FIELDS], command, options)


def read_service_options(entry: Mapping[str, Any]) -> dict[str, Any]:
    label = '{}/{}'.format(entry['name'], entry['type'])
    options = {}
    for name, value in entry['options'].items():
        parameter_name(f'service_options[{label}].options', name)
        options[name] = None if value is None else override_value(f'service_options[{label}].options.{name}', value)
    return {'label': label, 'optional': entry['optional'], 'options': options}


def read_table(entry: Mapping[str, Any], default_type: str | None) -> Table:
    path = entry['path']
    parts = path.split('/')
    if (
        CONTROL.search(path)
        or re.search(f'[{SPACES},:]', path)
        or path != os.path.normpath(path)
        or parts[0] in ('', '..', '.')
    ):
        fail('tables.path', path, 'is not a plain path relative to config_dir')
    if path in RESERVED:
        fail('tables.path', path, 'belongs to Postfix itself')
    kind = default_type if entry['type'] == 'default' else entry['type']
    if kind not in INDEXED and kind not in PLAIN:
        fail(
            f'tables[{path}].type',
            kind,
            'cannot be built here; known are {}'.format(', '.join(sorted(INDEXED) + sorted(PLAIN))),
        )
    content = entry['content']
    if entry['entries'] is not None:
        content = ''.join(
            f'{table_key(path, kind, key)} {table_value(path, key, value)}\n' for key, value in entry['entries'].items()
        )
    if re.search(r'[\x00-\x08\x0b-\x1f\x7f]', content):
        fail(f'tables[{path}].content', content[:80], 'contains a control character')
    if content and not content.endswith('\n'):
        content += '\n'
    return Table(path, kind, content, table_mode(path, entry['mode']))


def table_key(path: str, kind: str, key: Any) -> str:
    key = text_value(f'tables[{path}].entries', key)
    if not key or key[0] == '#':
        fail(f'tables[{path}].entries', key, 'is not a key')
    if kind not in ('regexp', 'pcre') and re.search(f'[{SPACES}]', key):
        fail(f'tables[{path}].entries', key, 'contains a blank')
    return key


def table_value(path: str, key: str, value: Any) -> str:
    value = text_value(f'tables[{path}].entries[{key}]', value)
    if not value:
        fail(f'tables[{path}].entries[{key}]', value, 'is empty')
    return value


def table_mode(path: str, mode: Any) -> int:
    if isinstance(mode, str) and re.match(r'0?[0-7]{3}\Z', mode):
        return int(mode, 8)
    if isinstance(mode, int) and not isinstance(mode, bool) and 0 <= mode <= 0o777:
        return mode
    return fail(f'tables[{path}].mode', mode, 'is not an octal file mode such as "0644"')


def unique(option: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found = {}
    for key, value in pairs:
        if key in found:
            fail(option, key, 'is given twice')
        found[key] = value
    return found


def owner_id(value: str) -> str:
    if not OWNER_ID.match(value):
        fail('owner_id', value, 'must consist of small letters, digits and "_" and begin with a letter')
    return value


def read_unit(params: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return name and content of the wanted unit, the content None when it has to go; or (None, None).

    Raises:
        RequestError: naming option and value.
    """
    unit = params['unit']
    if not unit:
        return None, None
    if not UNIT_NAME.match(unit['name']):
        fail('unit.name', unit['name'], 'is not the name of a service unit')
    if not params['create']:
        fail('unit', unit['name'], 'is given for an instance that is not made here; say create=true')
    if params['state'] == 'absent':
        return unit['name'], None
    if not unit['content']:
        fail('unit.content', unit['content'], 'is not the content of a unit')
    return unit['name'], unit['content']


def read_request(params: Mapping[str, Any], default_type: Callable[[], str]) -> Request:
    """Return the Request in a module's parameters.

    Args:
        default_type: returns the host's default_database_type; only called when a table needs it.

    Raises:
        RequestError: naming option and value.
    """
    owner = owner_id(params['owner_id'])
    exclusive = params['exclusive']
    if exclusive and not params['create']:
        fail('exclusive', True, 'is meant for an instance that is made here; say create=true')
    if params['state'] == 'absent':
        return Request(owner, {}, {}, {}, {}, absent=True, exclusive=exclusive)
    services = unique('services', [(service.key, service) for service in map(read_service, params['services'])])
    options = unique(
        'service_options',
        [(key_of(entry['name'], entry['type']), read_service_options(entry)) for entry in params['service_options']],
    )
    for key in sorted(set(services) & set(options)):
        fail('service_options', options[key]['label'], 'is also given as a whole in services')
    needs_default = any(entry['type'] == 'default' for entry in params['tables'])
    kind = default_type() if needs_default else None
    tables = unique(
        'tables', [(table.path, table) for table in (read_table(entry, kind) for entry in params['tables'])]
    )
    parameters = read_parameters(params['parameters'])
    return Request(owner, parameters, services, options, tables, exclusive=exclusive)
