# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest

from tests.flow import adapters, loader
from tests.flow.labs import Borrowed

MESSAGES = 2000


def pytest_addoption(parser):
    group = parser.getgroup('fire', 'kept promises under fire')
    group.addoption(
        '--fire-messages', type=int, default=MESSAGES, help=f'send at least so many messages (default: {MESSAGES})'
    )
    group.addoption('--fire-host', default=None, help="kind of host of the lab (default: the adapter's)")


def pytest_terminal_summary(terminalreporter):
    """What happened to the messages is of interest when all is well, too."""
    for report in terminalreporter.getreports('passed') + terminalreporter.getreports('failed'):
        for name, value in getattr(report, 'user_properties', []):
            if name == 'account':
                terminalreporter.write_line(f'{report.nodeid}: {value}')


@pytest.fixture(scope='session', name='messages')
def fixture_messages(request):
    # Options exist only when this directory was named on the command line.
    return request.config.getoption('--fire-messages', MESSAGES)


@pytest.fixture(scope='session', name='adapter')
def fixture_adapter():
    return adapters.load('postfix')()


@pytest.fixture(scope='session', name='lab')
def fixture_lab():
    borrowed = Borrowed(os.environ.get('CONBOOL_LAB', 'fire'))
    yield borrowed
    borrowed.give_back()


@pytest.fixture(name='host')
def fixture_host(request, lab, adapter):
    """A host of its own for each test, anew and not configured."""
    lab.up('fire', request.config.getoption('--fire-host', None) or adapter.default_host, fresh=True)
    return 'fire'


@pytest.fixture(name='variables_of')
def fixture_variables_of():
    """Configuration name -> the inventory variables; the preflight has tests of its own."""
    table = loader.Table()
    return lambda name: dict(table.configurations[name].variables, conbool_preflight='skip')
