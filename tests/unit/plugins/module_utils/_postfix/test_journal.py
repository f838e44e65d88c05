# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of originals: durable, private, refused when damaged, gone when there is nothing to remember."""

from __future__ import annotations

import json
import os
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import (
    Journal,
    JournalError,
    empty,
    originals,
)

# As version 1 of the format stands on hosts.
STORED = """{
 "config_dir": "/etc/postfix",
 "owner": "us",
 "pending": true,
 "records": {
  "created": [
   "/etc/postfix/conbool"
  ],
  "directories": [],
  "parameters": {
   "relayhost": {
    "original": [
     "relayhost = \\udcff"
    ],
    "written": [
     "[x]",
     null
    ]
   }
  },
  "service_options": {},
  "services": {},
  "tables": {}
 },
 "version": 1
}"""
RECORDS = dict(empty(), parameters={'a': {'original': ['a = \udcff'], 'written': ['1', None]}})


@pytest.fixture
def base(tmp_path):
    return str(tmp_path / 'state' / 'postfix')


def journal(base, owner='us', config_dir='/etc/postfix'):
    return Journal(config_dir, owner, base)


def test_what_was_saved_is_loaded_with_foreign_bytes(base):
    journal(base).save(RECORDS, True)
    loaded = journal(base)
    assert (loaded.exists, loaded.pending, loaded.records) == (True, True, RECORDS)


def test_nothing_saved_means_nothing_recorded(base):
    loaded = journal(base)
    assert (loaded.exists, loaded.pending, loaded.records) == (False, False, empty())


def test_only_root_can_read_it(base):
    saved = journal(base)
    saved.save(RECORDS, False)
    assert stat.S_IMODE(os.stat(saved.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(saved.directory).st_mode) == 0o700


def test_each_instance_and_each_owner_has_its_own(base):
    paths = {
        journal(base, owner, config_dir).path for owner in ('one', 'two') for config_dir in ('/etc/postfix', '/etc/hop')
    }
    assert len(paths) == 4


def test_a_linked_configuration_directory_is_the_same_instance(base, tmp_path):
    (tmp_path / 'link').symlink_to('/etc')
    assert journal(base, config_dir=str(tmp_path / 'link' / 'postfix')).path == journal(base).path


def test_the_others_are_known(base):
    journal(base, 'other').save(RECORDS, False)
    mine = journal(base)
    mine.save(dict(empty(), created=['/x']), False)
    assert journal(base).others() == {'other': RECORDS}


def test_an_empty_record_leaves_no_trace(base, tmp_path):
    saved = journal(base)
    saved.save(RECORDS, False)
    saved.save(empty(), False)
    assert os.listdir(tmp_path) == []


def test_an_empty_record_of_an_unfinished_run_stays(base):
    saved = journal(base)
    saved.save(empty(), True)
    assert journal(base).pending


def test_the_record_of_another_owner_stays(base):
    journal(base, 'other').save(RECORDS, False)
    saved = journal(base)
    saved.save(RECORDS, False)
    saved.save(empty(), False)
    assert journal(base, 'other').exists


def test_restore_brings_back_what_was_loaded(base):
    journal(base).save(RECORDS, False)
    second = journal(base)
    second.save(dict(empty(), created=['/x']), True)
    second.restore()
    loaded = journal(base)
    assert (loaded.pending, loaded.records) == (False, RECORDS)


def test_a_write_that_is_cut_short_leaves_the_old_record(base, monkeypatch):
    saved = journal(base)
    saved.save(RECORDS, False)

    def refuse(source, target):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'rename', refuse)
    with pytest.raises(JournalError, match='No space left'):
        saved.save(empty(), True)
    assert journal(base).records == RECORDS


@pytest.mark.parametrize(
    'content',
    [
        '',
        '{',
        '[]',
        'null',
        '{"version": 2, "pending": false, "records": {}}',
        '{"version": 1, "pending": 0, "records": {}}',
        json.dumps({'version': 1, 'pending': False, 'records': {'parameters': {}}}),
        '\xff',
    ],
)
def test_a_damaged_record_is_refused_by_name(base, content):
    saved = journal(base)
    saved.save(RECORDS, False)
    with open(saved.path, 'w', encoding='latin-1') as stream:
        stream.write(content)
    with pytest.raises(JournalError, match='us.json.*damaged'):
        journal(base)


def test_a_record_that_is_on_the_host_is_understood_and_written_to_the_byte_as_ever(base):
    # The sixteen digits are the fingerprint of /etc/postfix.
    path = os.path.join(base, '330813d16e198205', 'us.json')
    os.makedirs(os.path.dirname(path))
    with open(path, 'w', encoding='ascii') as stream:
        stream.write(STORED)
    found = journal(base)
    assert (found.exists, found.pending) == (True, True)
    assert found.records == dict(
        empty(),
        created=['/etc/postfix/conbool'],
        parameters={'relayhost': {'original': ['relayhost = \udcff'], 'written': ['[x]', None]}},
    )
    found.save(empty(), False)
    assert not os.path.exists(os.path.dirname(base))
    found.restore()
    with open(path, encoding='ascii') as stream:
        assert stream.read() == STORED
    assert os.listdir(os.path.dirname(path)) == ['us.json']


def test_one_that_cannot_be_removed_is_told_by_name(base, monkeypatch):
    saved = journal(base)
    saved.save(RECORDS, False)

    def refuse(*dummy):
        raise OSError(30, 'Read-only file system')

    monkeypatch.setattr(os, 'unlink', refuse)
    with pytest.raises(JournalError) as caught:
        saved.save(empty(), False)
    assert str(caught.value) == f'The record {saved.path} cannot be removed: [Errno 30] Read-only file system'


def test_what_main_cf_said_before_is_known(base):
    assert originals('/etc/postfix', base) == {}
    parameters = {
        'default_transport': {'original': ['default_transport = out:\n  [relay]'], 'written': ['conbool-hop:x']},
        'relayhost': {'original': [], 'written': ['x']},
    }
    journal(base).save(dict(empty(), parameters=parameters), False)
    journal(base, owner='others').save(RECORDS, False)
    assert originals('/etc/postfix', base) == {'default_transport': 'out: [relay]', 'relayhost': None, 'a': '\\xff'}
