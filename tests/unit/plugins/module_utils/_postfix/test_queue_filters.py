# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that wait for a transport which goes: found in every queue, freed where they are, and nothing else touched."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import queue_file as written
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import queue_filters
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.queue_filters import (
    led_elsewhere,
    messages_filtered_to,
    take_ordinary_way,
    take_this_way,
    those_filtered_to,
)

from tests.unit.fakes import queue_file
from tests.unit.fakes.postfix_run import Killed, kill_at, option, run, service
from tests.unit.fakes.queue_file import filters, message

WASH, FLAG = 'conbool-wash:[127.0.0.1]:326', 'conbool-flag:[127.0.0.1]:327'


class Postfix:
    """What is asked of an Instance."""

    config_dir = '/etc/postfix'

    def __init__(self):
        self.calls = []

    def run(self, name, *arguments):
        self.calls.append((name, *arguments))
        assert arguments[:2] == ('-c', '/etc/postfix')
        return 0, b'', b''


@pytest.fixture(name='postfix')
def fixture_postfix():
    return Postfix()


@pytest.fixture(name='put')
def fixture_put(tmp_path):
    def put(name, *given, **more):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(message(*given, **more))
        path.chmod(0o700)
        return path

    return put


def test_only_what_waits_for_one_of_them_is_found(put, tmp_path):
    put('deferred/A/A1', WASH)
    put('hold/A2', 'smtp-amavis:[127.0.0.1]:10024', FLAG)
    put('active/A3', FLAG)
    put('incoming/A4', WASH)
    put('deferred/B/B1')
    put('deferred/B/B2', 'smtp-amavis:[127.0.0.1]:10024')
    # Named, but not as a FILTER; and a transport with a longer name.
    put('deferred/B/B3', body=['L' + WASH, 'conbool-wash:'])
    put('deferred/B/B4', 'conbool-wash-more:[127.0.0.1]:1')
    put('deferred/B/B5', 'my-conbool-wash:[127.0.0.1]:1')
    (tmp_path / 'deferred/B/B6').touch()
    # cleanup(8) is at it.
    put('incoming/B7', WASH).chmod(0o600)
    found = messages_filtered_to(str(tmp_path), ['conbool-wash', 'conbool-flag'])
    assert {(entry.queue, entry.identifier, entry.value) for entry in found} == {
        ('deferred', 'A1', WASH),
        ('hold', 'A2', FLAG),
        ('active', 'A3', FLAG),
        ('incoming', 'A4', WASH),
    }


def test_they_lose_that_one_record_and_stay_where_they_are(postfix, put, tmp_path):
    paths = [
        put('deferred/A1', WASH, body=['x' * 300]),
        put('hold/A2', 'smtp-amavis:[127.0.0.1]:10024', WASH),
        put('active/A3', WASH, recipients=['a@x', 'b@x']),
    ]
    other = put('hold/A4', FLAG)
    before = {path: path.read_bytes() for path in paths + [other]}
    done = take_ordinary_way(postfix, str(tmp_path), ['conbool-wash'])
    assert sorted(entry.identifier for entry in done) == ['A1', 'A2', 'A3']
    assert [filters(path) for path in paths] == [[], ['smtp-amavis:[127.0.0.1]:10024'], []]
    for path in paths:
        differing = [pair for pair in zip(before[path], path.read_bytes()) if pair[0] != pair[1]]
        assert differing == [(ord('L'), ord('K'))] and len(before[path]) == path.stat().st_size
    assert other.read_bytes() == before[other]
    # Who is on hold is not sent, and qmgr has the third.
    assert [call for call in postfix.calls if call[0] == 'postqueue'] == [
        ('postqueue', '-c', '/etc/postfix', '-i', 'A1')
    ]
    assert take_ordinary_way(postfix, str(tmp_path), ['conbool-wash']) == []


@pytest.mark.parametrize('when', ['read', 'written'])
def test_one_that_moves_meanwhile_is_found_where_it_is(postfix, put, tmp_path, monkeypatch, when):
    path = put('deferred/A1', WASH)
    (tmp_path / 'active').mkdir()
    moved = tmp_path / 'active' / 'A1'
    strike_out, envelope = written.strike_out, written.envelope

    def move(*dummy):
        if path.exists():
            path.rename(moved)

    def strike(*place):
        move()
        strike_out(*place)

    def read(place):
        data = envelope(place)
        move()
        return data

    if when == 'read':
        monkeypatch.setattr(written, 'envelope', read)
    else:
        monkeypatch.setattr(written, 'strike_out', strike)
    assert [entry.queue for entry in take_ordinary_way(postfix, str(tmp_path), ['conbool-wash'])] == ['active']
    assert filters(moved) == []


OLD, NEW = 'gateway:[old.test]:25', 'gateway:[mail.conbool.com]:25'


@pytest.mark.parametrize('new', [NEW, 'gateway:[a]:1', 'gateway:[' + 'long.' * 40 + 'test]:25'])
def test_a_filter_can_have_another_value_of_any_length(postfix, put, tmp_path, new):
    paths = [put('deferred/A1', OLD), put('hold/A2', 'smtp-amavis:[127.0.0.1]:10024', OLD), put('active/A3', OLD, new)]
    others = [put('deferred/B1', new), put('deferred/B2', 'direct:'), put('deferred/B3')]
    before = [path.read_bytes() for path in others]
    found = led_elsewhere(str(tmp_path), new)
    assert sorted(entry.identifier for entry in found) == ['A1', 'A2', 'A3']
    assert len(take_this_way(postfix, str(tmp_path), new)) == 3
    assert [filters(path) for path in paths] == [[new], ['smtp-amavis:[127.0.0.1]:10024', new], [new, new]]
    assert [path.read_bytes() for path in others] == before
    # All that was behind it is read as before.
    for path in paths:
        kinds = [kind for dummy, kind, dummy in queue_file.records(path.read_bytes())]
        assert kinds[-1] == 'E' and kinds.count('R') == 1
    assert take_this_way(postfix, str(tmp_path), new) == []
    assert [call for call in postfix.calls if call[0] == 'postqueue'] == [
        ('postqueue', '-c', '/etc/postfix', '-i', 'A1')
    ]
    # And once more.
    assert len(take_this_way(postfix, str(tmp_path), OLD)) == 5
    assert [filters(path) for path in paths] == [[OLD], ['smtp-amavis:[127.0.0.1]:10024', OLD], [OLD, OLD]]
    assert len(take_ordinary_way(postfix, str(tmp_path), ['gateway'])) == 5
    assert [filters(path) for path in paths] == [[], ['smtp-amavis:[127.0.0.1]:10024'], []]


def test_an_empty_queue_or_none_is_no_trouble(postfix, tmp_path):
    assert take_ordinary_way(postfix, str(tmp_path / 'none'), ['conbool-wash']) == []


def detour(fake):
    return {
        'services': [service('conbool-wash'), service('conbool-wash-cleanup', command='cleanup', private='n')],
        'service_options': [option('smtp', 'inet', cleanup_service_name='conbool-wash-cleanup')],
    }


def waiting(fake):
    (fake.root / 'sbin' / 'postqueue').touch(mode=0o755)
    fake._postqueue = lambda argv: (0, '', '')
    found = [fake.queue / 'hold' / 'H1', fake.queue / 'deferred' / 'D1']
    for path in found:
        path.parent.mkdir()
        path.write_bytes(message(WASH))
        path.chmod(0o700)
    return found


@pytest.mark.parametrize(
    'change', [{'state': 'absent'}, {'parameters': {'relayhost': '[x]'}}], ids=['undo', 'settings']
)
def test_a_transport_that_goes_leaves_no_message_behind(fake, change):
    run(fake, **detour(fake))
    paths = waiting(fake)
    assert run(fake, **detour(fake))['warnings'] == [] and [filters(path) for path in paths] == [[WASH], [WASH]]
    run(fake, check=True, **change)
    assert [filters(path) for path in paths] == [[WASH], [WASH]]
    result = run(fake, **change)
    assert [filters(path) for path in paths] == [[], []]
    assert [text for text in result['warnings'] if '2 messages waited for conbool-wash' in text and 'D1, H1' in text]


def test_none_is_left_behind_wherever_the_run_is_killed(fake, monkeypatch):
    for step in range(1, 60):
        run(fake, **detour(fake))
        for path in (paths := waiting(fake)) if step == 1 else paths:
            path.write_bytes(message(WASH))
            path.chmod(0o700)
        with pytest.MonkeyPatch.context() as killer:
            kill_at(fake, killer, step)
            try:
                run(fake, state='absent')
                break
            except Killed:
                pass
            finally:
                fake.observers = []
        run(fake, state='absent')
        assert [filters(path) for path in paths] == [[], []], step
    assert 5 < step < 59


def test_messages_that_have_this_very_filter_among_those_that_are_asked_for(put, tmp_path):
    put('deferred/A/A1', 'direct:')
    put('active/A2', None, 'direct:')
    put('deferred/A/A3', 'direct:[192.0.2.7]')
    put('deferred/A/A4', None, None, ('L\x07direct:',), ('direct:@example.com',))
    put('deferred/A/A5', 'direct:')
    assert those_filtered_to(str(tmp_path), 'direct:', {'A1', 'A2', 'A3', 'A4', 'A9'}) == {'A1', 'A2'}


def test_a_long_queue_takes_seconds(postfix, put, tmp_path):
    for number in range(2000):
        put(f'deferred/{number % 16:X}/Q{number}', WASH if number % 2 else 'smtp-amavis:[127.0.0.1]:10024')
    begin = time.monotonic()
    assert len(take_ordinary_way(postfix, str(tmp_path), ['conbool-wash'])) == 1000
    assert time.monotonic() - begin < 10
    # Postfix itself comes to the others, and no command is asked of each message.
    assert len(postfix.calls) == queue_filters.MOST_AT_ONCE


def test_what_has_no_such_filter_is_read_once(put, tmp_path, monkeypatch):
    put('deferred/A1', WASH)
    put('deferred/B1')
    read, others, envelope = [], set(), written.envelope
    monkeypatch.setattr(written, 'envelope', lambda path: read.append(os.path.basename(path)) or envelope(path))
    for dummy in range(2):
        assert len(messages_filtered_to(str(tmp_path), ['conbool-wash'], others)) == 1
    assert read == ['A1', 'B1', 'A1']


@pytest.mark.parametrize('end', [b'', b'L\xff', b'p\x01x', b'p\x030  ' + b'p\x010'])
def test_a_file_that_ends_in_the_middle_is_none_and_no_trouble(put, tmp_path, end):
    put('deferred/A1', WASH).write_bytes(message(WASH)[:60] + end)
    (tmp_path / 'deferred/A2').write_bytes(b'p\x011conbool-wash:')
    (tmp_path / 'deferred/A2').chmod(0o700)
    assert messages_filtered_to(str(tmp_path), ['conbool-wash']) == []
