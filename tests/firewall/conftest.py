# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest

from lab import api
from tests.firewall.hosts import KINDS, Hosts
from tests.flow.labs import Borrowed


@pytest.fixture(scope='package', name='hosts')
def fixture_hosts(tmp_path_factory):
    borrowed = Borrowed(os.environ.get('CONBOOL_LAB', 'firewall'))
    try:
        borrowed.lab = api.up(borrowed.name, *KINDS, fresh=True)
        found = Hosts(borrowed.lab, tmp_path_factory.mktemp('results'))
        # As an administrator has it who has let ssh in before.
        found.each(
            lambda host: found.shell(host, 'ufw allow 22/tcp && ufw --force enable'),
            [name for name in KINDS if name.startswith('ufw')],
        )
        yield found
    finally:
        borrowed.give_back()
