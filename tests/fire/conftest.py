# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.flow import adapters, loader, playbook
from tests.flow.playbook import WHOLE


def pytest_addoption(parser):
    group = parser.getgroup('fire', 'kept promises under fire')
    group.addoption(
        '--fire-messages', type=int, default=None, help='send at least so many messages (default: 800, at length 2000)'
    )
    group.addoption(
        '--fire-host', default=None, help="kind of host of the lab, for one mail server (default: the adapter's)"
    )


def pytest_terminal_summary(terminalreporter):
    """What happened to the messages is of interest when all is well, too."""
    for report in terminalreporter.getreports('passed') + terminalreporter.getreports('failed'):
        for name, value in getattr(report, 'user_properties', []):
            if name == 'account':
                terminalreporter.write_line(f'{report.nodeid}: {value}')


@pytest.fixture(scope='session', name='adapter')
def fixture_adapter(request):
    return adapters.load(request.param)()


@pytest.fixture(scope='session', name='lab')
def fixture_lab(borrowed):
    return borrowed


@pytest.fixture(scope='session', name='variables_of')
def fixture_variables_of(adapter):
    """Configuration name -> the inventory variables; the preflight has tests of its own."""
    table = loader.Table()
    return lambda name: dict(table.configurations[name].variables, conbool_preflight='skip', **adapter.variables)


@pytest.fixture(scope='module', name='converged')
def fixture_converged(request, lab, adapter, variables_of):
    """The name of a host of which is kept how it is with everything on."""
    # The option exists only when this directory was named on the command line.
    kind = request.config.getoption('--fire-host', None) or adapter.default_host
    with lab.hosts(f'fire={kind}'):
        playbook.apply(lab.lab, 'fire', variables_of(WHOLE))
        lab.save('fire', 'converged')
        yield 'fire'


@pytest.fixture(name='host')
def fixture_host(lab, converged):
    """Configured, and for each test anew."""
    lab.up(converged, 'saved:converged')
    return converged
