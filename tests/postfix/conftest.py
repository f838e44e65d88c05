# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of these tests: one for each release of Debian, for all modules with tests."""

from __future__ import annotations

import os

import pytest

from tests.flow.labs import Borrowed
from tests.postfix.machine import KINDS, Host


@pytest.fixture(scope='package', params=sorted(KINDS))
def machine(request):
    borrowed = Borrowed(os.environ.get('CONBOOL_LAB', 'postfix'))
    try:
        borrowed.up(request.param, KINDS[request.param], fresh=True)
        yield Host(borrowed.lab, request.param)
    finally:
        borrowed.give_back()


@pytest.fixture
def host(machine):
    yield machine
    machine.config(owner_id='tests', state='absent')
    assert machine.fingerprint() == machine.original
