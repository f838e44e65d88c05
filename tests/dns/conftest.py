# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of its own: only its resolver is used."""

from __future__ import annotations

import os

import pytest

from lab import api
from tests.dns import corpus


@pytest.fixture(scope='session', name='lab')
def fixture_lab():
    name = os.environ.get('CONBOOL_LAB', 'dns')
    try:
        lab, started = api.Lab(name), False
    except api.LabError:
        lab, started = api.up(name), True
    yield lab
    if started:
        api.down(name)


@pytest.fixture(scope='session', name='nameserver')
def fixture_nameserver(lab):
    """IP address of the lab's resolver, which serves the corpus."""
    _variants, zones = corpus.load()
    for name, text in zones.items():
        lab.add_zone(name, text)
    return lab.addresses['resolver'][0]
