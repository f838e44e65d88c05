# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several unit tests of whole playbooks begin with."""

from __future__ import annotations

import pytest

from tests.unit.fakes import toy


@pytest.fixture(scope='module', name='home')
def fixture_home(tmp_path_factory):
    """A copy of the collection that has the toy."""
    home = tmp_path_factory.mktemp('toy')
    toy.make(home)
    return home
