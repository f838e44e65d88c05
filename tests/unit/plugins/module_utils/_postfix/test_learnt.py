# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that earlier runs have learnt, and keys that somebody else has put beside them."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.learnt import learnt
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import TableState
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import certificates_table

from tests.unit.fakes.gateway import shown

MINE, OLD, FOREIGN = (fingerprint(part, 'sha256') for part in (shown().public_key, b'old', b'foreign'))


def test_a_key_that_no_run_has_written_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, 'BASE', str(tmp_path / 'journal'))
    table = tmp_path / 'conbool_certificates'

    def kept(keys, gateway):
        table.write_text(certificates_table([], keys), encoding='ascii')
        return learnt(str(tmp_path), 'mine', gateway)

    # Nobody knows who wrote it.
    assert kept([MINE, OLD], [shown()]) == [MINE]
    written = TableState(table.read_bytes()).digest()
    record = {'types': ['texthash'], 'original': None, 'written': [written]}
    journal.Journal(str(tmp_path), 'mine').save(
        dict(journal.empty(), tables={'conbool_certificates': record}), pending=False
    )
    # One machine of several, or a gateway that is away.
    assert kept([MINE, OLD], [shown()]) == kept([MINE, OLD], []) == [MINE, OLD]
    assert kept([MINE, OLD, FOREIGN], [shown()]) == [MINE]
    with pytest.raises(HostError, match='cannot be asked for its own now'):
        kept([MINE, OLD, FOREIGN], [])
    table.unlink()
    assert learnt(str(tmp_path), 'mine', [shown()]) == []
