# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections: what belongs to a service in main.cf and files, which values it depends on, what is restarted."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path

from .macros import text

DATA = Path(__file__).parent / 'data'
KINDS = {'attribute': 'VAR', 'local': 'LOCAL', 'list': 'FILE', 'mapped': 'MAPLOCAL', 'service': 'SERVICE'}


@dataclass
class Section:
    """A section as one poll sees it. `tracked`: {key: kind} of the values whose change counts."""

    name: str
    depends: list = field(default_factory=list)
    restarts: list = field(default_factory=list)
    files: dict = field(default_factory=dict)
    tracked: dict = field(default_factory=dict)
    main_cf: dict = field(default_factory=dict)
    removed: list = field(default_factory=list)
    changed: bool = False


@functools.lru_cache(maxsize=None)
def table() -> dict:
    """Return what data/sections.json says: {section: {service, depends, restarts, files, ...}}."""
    return json.loads((DATA / 'sections.json').read_text(encoding='utf-8'))


@functools.lru_cache(maxsize=None)
def parameters() -> tuple:
    """Return what data/parameters.txt says: (section, parameter, source, key or text, condition), the condition as
    (kind, key) or None."""
    found = []
    for line in (DATA / 'parameters.txt').read_text(encoding='utf-8').splitlines():
        if not line or line.startswith('#'):
            continue
        section, name, source, *more = line.split()
        operand = '' if source in ('empty', 'removed') else more.pop(0)
        condition = None
        if more:
            sense, kind, key = more
            condition = (KINDS[kind], key if sense == 'if' else f'!{key}')
        found.append((section, name, source, operand, condition))
    return tuple(found)


def owned() -> set:
    """Return the names of the parameters of main.cf that the daemon writes or removes."""
    return {name for dummy, name, *dummies in parameters()}


def load(values) -> dict:
    """Return {name: Section} of the sections whose service is enabled. Raises UnicodeEncodeError for a value of an
    owned parameter that is not ASCII, OSError for a list file that is missing."""
    found = {}
    for name, described in table().items():
        if values.holds('SERVICE', described['service']):
            found[name] = _section(name, described, values)
    return found


def _section(name, described, values):
    section = Section(name, described.get('depends', []), described.get('restarts', []))
    for target, source in described.get('files', {}).items():
        template, mode = source if isinstance(source, list) else (source, '0440')
        section.files[target] = (template, int(mode, 8))
    for key in described.get('maps', []):
        values.look_up('MAPFILE', key)
    for source in ('mapped', 'local'):
        section.tracked.update(dict.fromkeys(described.get(source, []), KINDS[source]))
    section.tracked.update(dict.fromkeys(described.get('attributes', []), 'VAR'))
    for owner, parameter, source, operand, condition in parameters():
        if owner == name and (condition is None or values.holds(*condition)):
            _parameter(section, values, parameter, source, operand, condition is None)
    return section


def _parameter(section, values, parameter, source, operand, always):
    """Decide about one parameter. Only outside of conditions TRUE and FALSE become words of Postfix, and an unset
    value becomes an empty one."""
    if source == 'removed':
        section.removed.append(parameter)
    elif source in ('empty', 'text'):
        section.main_cf[parameter] = operand
    else:
        value = values.look_up(KINDS[source], operand)
        section.tracked[operand] = KINDS[source]
        if always:
            value = '' if value is None else {'TRUE': 'yes', 'FALSE': 'no'}.get(text(value).upper(), value)
        if value is not None:
            section.main_cf[parameter] = value
