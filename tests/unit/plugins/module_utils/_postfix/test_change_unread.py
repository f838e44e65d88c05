# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody has put old files back, and Postfix has not read them: it serves what the files do not have."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import switch

from tests.unit.fakes.postfix_run import run, wanted


def put_back(fake):
    before = {name: (fake.config_dir / name).read_text() for name in ('main.cf', 'master.cf')}
    run(fake, **wanted(fake))
    for name, text in before.items():
        (fake.config_dir / name).write_text(text)


def test_what_it_serves_already_gets_no_new_socket(fake, monkeypatch):
    put_back(fake)
    monkeypatch.setattr(switch, 'unread', lambda *dummy: (['main.cf'], []))
    assert run(fake, **wanted(fake))['reloaded']
    assert not run(fake, **wanted(fake))['changed']


def test_otherwise_only_a_new_socket_is_proof(fake, monkeypatch):
    put_back(fake)
    monkeypatch.setattr(switch, 'unread', lambda *dummy: ([], []))
    with pytest.raises(SwitchError, match='does not serve'):
        run(fake, **wanted(fake))
