# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of the lab only the resolver is used."""

from __future__ import annotations

import pytest

from tests.dns import corpus


@pytest.fixture(scope='session', name='lab')
def fixture_lab(borrowed):
    with borrowed.hosts() as lab:
        yield lab


@pytest.fixture(scope='session', name='nameserver')
def fixture_nameserver(lab):
    """IP address of the lab's resolver, which serves the corpus."""
    _variants, zones = corpus.load()
    for name, text in zones.items():
        lab.add_zone(name, text)
    return lab.addresses['resolver'][0]
