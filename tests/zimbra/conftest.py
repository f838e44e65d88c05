# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from .machine import Machine


@pytest.fixture(name='machine')
def fixture_machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture(name='zmprov', params=['ldap', 'soap'])
def fixture_zmprov(request, machine):
    """zmprov either way."""
    return lambda *arguments: machine.zmprov(*(['-l'] if request.param == 'ldap' else []), *arguments)
