# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from tests.flow import adapters, loader, servers
from tests.flow.model import Case
from tests.flow.options import OPTIONS
from tests.flow.session import Session

HERE = Path(__file__).resolve().parent


def pytest_addoption(parser):
    group = parser.getgroup('flow', 'flow table')
    for flag, settings in OPTIONS.items():
        group.addoption(flag, **settings)


def pytest_configure(config):
    config.addinivalue_line(
        'markers', 'configures_hosts: applies playbooks to lab hosts of its own; left out by --no-apply'
    )
    config.addinivalue_line(
        'markers', 'servers(mta, ..., full=[mta, ...]): is run with these mail servers; without, with all of them'
    )


def _option(config, flag):
    # Options exist only when this directory was named on the command line; its tests may be collected without.
    return config.getoption(flag, OPTIONS[flag].get('default'))


@lru_cache(maxsize=None)
def _selected(config):
    """The cases of this session: all, or those of the configurations that the host is known to have, or of the rows that
    are named."""
    table = loader.Table(loader.OWN_FILES + (_option(config, '--cases') or []))
    names = _option(config, '--configuration') or (['default'] if _option(config, '--no-apply') else [None])
    for name in names:
        if name is not None and name not in table.configurations:
            raise pytest.UsageError('no configuration {!r}, only {}'.format(name, ', '.join(table.configurations)))
    return table, [case for name in names for case in table.selected(name, _option(config, '--rows'))]


def pytest_generate_tests(metafunc):
    if 'server' in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker('servers')
        found = servers.chosen(_option(metafunc.config, '--mta'), _option(metafunc.config, '--host'), marker)
        metafunc.parametrize('server', found, indirect=True, scope='session')
    if 'case' not in metafunc.fixturenames and 'configuration' not in metafunc.fixturenames:
        return
    try:
        dummy, cases = _selected(metafunc.config)
    except loader.CaseError as error:
        raise pytest.UsageError(str(error)) from error
    if 'case' in metafunc.fixturenames:
        metafunc.parametrize('case', cases, ids=[case.name for case in cases])
    else:
        metafunc.parametrize('configuration', list(dict.fromkeys(case.configuration for case in cases)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """With --no-apply the host belongs to the caller: only the cases run, not the tests that configure hosts
    themselves."""

    def foreign(item):
        # pytest gives all that is collected, that of other directories too.
        if HERE not in item.path.parents:
            return False
        parameters = getattr(getattr(item, 'callspec', None), 'params', {})
        # What is in place of a mail server that the test is not run with.
        unwanted = 'server' in parameters and not isinstance(parameters['server'], servers.Server)
        return unwanted or (_option(config, '--no-apply') and item.get_closest_marker('configures_hosts'))

    config.hook.pytest_deselected(items=[item for item in items if foreign(item)])
    items[:] = [item for item in items if not foreign(item)]
    for item in items:
        if _is_repeated(config, item):
            item.add_marker(pytest.mark.full)


def _is_repeated(config, item):
    """A row that holds under one more configuration, or all rows of one that says nothing of this mail server: where one
    shows that by default, the others do in a full run."""
    parameters = getattr(getattr(item, 'callspec', None), 'params', {})
    server, case, name = (parameters.get(key) for key in ('server', 'case', 'configuration'))
    if not isinstance(server, servers.Server) or server.mta == 'postfix' or _option(config, '--no-apply'):
        return False
    cases = [case] if isinstance(case, Case) else [each for each in _selected(config)[1] if each.configuration == name]
    return bool(cases) and all(each.repeated or _only_full(server, each.configuration) for each in cases)


def _only_full(server, configuration):
    by_default = adapters.load(server.mta).by_default
    return by_default is not None and configuration not in by_default


@pytest.fixture(scope='session', name='server')
def fixture_server(request):
    return request.param


@pytest.fixture(scope='session', name='adapter')
def fixture_adapter(server):
    return adapters.load(server.mta)()


@pytest.fixture(scope='session', name='kind')
def fixture_kind(server):
    """Of what kind the hosts are, those that tests have for themselves too."""
    return server.kind


@pytest.fixture(scope='session', name='lab')
def fixture_lab(borrowed):
    return borrowed


@pytest.fixture(scope='module', name='host')
def fixture_host(lab, kind, adapter):
    with lab.hosts(*adapter.site.beside, kind, fresh=False):
        yield kind


@pytest.fixture(scope='module', name='flow')
def fixture_flow(request, lab, host, adapter):
    table, dummy = _selected(request.config)
    return Session(lab.lab, host, adapter, table, apply=not _option(request.config, '--no-apply'))


@pytest.fixture(scope='module', name='collected')
def fixture_collected(request, server):
    """Cases chosen for this session (-k, test names), so that only their messages are sent."""
    parameters = [getattr(getattr(item, 'callspec', None), 'params', {}) for item in request.session.items]
    # Tests of other directories, in the same session, have a parameter of this name too.
    return [each['case'] for each in parameters if isinstance(each.get('case'), Case) and each.get('server') == server]


@pytest.fixture(scope='session', name='variables_of')
def fixture_variables_of(request, adapter):
    """Configuration name -> the inventory variables; the preflight has tests of its own."""
    table, dummy = _selected(request.config)
    return lambda name: dict(table.configurations[name].variables, conbool_preflight='skip', **adapter.variables)


@pytest.fixture(scope='module', name='own_host')
def fixture_own_host(lab, kind):
    """A host for tests about runs of the playbook: anew for each module, so that it begins unconfigured."""
    with lab.hosts(f'change={kind}'):
        yield 'change'


@pytest.fixture(name='fresh_host')
def fixture_fresh_host(lab, kind):
    with lab.hosts(f'fresh={kind}'):
        yield 'fresh'
