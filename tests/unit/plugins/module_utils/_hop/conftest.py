# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host on which the hop's programs are made."""

from __future__ import annotations

import pytest

from tests.unit.fakes.apt import Host


@pytest.fixture(name='host')
def fixture_host():
    return Host()
