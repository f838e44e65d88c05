# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what was recorded with what the double did."""

from __future__ import annotations

from . import master, small_files

# Of a vector as a whole: what it begins with and what is said about it.
DESCRIBED = {'name', 'why', 'note', 'base', 'global', 'server', 'localconfig', 'services', 'reachable_with_zmprov'}
EVENT = {'event', 'changed', 'manual_postconf_before', 'followed_by'}
MASTER_CF = 'common/conf/master.cf'


def differences(vector: dict, observed: list, recording) -> list:
    """Return how the events of a vector differ from what was observed, one line each."""
    found = []
    events = [vector, *vector.get('followed_by', [])]
    for number, (event, seen) in enumerate(zip(events, observed), start=1):
        lines = event_differences(event, seen, recording)
        found += [f'event {number} ({event["event"]}): {line}' for line in lines]
    return found


def event_differences(event: dict, seen, recording) -> list:
    """Return how one event differs from what was observed in it, one line each."""
    unknown = set(event) - DESCRIBED - EVENT - set(FIELDS)
    lines = [f'field {name} is not understood' for name in sorted(unknown)]
    for name, check in FIELDS.items():
        lines += [f'{name}{line}' for line in check(event, seen, recording)]
    return lines


def _same(recorded, ours, what=''):
    return [] if recorded == ours else [f'{what}: recorded {_shown(recorded)}, the double {_shown(ours)}']


def _shown(value):
    return 'nothing' if value is None else repr(value)


def _same_mapping(recorded, ours):
    lines = []
    for key in sorted({*recorded, *ours}):
        lines += _same(recorded.get(key), ours.get(key), f' {key}')
    return lines


def _undefined(event):
    """Which parameters are written before a command that cannot be made is undefined, and so is what follows."""
    return event.get('main_cf_subset_undefined') is not None


def _main_cf(event, seen, recording):
    if _undefined(event):
        return _same(None, event.get('main_cf'))
    return _same_mapping(event.get('main_cf') or {}, seen.passed)


def _main_cf_diff(event, seen, recording):
    if _undefined(event):
        return _same(None, event.get('main_cf_diff'))
    ours = {name: value for name, value in seen.passed.items() if recording.main_cf.get(name) != value}
    return _same_mapping(event.get('main_cf_diff') or {}, ours)


def _not_written(event, seen, recording):
    name = 'main_cf_default_params_not_written'
    if _undefined(event) or name not in event:
        return _same(None, event.get(name))
    return _same(sorted(event[name]), sorted(set(recording.main_cf) - set(seen.passed)))


def _removed(event, seen, recording):
    return _same(sorted(event.get('main_cf_removed') or []), sorted(seen.removed))


def _after(event, seen, recording):
    """What main.cf holds: what was passed, where the recording does not say otherwise."""
    recorded = {**seen.passed, **(event.get('main_cf_after') or {})}
    return _same_mapping(recorded, {name: seen.main_cf.get(name) for name in recorded})


def _subset(event, seen, recording):
    ours = {'never_written': seen.impossible, 'of': len(seen.unfinished)} if seen.impossible else {}
    recorded = dict(event.get('main_cf_subset_undefined') or {})
    # How far it came, is undefined.
    recorded.pop('written_here', None)
    return _same_mapping(recorded, ours)


def _files(event, seen, recording):
    """Both lists at once: to which of them a file belongs is said nowhere."""
    recorded = {*(event.get('files_rewritten') or []), *(event.get('files_rewritten_other_sections') or [])}
    lines = [f' {path}: recorded, not by the double' for path in sorted(recorded - seen.written)]
    return lines + [f' {path}: by the double, not recorded' for path in sorted(seen.written - recorded)]


def _content(event, seen, recording):
    recorded = event.get('file_content') or {}
    lines = []
    for path in sorted({*recorded, *recording.small_files}):
        if path not in small_files.READERS:
            lines.append(f' {path}: its form is not understood')
        elif path in recorded or path in seen.written:
            ours = small_files.READERS[path](seen.files.get(path, ''))
            lines += _same(recorded.get(path, recording.small_files.get(path)), ours, f' {path}')
    return lines


def _master_cf(event, seen, recording):
    recorded = event.get('master_cf')
    if recorded is None or MASTER_CF not in seen.written:
        written = 'written' if MASTER_CF in seen.written else None
        return _same(None if recorded is None else 'written', written)
    return master.differences(recording.master_cf, recorded, master.parse(seen.files[MASTER_CF]))


def _commands(event, seen, recording):
    return _same(event.get('commands') or [], seen.commands)


def _error(event, seen, recording):
    recorded = event.get('daemon_error')
    if not recorded or seen.error is None:
        return _same(recorded or None, seen.error)
    said = words(seen.error)
    return [f': {leaf!r} recorded, the double says {said}' for leaf in _leaves(recorded) if leaf not in said]


def words(error: Exception) -> str:
    """Return what the real daemon, in its Python 2, says of an error."""
    said = str(error)
    if isinstance(error, UnicodeEncodeError) and error.end == error.start + 1:
        said = said.replace("character '", "character u'")
    kind = 'IOError' if isinstance(error, OSError) else type(error).__name__
    return f'{kind}: {said}; Sleeping...Configuration inconsistency detected ({said})'


def _failed_calls(event, seen, recording):
    """The form of this one has no example: what texts it holds must be those of the calls, and as many."""
    recorded = event.get('postconf_calls_with_errors') or []
    if isinstance(recorded, int):
        return _same(int(recorded), bool(seen.failed) if recorded is True else len(seen.failed))
    lines = _same(len(recorded), len(seen.failed), ' number')
    said = [' '.join([call['parameter'], *call['arguments'], call['error'], 'exit status 1']) for call in seen.failed]
    # By parameter, or one after the other.
    recorded = [*recorded, recorded] if isinstance(recorded, dict) else recorded
    for leaf in _leaves(recorded):
        if not any(leaf in text for text in said):
            lines.append(f': {leaf!r} recorded, the double has {said}')
    return lines


def _leaves(value):
    """The texts in whatever they are wrapped in; a true one says no more than that there is something."""
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in _leaves(part)]
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in _leaves(part)]
    return [] if value is True else [str(value)]


def _pending(event, seen, recording):
    return _same(bool(event.get('pending_postconf_retried_every_poll')), bool(seen.unfinished))


def _reply(event, seen, recording):
    return _same(event.get('listener_reply'), seen.reply)


FIELDS = {
    'main_cf': _main_cf,
    'main_cf_diff': _main_cf_diff,
    'main_cf_default_params_not_written': _not_written,
    'main_cf_removed': _removed,
    'main_cf_after': _after,
    'main_cf_subset_undefined': _subset,
    'files_rewritten': _files,
    'files_rewritten_other_sections': lambda event, seen, recording: [],
    'file_content': _content,
    'master_cf': _master_cf,
    'commands': _commands,
    'daemon_error': _error,
    'postconf_calls_with_errors': _failed_calls,
    'pending_postconf_retried_every_poll': _pending,
    'listener_reply': _reply,
}
