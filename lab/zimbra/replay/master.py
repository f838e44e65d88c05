# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of master.cf, as recordings have them."""

from __future__ import annotations

import copy
import io

COLUMNS = ('service', 'type', 'private', 'unpriv', 'chroot', 'wakeup', 'maxproc', 'command')


def parse(content: str) -> dict:
    """Return {service/type: {service, type, ..., command, args, rest}} of a master.cf; raises ValueError for a service
    that has too few columns or stands there twice."""
    logical = []
    for line in io.StringIO(content):
        if not line.strip() or line.lstrip().startswith('#'):
            continue
        if line[0].isspace() and logical:
            logical[-1] += line
        else:
            logical.append(line)
    services = {}
    for line in logical:
        entry = _entry(line.split())
        if name_of(entry) in services:
            raise ValueError(f'master.cf has {name_of(entry)} twice')
        services[name_of(entry)] = entry
    return services


def _entry(words):
    entry = dict(zip(COLUMNS, words))
    if len(entry) < len(COLUMNS):
        raise ValueError(f'master.cf: too few columns: {" ".join(words)}')
    entry['args'], rest, words = {}, [], iter(words[len(COLUMNS) :])
    for word in words:
        if word == '-o':
            name, dummy, value = next(words).partition('=')
            entry['args'][name] = value
        else:
            rest.append(word)
    if rest:
        entry['rest'] = ' '.join(rest)
    return entry


def name_of(entry: dict) -> str:
    return f'{entry["service"]}/{entry["type"]}'


def differences(default: list, recorded: dict, ours: dict) -> list:
    """Return how services differ from the default ones changed as recorded: `options`, `columns`, `added`,
    `dropped`."""
    unknown = set(recorded) - {'options', 'columns', 'added', 'dropped'}
    lines = [f' {part} is not understood' for part in sorted(unknown)]
    expected = {name_of(entry): copy.deepcopy(entry) for entry in default}
    added = _added(recorded.get('added'))
    named = {*_names(recorded.get('dropped')), *(recorded.get('options') or {}), *(recorded.get('columns') or {})}
    lines += [f' {name}: recorded, and nowhere' for name in sorted(named - {*expected, *added})]
    for name in _names(recorded.get('dropped')):
        expected.pop(name, None)
    for name, entry in added.items():
        # Of one that is only named, no more is known.
        expected[name] = copy.deepcopy(entry if entry is not None else ours.get(name))
    for name, entry in expected.items():
        if entry is not None:
            options = {**entry.get('args', {}), **(recorded.get('options') or {}).get(name, {})}
            entry['args'] = {option: value for option, value in options.items() if value is not None}
            entry.update((recorded.get('columns') or {}).get(name, {}))
    for name in sorted({*expected, *ours}):
        lines += _service(name, expected.get(name), ours.get(name))
    return lines


def _service(name, expected, ours):
    if expected is None or ours is None:
        return [f' {name}: {"by the double, not recorded" if ours else "recorded, not by the double"}']
    return [
        f' {name} {part}: recorded {expected.get(part)!r}, the double {ours.get(part)!r}'
        for part in (*COLUMNS, 'args', 'rest')
        if expected.get(part) != ours.get(part)
    ]


def _names(services):
    return [service if isinstance(service, str) else name_of(service) for service in services or ()]


def _added(services):
    """{service/type: entry, or None if only its name is recorded}, whether recorded as list or mapping."""
    if isinstance(services, dict):
        return {name: _completed(name, entry) for name, entry in services.items()}
    return {name_of(entry): entry for entry in services or () if not isinstance(entry, str)} | {
        name: None for name in services or () if isinstance(name, str)
    }


def _completed(name, entry):
    return dict(zip(('service', 'type'), name.rsplit('/', 1))) | entry
