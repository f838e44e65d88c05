# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.exim.hand import ByHand
from tests.exim.host import HOSTS, Exim


@pytest.fixture(scope='module', name='machine', params=[HOSTS[0], pytest.param(HOSTS[1], marks=pytest.mark.full)])
def fixture_machine(request):
    return request.param


@pytest.fixture(scope='module', name='exim')
def fixture_exim(borrowed, machine):
    with borrowed.hosts(machine):
        yield Exim(borrowed.lab, machine)


@pytest.fixture(name='made')
def fixture_made(exim):
    done = exim.made()
    assert done.returncode == 0, done.stderr
    return exim


@pytest.fixture(scope='module', name='hand')
def fixture_hand(borrowed, machine):
    with borrowed.hosts(machine):
        yield ByHand(borrowed.lab, machine)
