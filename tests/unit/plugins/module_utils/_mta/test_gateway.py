# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which fingerprints the gateway is known, from run to run."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint, kept, remembered

from tests.unit.fakes.gateway import shown


@pytest.mark.parametrize(
    'known, seen, after',
    [
        ([], [], []),
        ([], ['A'], ['A']),
        # Nothing new is no change: neither a gateway that is away, nor one machine of several.
        (['A'], [], ['A']),
        (['B', 'A'], ['A'], ['B', 'A']),
        (['B', 'A'], ['B'], ['B', 'A']),
        # A renewal: both count, the newest first.
        (['A'], ['B'], ['B', 'A']),
        (['D', 'C', 'B', 'A'], ['E'], ['E', 'D', 'C', 'B']),
        # All that is seen counts.
        (['A'], ['F', 'E', 'D', 'C', 'B'], ['B', 'C', 'D', 'E', 'F']),
        (['A'], ['', 'A'], ['A']),
    ],
)
def test_what_is_remembered(known, seen, after):
    assert remembered(known, seen) == after
    assert remembered(after, seen) == after


def test_keys_that_somebody_has_added_count_only_when_the_gateway_shows_them():
    mine, theirs = fingerprint(shown().public_key, 'sha256'), fingerprint(shown(2).certificate, 'sha1')
    assert kept([mine, theirs, 'AB:CD'], True, []) == [mine, theirs, 'AB:CD']
    assert kept([mine, theirs, 'AB:CD'], False, [shown(2), shown()]) == [mine, theirs]
    # Without them the mail of one that cannot be asked now would be refused.
    with pytest.raises(HostError, match='conbool_inbound_certificate_fingerprints'):
        kept([mine], False, [])
    assert kept([], False, []) == []


def test_fingerprints_as_mail_servers_write_them():
    assert fingerprint(b'x', 'md5') == '9D:D4:E4:61:26:8C:80:34:F5:C8:56:4E:15:5C:67:A6'
    assert fingerprint(b'x', 'sha256').replace(':', '').lower() == hashlib.sha256(b'x').hexdigest()
    assert fingerprint(b'x', 'no-such-digest') == ''


@pytest.mark.parametrize('digest', ['md5', 'sha1', 'sha256', 'sha384', 'sha512'])
def test_a_certificate_has_the_fingerprints_of_itself_and_of_its_key(digest):
    mine, other = shown(1), shown(2)
    assert mine.has([fingerprint(other.public_key, digest), fingerprint(mine.public_key, digest)])
    assert mine.has([fingerprint(mine.certificate, digest)], key=False)
    assert not mine.has([fingerprint(mine.public_key, digest)], key=False)
    assert not mine.has([fingerprint(other.public_key, digest), 'AB:CD', ''])
