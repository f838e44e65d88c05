# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine of a file with tests, for each release of Debian."""

from __future__ import annotations

import pytest

from tests.postfix.machine import KINDS, Host


@pytest.fixture(scope='module', params=['config12', pytest.param('config13', marks=pytest.mark.full)])
def machine(request, borrowed):
    with borrowed.hosts(f'{request.param}={KINDS[request.param]}') as lab:
        yield Host(lab, request.param)


@pytest.fixture
def host(machine):
    yield machine
    machine.config(owner_id='tests', state='absent')
    assert machine.fingerprint() == machine.original
