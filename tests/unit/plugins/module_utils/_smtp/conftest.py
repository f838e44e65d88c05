# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of every kind, and checks of servers that misbehave."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from tests.smtp.check import check
from tests.smtp.hostile import Certificates, HostileServer
from tests.unit.fakes.hostile import ACCEPTS, PATIENCE, TIMEOUT


@pytest.fixture(scope='module')
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp('certificates'))


@pytest.fixture
def ask(certificates):
    """Check a server that does something at a step; return the result, having seen that time, memory and manners were
    kept."""
    servers = []

    def run(at, patience=PATIENCE, **options):
        options.setdefault('timeout', TIMEOUT)
        with HostileServer(certificates.context(), at) as server:
            servers.append(server)
            tracemalloc.start()
            started = time.monotonic()
            result = check(server, ACCEPTS, ca_file=certificates.ca_file, **options)
            took = time.monotonic() - started
            _now, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert took < patience
            assert most < 4 * 1024 * 1024
            assert 'DATA' not in server.commands
        return result

    run.servers = servers
    return run
