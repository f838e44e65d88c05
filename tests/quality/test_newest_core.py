# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tests once more on the newest ansible-core, with Python 3.13 in a Debian 13 container."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from lab import images
from lab.engine import environment
from tests.conftest import is_full

from .conftest import ROOT, run

CONTROLLER = {'image': 'controller', 'base': 'debian:13'}
VENV = Path('.cache/python3.13')
HOST = 'postfix-debian13'
VARIABLES = (
    '{"conbool_domains": ["example.com", "sub.example.co.uk"], "conbool_inbound": false, "conbool_tls_ca_file":'
    ' "/etc/ssl/lab/ca.pem", "conbool_dns_servers": ["{{ lab_resolver }}"], "conbool_report_dir":'
    ' ".cache/reports-3.13"}'
)

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason='this interpreter runs the newest core itself')


@pytest.fixture(scope='module')
def controller():
    """Runs a command in the container, the clone being its working directory."""
    images.ensure([CONTROLLER])
    options = [
        '--rm',
        '--network=host',
        '--label=conbool.lab=controller',
        '--volume',
        f'{ROOT}:{ROOT}',
        '--workdir',
        str(ROOT),
    ]
    # However this machine gets at Python packages, the container does too.
    for name, value in os.environ.items():
        if name.startswith('PIP_') or name.lower().endswith('_proxy'):
            options += ['--env', f'{name}={value}']
    certificates = Path(os.environ.get('PIP_CERT', '/nonexistent'))
    if certificates.is_file():
        options += ['--volume', f'{certificates}:{certificates}:ro']

    def inside(*argv, **variables):
        for name, value in variables.items():
            options.extend(['--env', f'{name}={value}'])
        configuration = {key: value for key, value in environment().items() if key == 'CONTAINERS_CONF'}
        return run(['podman', 'run', *options, images.tag(CONTROLLER), *argv], ROOT, **configuration)

    wanted = hashlib.sha256(
        (ROOT / 'requirements.txt').read_bytes() + (ROOT / 'requirements-dev.txt').read_bytes()
    ).hexdigest()
    stamp = ROOT / VENV / 'stamp'
    if not stamp.exists() or stamp.read_text() != wanted:
        inside('python3', '-m', 'venv', '--clear', str(VENV))
        inside(f'{VENV}/bin/pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements-dev.txt')
        stamp.write_text(wanted)
    return inside


def test_core_is_the_newest(controller):
    assert 'core 2.21' in controller(f'{VENV}/bin/ansible', '--version')


# These know of ansible-core next to nothing: there the other Python alone could make a difference. The last one's
# playbooks, with the same toy, are run by tests/unit/test_runs_of_awx.py too.
WITHOUT_CORE = [
    'tests/unit/plugins/module_utils',
    'tests/unit/flow',
    'tests/unit/sabotage',
    'tests/unit/test_collection.py',
    'tests/unit/test_house.py',
    'tests/unit/test_new_mta.py',
]


@pytest.mark.parametrize(
    'tests',
    [
        pytest.param(['tests/unit', *(f'--ignore={each}' for each in WITHOUT_CORE)], id='with core'),
        pytest.param(WITHOUT_CORE, id='without core', marks=pytest.mark.full),
        pytest.param(['tests/quality/test_lint.py'], id='lint', marks=pytest.mark.full),
    ],
)
def test_unit_and_lint(controller, request, tests):
    chosen = [] if is_full(request.config) else ['-m', 'not full']
    output = controller(
        f'{VENV}/bin/pytest', '-q', '-p', 'no:cacheprovider', *chosen, *tests, CONBOOL_RELEASE='.cache/release-3.13'
    )
    assert ' passed' in output and ' failed' not in output


@pytest.mark.full
def test_site_and_rollback(controller, borrowed):
    with borrowed.hosts(HOST) as lab:
        play = [f'{VENV}/bin/ansible-playbook', '-i', str(lab.inventory), '-l', HOST, '-e', VARIABLES]
        controller(*play, 'playbooks/site.yml', '--check', '--diff')
        controller(*play, 'playbooks/site.yml')
        assert 'changed=0' in controller(*play, 'playbooks/site.yml')
        controller(*play, 'playbooks/rollback.yml')
