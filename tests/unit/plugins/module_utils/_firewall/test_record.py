# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of the firewall: one that is on a host already is understood, and written again to the byte."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError

# As version 1 of the format stands on hosts; a run of the second backend was killed.
STORED = """{
 "backends": {
  "firewalld": {
   "directories": [
    "/etc/firewalld/policies"
   ],
   "listing": "port 25\\n"
  },
  "nftables": {
   "directories": [],
   "listing": null
  }
 },
 "version": 1
}"""


@pytest.fixture(name='path', autouse=True)
def fixture_path(tmp_path, monkeypatch):
    path = tmp_path / 'conbool-smtp-relay' / 'inbound_firewall.json'
    monkeypatch.setattr(record, 'PATH', str(path))
    return path


def store(path, text):
    path.parent.mkdir()
    path.write_text(text)


def test_a_record_that_is_on_the_host_is_understood(path):
    store(path, STORED)
    found = record.Record()
    assert [found.listing(name) for name in ('firewalld', 'nftables', 'ufw')] == ['port 25\n', None, None]
    assert [found.directories(name) for name in ('firewalld', 'ufw')] == [['/etc/firewalld/policies'], []]
    assert sorted(found.entries) == ['firewalld', 'nftables']


def test_it_is_written_to_the_byte_as_ever(path):
    found = record.Record()
    found.save('nftables', None, [])
    found.save('firewalld', 'port 25\n', ['/etc/firewalld/policies'])
    assert path.read_text() == STORED and os.listdir(path.parent) == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_empty_one_leaves_no_trace_but_what_is_not_its_own(path, tmp_path):
    for other in (True, False):
        found = record.Record()
        found.save('ufw', None, [])
        (path.parent / (path.name + '.new')).write_text('half')
        if other:
            (path.parent / 'files').mkdir()
        found.forget('ufw')
        assert os.listdir(tmp_path) == ['conbool-smtp-relay'] * other
        if other:
            assert os.listdir(path.parent) == ['files']
            (path.parent / 'files').rmdir()


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('null', "'NoneType' object is not subscriptable"),
        ('{"version": 2}', 'it has not the expected form'),
        ('{"version": 1}', "'backends'"),
        ('{"version": 1, "backends": []}', "'list' object has no attribute 'values'"),
        ('{"version": 1, "backends": {"ufw": {"listing": null}}}', 'it has not the expected form'),
    ],
)
def test_a_damaged_one_is_refused_with_what_to_do(path, text, problem):
    store(path, text)
    with pytest.raises(FirewallError) as caught:
        record.Record()
    assert str(caught.value) == (
        f'The record {path} is damaged ({problem}). Nothing was changed. Move it away, and apply the limit again'
        ' before it is undone'
    )
