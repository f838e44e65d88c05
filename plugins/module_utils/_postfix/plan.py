# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what is with what is wanted and what was: the new documents, and what has to be remembered for undo.

Each part of the configuration (parameter, service, option, table) is treated alike:
- wanted and already so: left as it is;
- wanted and different: its original is recorded, unless one is recorded already, and it is changed;
- recorded and no longer wanted: the original comes back, unless somebody has changed it since, which is a warning.

Each function returns the records twice: C(pending) covers what is on disk before, between and after the
switch, C(settled) only what is there afterwards.
"""

from __future__ import annotations

import copy
import hashlib

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.main_cf import render, value_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.references import without
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import INDEXED

FRESH, STALE, MISSING = 'fresh', 'stale', 'missing'


class PlanError(HostError):
    """The wanted state cannot be reached on this host; nothing was changed."""


def left_alone(what):
    return f'{what} was changed by somebody else since it was set here and is left as it is'


def taken_out(what, rest):
    return (
        f'{what} was changed by somebody else since it was set here: what was set here is taken out of it, and the rest'
        f' stays: {rest}'
    )


def _rest(current, written, before):
    """Return what somebody else's change to a value of ours comes to without ours, or None when ours is not whole in
    it."""
    rests = [without(current, ours, before) for ours in reversed(written) if ours is not None]
    return next((rest for rest in rests if rest is not None), None)


def refuse_conflicts(request, others):
    """Two owners of one thing could not be undone independently.

    Raises:
        PlanError: naming both owners and the thing.
    """
    for other, records in sorted(others.items()):
        shared = [f'parameter {name}' for name in request.parameters if name in records['parameters']]
        shared += [f'table {path}' for path in request.tables if path in records['tables']]
        for key, service in request.services.items():
            if key in records['services'] or records['service_options'].get(key):
                shared.append(f'service {service.name}/{service.kind}')
        for key, entry in request.options.items():
            taken = records['service_options'].get(key, {})
            shared += [
                'option {} of service {}'.format(name, entry['label']) for name in entry['options'] if name in taken
            ]
            if key in records['services']:
                shared.append('service {}'.format(entry['label']))
        if shared:
            raise PlanError(
                '{}: wanted by owner_id {}, but already set by owner_id {}'.format(
                    ', '.join(sorted(shared)), request.owner, other
                )
            )


def plan_parameters(main, owner, recorded, wanted, warnings, default=''.format):
    """Plan the parameters of main.cf.

    Args:
        default: function that returns the value that a parameter has when main.cf does not name it.
    """
    pending, settled = copy.deepcopy(recorded), {}
    for name, record in recorded.items():
        current, originals = main.get(name), record['original']
        original = value_of(originals[-1]) if originals else None
        ours, rest = current in record['written'], None
        if not ours and current not in (None, original):
            before = default(name) if original is None else original
            rest = _rest(current, record['written'], before)
            ours = rest == before
        if name in wanted:
            if rest is not None and not ours:
                # What somebody else added is part of what an undo leaves.
                pending[name]['original'] = [render(name, rest)]
        elif ours:
            main.put_back(owner, name, originals)
        elif rest is not None:
            main.set(name, rest)
            warnings.append(taken_out(f'main.cf: {name}', rest))
        else:
            main.forget_places(owner, name, len(originals))
            if current != original:
                warnings.append(left_alone(f'main.cf: {name}'))
    new = []
    for name, value in wanted.items():
        record = pending.get(name)
        if main.get(name) == value:
            if record:
                settled[name] = dict(record, written=[value])
            continue
        originals = record['original'] if record else main.texts(name)[-1:]
        back_to_original = record and value == (value_of(originals[-1]) if originals else None)
        if record and (back_to_original or value is None or main.get(name) is None):
            main.put_back(owner, name, originals)
        if main.get(name) != value:
            if value is None:
                originals = main.texts(name)
                main.take_out(owner, name)
            elif not main.set(name, value):
                new.append((name, value))
            settled[name] = {'original': originals, 'written': [value]}
        pending[name] = {'original': originals, 'written': (record['written'] if record else []) + [value]}
    main.add(owner, new)
    if not any(not record['original'] for record in settled.values()):
        main.drop_heading(heading(owner))
    return pending, settled


def plan_options(master, owner, recorded, wanted, removed, warnings, inherited=''.format):
    """Plan single options of entries that are somebody else's.

    Args:
        inherited: function that returns the value that a parameter has in a service which does not name it.
        removed: keys of the entries that are going to be deleted.
    """
    pending, settled = copy.deepcopy(recorded), {}
    for key, records in recorded.items():
        # Lines that were added go before places are filled: they may stand where a cut line has to be joined.
        for name, record in sorted(records.items(), key=lambda item: bool(item[1]['cuts'])):
            if name in wanted.get(key, {}).get('options', {}):
                continue
            if not master.find(key):
                warnings.append(left_alone('master.cf: the entry {}'.format(record['label'])))
            else:
                _undo_option(master, owner, key, name, record, warnings, inherited)
    for key, entry in wanted.items():
        if not master.find(key) or key in removed:
            if entry['optional']:
                continue
            raise PlanError('service_options: {}: master.cf has no such entry'.format(entry['label']))
        for name, value in entry['options'].items():
            record = recorded.get(key, {}).get(name)
            if master.option(key, name) == value:
                if record:
                    settled.setdefault(key, {})[name] = dict(record, written=[value])
                continue
            if record:
                for ours in record['written'] + [master.option(key, name)]:
                    if ours not in (None, record['original']):
                        master.unset_option(key, name, ours)
                master.paste_option(owner, key, name, record['cuts'])
            original, cuts = record['original'] if record else master.option(key, name), []
            if master.option(key, name) != value:
                if value is None:
                    cuts = master.cut_option(owner, key, name)
                else:
                    try:
                        master.set_option(key, name, value)
                    except ValueError as exc:
                        raise PlanError(
                            'service_options: {}: cannot add -o {}: {}; give the whole entry in services'.format(
                                entry['label'], name, exc
                            )
                        ) from exc
                settled.setdefault(key, {})[name] = {
                    'label': entry['label'],
                    'original': original,
                    'written': [value],
                    'cuts': cuts,
                }
            pending.setdefault(key, {})[name] = {
                'label': entry['label'],
                'original': original,
                'written': (record['written'] if record else []) + [value],
                'cuts': cuts or (record['cuts'] if record else []),
            }
    return pending, settled


def _undo_option(master, owner, key, name, record, warnings, inherited):
    """Bring one option back, as far as nobody else has changed it."""
    current, original, what = (
        master.option(key, name),
        record['original'],
        'master.cf: -o {} of {}'.format(name, record['label']),
    )
    if current in record['written'] and (current is None or current != original):
        if current is not None:
            master.unset_option(key, name, current)
        if not master.paste_option(owner, key, name, record['cuts']):
            warnings.append(left_alone(what))
        return
    master.forget_cuts(owner, key, name, record['cuts'])
    if current == original:
        return
    before = inherited(name) if original is None else original
    rest = _rest(current, record['written'], before) if current is not None else None
    if rest == before:
        master.unset_option(key, name, current)
    elif rest is not None:
        master.change_option(key, name, rest)
    if rest != before:
        warnings.append(left_alone(what) if rest is None else taken_out(what, rest))


def plan_services(master, owner, recorded, wanted, warnings):
    """Plan the whole entries, all but the deletions.

    Returns:
        tuple: pending and settled records, and the keys of entries to delete in the end.
    """
    pending, settled, removed = copy.deepcopy(recorded), {}, []
    present = master.services()
    for key, record in recorded.items():
        if key in wanted:
            continue
        service = present.get(key)
        if service and service.meaning() in record['written']:
            if record['original'] is None:
                removed.append(key)
            else:
                master.put_back(key, record['original'])
        elif (master.span(master.find(key).line) if service else None) != record['original']:
            warnings.append(left_alone('master.cf: the entry {}'.format(record['label'])))
    changed = []
    for key, service in wanted.items():
        record = recorded.get(key)
        if key in present and present[key].meaning() == service.meaning():
            if record:
                settled[key] = dict(record, written=[service.meaning()])
            continue
        entry = master.find(key)
        original = record['original'] if record else master.span(entry.line) if entry else None
        settled[key] = {'label': f'{service.name}/{service.kind}', 'original': original, 'written': [service.meaning()]}
        pending[key] = dict(settled[key], written=(record['written'] if record else []) + settled[key]['written'])
        changed.append(service)
    master.put(owner, changed)
    return pending, settled, removed


def delete_services(master, owner, removed, settled):
    """Return a copy of master.cf without the entries that are no longer wanted."""
    final = MasterCf(master.text())
    for key in removed:
        final.put_back(key, None)
    if not any(record['original'] is None for record in settled.values()):
        final.drop_heading(heading(owner))
    return final


class TableState:
    """A table's file: content (None when there is no such file), mode, and for indexed types the state of the index."""

    def __init__(self, content=None, mode=None, index=FRESH):
        self.content = content
        self.mode = mode
        self.index = index

    def digest(self):
        return None if self.content is None else hashlib.sha256(self.content).hexdigest()


class TableChange:
    """A table to write (or to remove, when there is no content after), and the types that it had before."""

    def __init__(self, kind, old_kinds, before, after):
        self.kind = kind
        self.old_kinds = [old_kind for old_kind in old_kinds if old_kind != kind]
        self.before = before
        self.after = after


def plan_tables(recorded, wanted, present, warnings):
    """Plan the lookup tables.

    Args:
        present: function from path and type to TableState.

    Returns:
        tuple: pending and settled records, and {path: TableChange}.
    """
    pending, settled, changes = copy.deepcopy(recorded), {}, {}
    for path, record in recorded.items():
        if path in wanted:
            continue
        kind = record['types'][-1]
        before, original = present(path, kind), _original_state(record)
        # No original has an index here, see below; one that is there is ours, left by a run that was killed.
        leftover = any(kind in INDEXED and present(path, kind).index != MISSING for kind in record['types'])
        if before.digest() in record['written'] or (before.digest() == original.digest() and leftover):
            changes[path] = TableChange(kind, record['types'], before, original)
        elif before.digest() != original.digest():
            warnings.append(left_alone(f'The table {path}'))
    for path, table in wanted.items():
        record = recorded.get(path)
        before, after = present(path, table.kind), TableState(encode(table.content), table.mode)
        change = TableChange(table.kind, record['types'] if record else [], before, after)
        if table.kind in INDEXED and before.index != MISSING and table.kind not in (record['types'] if record else []):
            raise PlanError(f'tables.path: {path!r} has an index that was not made here; choose another path')
        if (
            before.digest() == after.digest()
            and before.mode == after.mode
            and before.index == FRESH
            and not change.old_kinds
        ):
            if record:
                settled[path] = dict(record, written=[after.digest()])
            continue
        changes[path] = change
        original = record['original'] if record else None
        if not record and before.content is not None:
            original = {'content': decode(before.content), 'mode': before.mode}
        settled[path] = {'types': [table.kind], 'original': original, 'written': [after.digest()]}
        pending[path] = dict(
            settled[path],
            written=(record['written'] if record else []) + [after.digest()],
            types=change.old_kinds + [table.kind],
        )
    return pending, settled, changes


def _original_state(record):
    original = record['original']
    if original is None:
        return TableState()
    return TableState(encode(original['content']), original['mode'])
