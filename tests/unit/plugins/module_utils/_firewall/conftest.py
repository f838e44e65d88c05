# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine on which a firewall is limited."""

from __future__ import annotations

import pytest

from tests.unit.fakes.firewall import Machine


@pytest.fixture(name='new')
def fixture_new(tmp_path, monkeypatch):
    def machine(backend, name='machine'):
        found = Machine(tmp_path / name, monkeypatch)
        found.commands.add('firewall-offline-cmd')
        return {'nftables': lambda: found, 'ufw': found.has_ufw, 'firewalld': found.has_firewalld}[backend]()

    return machine
