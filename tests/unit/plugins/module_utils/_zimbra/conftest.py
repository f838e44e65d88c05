# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Zimbra that is played, for all tests of its package."""

from __future__ import annotations

import pytest

from tests.unit.fakes.zimbra import PlayedZimbra


@pytest.fixture(name='zimbra')
def fixture_zimbra(tmp_path, monkeypatch):
    return PlayedZimbra(tmp_path, monkeypatch)
