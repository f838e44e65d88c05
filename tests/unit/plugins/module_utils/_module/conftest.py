# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a change that are not the mail server's own, played."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost

from tests.unit.fakes.smarthost import step


@pytest.fixture(name='said')
def fixture_said(monkeypatch):
    """What was called of the hop and the spam folder, which do nothing else here."""
    said = []
    for place, name in (
        (smarthost.hop, 'present'),
        (smarthost.hop, 'absent'),
        (smarthost.spam, 'converge'),
        (smarthost.firewall, 'converge'),
    ):
        monkeypatch.setattr(place, name, step(said, '{}.{}'.format(place.__name__.split('.')[-2], name)))
    monkeypatch.setattr(smarthost.hop, 'there', lambda settings: settings['state'] == 'absent')
    monkeypatch.setattr(smarthost.hop, 'problems', lambda settings, hop: [])
    monkeypatch.setattr(smarthost.hop, 'moves', lambda settings, hop: False)
    monkeypatch.setattr(smarthost.spam, 'marked', lambda *dummy: {'example.com': 'nobody files it'})
    monkeypatch.setattr(smarthost, 'file_owners', list)
    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: False)
    monkeypatch.setattr(smarthost.firewall, 'look_ahead', lambda module, options: ({'settled': False}, []))
    monkeypatch.setattr(smarthost, 'shown_by_gateway', lambda settings: [])
    monkeypatch.setattr(smarthost, 'rows_of', lambda *dummy: ['a row'])
    return said
