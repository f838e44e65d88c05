# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.firewall.hosts import BACKENDS, Hosts, backend, of_all


@pytest.fixture(scope='package', name='hosts', params=['debian12', pytest.param('debian13', marks=pytest.mark.full)])
def fixture_hosts(request, borrowed, tmp_path_factory):
    """One host for each manager of the firewall. Molecule has ufw on Debian 12 and firewalld on Debian 13."""
    kinds = [f'{name}-{request.param}' for name in BACKENDS]
    with borrowed.hosts(*kinds) as lab:
        found = Hosts(lab, tmp_path_factory.mktemp('results'), kinds)
        # As an administrator has it who has let ssh in before.
        found.each(
            lambda host: found.shell(host, 'ufw allow 22/tcp && ufw --force enable'),
            [found.of('ufw')],
        )
        yield found


@pytest.fixture(scope='module', name='originals')
def fixture_originals(hosts):
    return hosts.each(hosts.fingerprint)


@pytest.fixture(scope='module', name='limited')
def fixture_limited(hosts, originals):
    """Hosts on which only the gateway gets in; after the last test they are as they were before the first."""
    results = hosts.module(networks=hosts.lab.addresses['gateway'])
    assert of_all(results, 'backend') == {name: backend(name) for name in hosts.names}
    yield hosts
    hosts.module(state='absent')
    assert hosts.each(hosts.fingerprint) == originals
