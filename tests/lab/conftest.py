# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from lab import api
from tests.lab.probes import HOSTS, NAME


@pytest.fixture(scope='package', name='lab')
def fixture_lab():
    try:
        yield api.up(NAME, *HOSTS)
    finally:
        api.down(NAME)


@pytest.fixture(autouse=True)
def fixture_clean(request):
    yield
    if 'lab' in request.fixturenames:
        lab = request.getfixturevalue('lab')
        lab.gateway.reset()
        lab.internet.reset()


@pytest.fixture(name='host', params=HOSTS)
def fixture_host(request):
    return request.param
