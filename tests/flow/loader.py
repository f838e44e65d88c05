# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads case files; anything that is not understood is an error naming file, case and key."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import yaml

from tests.flow.model import Case, Configuration, Place

HERE = Path(__file__).resolve().parent
# In the order of the flow table; a file that is not named here comes last.
ORDER = [
    *('outbound', 'outbound_more', 'gateway', 'settings', 'inbound', 'smuggling', 'spam', 'forgery', 'near_misses'),
    'variants',
]
OWN_FILES = [HERE / 'configurations.yml'] + sorted(
    (HERE / 'cases').glob('*.yml'),
    key=lambda path: (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem),
)
# Only here is the envelope recipient known; a mailbox has its owner's name instead.
ENVELOPE_PLACES = ('gateway', 'direct', 'queue', 'bounce:gateway', 'bounce:direct')


class CaseError(Exception):
    """A case file says something that the harness does not understand."""


class _StrictLoader(yaml.SafeLoader):
    """YAML keeps the last of two equal keys without a word: half a case would be lost."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, dummy in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise CaseError(f'line {node.start_mark.line + 1}: the key {key!r} stands twice')
        return super().construct_mapping(node, deep)


class Table:
    """All cases and configurations of the files given."""

    def __init__(self, files=tuple(OWN_FILES)):
        self.configurations = {}
        self.cases = []
        documents = [(Path(name), _read(Path(name))) for name in files]
        for path, document in documents:
            for name, item in document.get('configurations', {}).items():
                self._add_configuration(path, name, item)
        for path, document in documents:
            for item in document.get('cases', []):
                self._add_case(path, document['group'], item)
        self._repeat()
        order = list(self.configurations)
        self.cases.sort(key=lambda case: order.index(case.configuration))

    def _add_configuration(self, path, name, item):
        if name in self.configurations:
            raise CaseError(f'{path}: the configuration {name!r} is there twice')
        like = item.get('like')
        if like is not None and like not in self.configurations:
            raise CaseError(f'{path}: configuration {name!r} is like {like!r}, which no file before it describes')
        base = (
            self.configurations[like].variables
            if like
            else _variables(item['inventory']) if 'inventory' in item else {}
        )
        self.configurations[name] = Configuration(name, {**base, **item['vars']}, like, tuple(item.get('repeat', ())))

    def _add_case(self, path, group, item):
        where = '{}: case {}'.format(path, item['id'])
        if any(case.id == item['id'] for case in self.cases):
            raise CaseError(f'{where}: there is another case of this id')
        configuration = item.get('configuration', 'default')
        if configuration not in self.configurations:
            raise CaseError(
                '{}: configuration: there is no configuration {!r}, only {}'.format(
                    where, configuration, ', '.join(self.configurations)
                )
            )
        if ('gateway' in item) != ('meanwhile' in item):
            raise CaseError(f'{where}: gateway and meanwhile go together')
        inject = dict(item['inject'], to=_strings(item['inject']['to']))
        self.cases.append(
            Case(
                id=item['id'],
                title=item['title'],
                group=group,
                configuration=configuration,
                inject=inject,
                expect=_places(where + ': expect', item['expect'], inject),
                meanwhile=_places(where + ': meanwhile', item.get('meanwhile', []), inject),
                gateway=item.get('gateway'),
                refused=item.get('refused'),
                or_refused=item.get('or_refused', False),
                source=str(path),
            )
        )

    def _repeat(self):
        """Adds, for a configuration that repeats groups of another one, their cases under its own name."""
        for configuration in self.configurations.values():
            for group in configuration.repeat:
                found = [
                    case for case in self.cases if case.group == group and case.configuration == configuration.like
                ]
                if not found:
                    raise CaseError(f'configuration {configuration.name!r} repeats group {group!r}, which has no case')
                self.cases += [
                    dataclasses.replace(case, configuration=configuration.name, repeated=True) for case in found
                ]

    def selected(self, configuration=None, rows=None):
        """The cases of one configuration, or all; of these rows, or all: `O1` has `O1.sendmail` too."""
        for row in rows or ():
            if not any(_is_of(row, case) for case in self.cases):
                raise CaseError('no case has the id {!r}, or one that begins with {!r}'.format(row, row + '.'))
        return [
            case
            for case in self.cases
            if configuration in (None, case.configuration) and (not rows or any(_is_of(row, case) for row in rows))
        ]


def _is_of(row, case):
    return case.id == row or case.id.startswith(row + '.')


def _variables(name):
    path = HERE.parents[1] / name
    try:
        return yaml.load(path.read_text(encoding='utf-8'), Loader=_StrictLoader)
    except (CaseError, OSError, yaml.YAMLError) as error:
        raise CaseError(f'{path}: {error}') from error


def _read(path):
    try:
        document = yaml.load(path.read_text(encoding='utf-8'), Loader=_StrictLoader)
    except (CaseError, OSError, yaml.YAMLError) as error:
        raise CaseError(f'{path}: {error}') from error
    schema = json.loads((HERE / 'cases.schema.json').read_text(encoding='utf-8'))
    errors = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(document),
        key=lambda error: list(map(str, error.absolute_path)),
    )
    if errors:
        raise CaseError('\n'.join(f'{path}: {_in_words(document, error)}' for error in errors))
    return document


def _in_words(document, error):
    steps = list(error.absolute_path)
    words = []
    if len(steps) > 1 and steps[0] == 'cases':
        case = document['cases'][steps[1]]
        words.append(
            'case %s' % (case.get('id', 'number %s' % (steps[1] + 1)) if isinstance(case, dict) else repr(case))
        )
        steps = steps[2:]
    if steps:
        words.append('.'.join(map(str, steps)))
    return ': '.join(words + [error.message])


def _strings(value):
    return [value] if isinstance(value, str) else list(value)


def _places(where, items, inject):
    places = []
    for item in items:
        if item['where'] in ENVELOPE_PLACES:
            # A non-delivery report goes back to who sent the message.
            recipients = _strings(
                item.get('recipient', inject['from'] if item['where'].startswith('bounce:') else inject['to'])
            )
        elif 'recipient' in item:
            raise CaseError('{}: {}: recipient: a place of this kind has none'.format(where, item['where']))
        else:
            recipients = []
        fields = {
            key: item[key] for key in ('count', 'client_certificate', 'sender', 'contains', 'reason') if key in item
        }
        lists = {key: tuple(_strings(item[key])) for key in ('present', 'absent', 'esmtp') if key in item}
        places.append(Place(item['where'], tuple(recipients), **fields, **lists))
    if len(places) > 1 and any(place.where == 'nowhere' for place in places):
        raise CaseError(f'{where}: nowhere stands alone')
    return tuple(places)
