# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration daemon of the double against every recorded scenario; and that a changed recording is noticed."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.zimbra.replay.__main__ import judge, main
from lab.zimbra.replay.compare import FIELDS, event_differences
from lab.zimbra.replay.play import play
from lab.zimbra.replay.recording import Recording

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / 'vectors'
FILES = sorted(FOLDER.glob('vectors-*.json'))
VECTORS = [(vector, Recording(path)) for path in FILES for vector in Recording(path).vectors]
NAMES = [vector['name'] for vector, dummy in VECTORS]
MASTER_CHANGES = [
    {'options': {'smtpd/pass': {'smtpd_tls_security_level': 'encrypt'}}},
    {'options': {'smtpd/pass': {'smtpd_tls_security_level': None}}},
    {'columns': {'smtp-amavis/unix': {'maxproc': '9'}}},
    {'added': ['policy/unix']},
    {'added': [{'service': 'policy', 'type': 'unix', 'args': {}}]},
    {'added': {'policy/unix': {'command': 'spawn'}}},
    {'dropped': ['scan/unix']},
    {'moved': ['scan/unix']},
]
# For fields that a recording does not have: what it would be with them.
ADDED = {
    'main_cf_after': {'relayhost': '[elsewhere.example.net]'},
    'main_cf_subset_undefined': {'never_written': ['relayhost'], 'of': 155},
    'file_content': {'conf/postfix_header_checks': {'active_rules': 7, 'extensions': ['exe']}},
    'files_rewritten_other_sections': ['conf/stats.conf.old'],
    'daemon_error': 'Configuration inconsistency detected',
    'postconf_calls_with_errors': ['relayhost'],
    'pending_postconf_retried_every_poll': True,
    'listener_reply': 'ERROR UNKNOWN COMMAND',
    'something_new': 1,
}


@pytest.mark.parametrize(('vector', 'recording'), VECTORS, ids=NAMES)
def test_the_double_does_what_was_recorded(vector, recording):
    assert judge(vector, recording) == []


def test_every_recorded_field_is_compared_or_described():
    fields = {name for vector, dummy in VECTORS for event in events(vector) for name in event}
    described = {'name', 'why', 'note', 'base', 'global', 'server', 'localconfig', 'services', 'reachable_with_zmprov'}
    assert fields - described - {'event', 'changed', 'manual_postconf_before', 'followed_by'} <= set(FIELDS)


@pytest.mark.parametrize(('vector', 'recording'), VECTORS, ids=NAMES)
def test_whatever_is_changed_in_a_recording_is_noticed(vector, recording):
    for event, seen in zip(events(vector), play(vector, recording)):
        tried = list(changes(event))
        assert len(tried) > len(FIELDS)
        assert [what for what, changed in tried if not event_differences(changed, seen, recording)] == []


def events(vector):
    return [vector, *vector.get('followed_by', [])]


def changes(event):
    """Every event that differs from a recorded one in one place: (what is changed, the event)."""
    for field in FIELDS:
        if field == 'master_cf':
            values = [None if event['master_cf'] is not None else {}]
            values += [{**(event['master_cf'] or {}), **change} for change in MASTER_CHANGES]
            values += list(altered(event['master_cf']))
        elif field in event:
            values = altered(event[field])
        else:
            values = [ADDED[field]] if field in ADDED else []
        if field == 'main_cf_after':
            # A parameter that is not named there has the value that was passed, or nothing is said about it.
            values = [value for value in values if len(value) >= len(event.get(field, ()))]
        for value in values:
            yield f'{field}: {value!r:.120}', {**event, field: value}
    yield 'something_new', {**event, 'something_new': 1}


def altered(value):
    """Every value that differs from one in one place."""
    if isinstance(value, dict):
        for key in value:
            # How much of an undefined number of parameters was written, is undefined.
            if key == 'written_here':
                continue
            yield {other: value[other] for other in value if other != key}
            yield from ({**value, key: changed} for changed in altered(value[key]))
        yield {**value, 'another': 'one'}
    elif isinstance(value, list):
        for place in range(len(value)):
            yield value[:place] + value[place + 1 :]
            yield from (value[:place] + [changed] + value[place + 1 :] for changed in altered(value[place]))
        yield [*value, 'another one']
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    else:
        yield f'{value} altered'


@pytest.mark.parametrize('name', ['mynetworks-many-values', 'antivirus-off-and-mynetworks'])
def test_the_order_of_commands_counts(name):
    vector, recording = VECTORS[NAMES.index(name)]
    mutant = copy.deepcopy(vector)
    events(mutant)[-1 if name.startswith('anti') else 0]['commands'].reverse()
    assert any('commands' in line for line in judge(mutant, recording))


def test_what_is_undefined_is_left_out():
    vector, recording = VECTORS[NAMES.index('client-restrictions-single-quote-odd')]
    mutant = copy.deepcopy(vector)
    mutant['main_cf_subset_undefined']['written_here'] = 1
    mutant['files_rewritten'].reverse()
    assert judge(mutant, recording) == []


def write(folder, vectors, **beside):
    path = folder / 'vectors.json'
    path.write_text(json.dumps(vectors), encoding='utf-8')
    for name, content in beside.items():
        (folder / f'{name.replace("_", "-")}.json').write_text(json.dumps(content), encoding='utf-8')
    return str(path)


def some(*names):
    return [copy.deepcopy(VECTORS[NAMES.index(name)][0]) for name in names]


def test_the_command_counts_and_says_what_is_different(tmp_path, capsys):
    vectors = some('defaults', 'poll-relayhost-only')
    vectors[1]['main_cf']['relayhost'] = '[elsewhere.example.net]'
    assert main([write(tmp_path, vectors)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == 'vectors: 1 equal, 1 different'
    assert any('poll-relayhost-only: event 1' in line and '[elsewhere.example.net]' in line for line in lines)


def test_the_command_takes_several_files_in_either_form(tmp_path):
    path = write(tmp_path, {'vectors': some('defaults', 'postscreen')})
    done = subprocess.run(
        [sys.executable, '-m', 'lab.zimbra.replay', path, str(FILES[0])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f'vectors: {2 + len(NAMES)} equal, 0 different')


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('default_main_cf', {'relayhost': 'x'}),
        ('default_master_cf', []),
        ('default_small_files', {'conf/mta_milter_options': {}}),
        ('base', {'global': {}, 'server': {}, 'localconfig': {'zimbra_server_hostname': 'a'}, 'services': ['mta']}),
    ],
)
def test_what_lies_beside_the_file_is_used(tmp_path, name, content):
    assert main([write(tmp_path, some('defaults'), **{name: content})]) == 1


@pytest.mark.parametrize(
    'change',
    [
        {'event': 'poll-twice'},
        {'global': 'x'},
        {'followed_by': [{'event': 'reboot'}]},
        {'event': 'configrewrite mta (daemon down, one-shot)', 'followed_by': [{'event': 'poll', 'changed': {}}]},
    ],
)
def test_what_cannot_be_played_is_different_and_the_rest_has_its_turn(tmp_path, capsys, change):
    vectors = some('defaults', 'postscreen')
    vectors[0].update(change)
    assert main([write(tmp_path, vectors)]) == 1
    out = capsys.readouterr().out
    assert 'defaults: cannot be played' in out
    assert out.endswith('vectors: 1 equal, 1 different\n')


def test_without_a_file_there_is_help(capsys):
    assert main([]) == 2
    assert 'FILE ...' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'cannot be read: Expecting value'),
        ('{"vectors": 1}', 'cannot be read: neither a list'),
        ('"x"', 'cannot be read: neither a list'),
        ('\xff', "cannot be read: 'utf-8' codec can't decode"),
        (None, 'cannot be read: [Errno 2]'),
        ('[null]', 'vector 1: is no vector: None'),
        ('[{}]', "vector 1: cannot be played: KeyError: 'event'"),
    ],
)
def test_what_is_no_file_of_vectors_is_different_and_the_rest_has_its_turn(tmp_path, capsys, text, said):
    path = tmp_path / 'other.json'
    if text is not None:
        path.write_bytes(text.encode('latin-1'))
    assert main([str(path), write(tmp_path, some('defaults'))]) == 1
    out = capsys.readouterr().out
    assert f'{path}: ' in out and said in out
    assert out.endswith('vectors: 1 equal, 1 different\n')
