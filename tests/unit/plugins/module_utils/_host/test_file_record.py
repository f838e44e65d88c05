# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of files: one that is on a host already is understood, and written again to the byte."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import (
    ChangeError,
    FileRecord,
    digest,
    file_owners,
)

# As version 1 of the format stands on hosts: "first" in base64, and what tells "other" from other contents.
STORED = """{
 "version": 1,
 "files": [
  {
   "path": "/etc/mail/sendmail.mc",
   "original": "Zmlyc3Q=",
   "mode": 416,
   "wrote": [
    "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
   ]
  },
  {
   "path": "/etc/mail/conbool/new",
   "original": null,
   "mode": null,
   "wrote": [
    null
   ]
  }
 ],
 "directories": [
  "/etc/mail/conbool"
 ],
 "pending": %s
}"""


@pytest.fixture(name='base', autouse=True)
def fixture_base(tmp_path, monkeypatch):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'conbool-smtp-relay' / 'files'))
    return tmp_path / 'conbool-smtp-relay' / 'files'


def store(base, text):
    base.mkdir(parents=True)
    (base / 'sendmail.json').write_text(text)


@pytest.mark.parametrize('pending', [True, False])
def test_a_record_that_is_on_the_host_is_understood(base, pending):
    store(base, STORED % str(pending).lower())
    record = FileRecord('sendmail')
    assert (record.pending, record.directories) == (pending, ['/etc/mail/conbool'])
    assert [entry['path'] for entry in record.entries] == ['/etc/mail/sendmail.mc', '/etc/mail/conbool/new']
    assert [record.original(entry) for entry in record.entries] == [(b'first', 0o640), (None, None)]
    assert [entry['wrote'] for entry in record.entries] == [[digest(b'other')], [None]]
    assert file_owners() == ['sendmail']


def test_it_is_written_to_the_byte_as_ever(base):
    entries = [
        FileRecord.new_entry('/etc/mail/sendmail.mc', b'first', 0o640, b'other'),
        FileRecord.new_entry('/etc/mail/conbool/new', None, None, None),
    ]
    FileRecord('sendmail').save(entries, ['/etc/mail/conbool'], True)
    path = base / 'sendmail.json'
    assert path.read_text() == STORED % 'true'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(base.stat().st_mode) == 0o700
    FileRecord('sendmail').restore()
    assert path.read_text() == STORED % 'true' and os.listdir(base) == ['sendmail.json']


def test_an_empty_one_leaves_no_trace(base, tmp_path):
    FileRecord('sendmail').save([], [], True)
    (base / 'sendmail.json.new').write_text('half')
    FileRecord('sendmail').save([], [], False)
    assert os.listdir(tmp_path) == []


def test_one_that_cannot_be_written_or_removed_is_told_by_name(base, monkeypatch):
    record = FileRecord('sendmail')
    record.save([], [], True)

    def refuse(*dummy):
        raise OSError(28, 'No space left on device')

    for name, pending in (('rename', True), ('unlink', False)):
        with monkeypatch.context() as full, pytest.raises(ChangeError) as caught:
            full.setattr(os, name, refuse)
            record.save([], [], pending)
        assert str(caught.value) == (
            f'The record {base}/sendmail.json cannot be written: [Errno 28] No space left on device'
        )


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('[]', 'list indices must be integers or slices, not str'),
        ('{}', "'version'"),
        ('{"version": 2}', 'it has not the expected form'),
        ('{"version": 1, "pending": 0}', 'it has not the expected form'),
        ('{"version": 1, "pending": false, "files": [{"path": "/x"}]}', 'it has not the expected form'),
        ('{"version": 1, "pending": false, "files": []}', "'directories'"),
    ],
)
def test_a_damaged_one_is_refused_with_what_to_do(base, text, problem):
    store(base, text)
    with pytest.raises(ChangeError) as caught:
        FileRecord('sendmail')
    assert str(caught.value) == (
        f'The record {base}/sendmail.json of the original files is damaged ({problem}). Nothing was changed. Without it'
        ' nothing can be undone: repair it, or move it away to begin with the present state.'
    )
