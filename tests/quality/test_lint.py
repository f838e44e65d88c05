# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that Galaxy and Automation Hub make, none of them with an ignore file."""

from __future__ import annotations

import tarfile

import pytest
import yaml

from tests.conftest import is_full

from .conftest import ROOT, run


@pytest.mark.parametrize(
    'tool', [['ruff', 'check', '--output-format', 'concise'], ['black', '--check', '--quiet', '--diff']]
)
def test_python_is_written_one_way(tool):
    run([*tool, '.'], ROOT)


def test_ansible_lint_production(release):
    run(
        ['ansible-lint', '--offline', '--strict', '--profile', 'production'],
        release,
        ANSIBLE_COLLECTIONS_PATH=str(release.parents[2]),
    )


# More than half of all lines, and nothing that Galaxy gets; ruff and black read them by default.
NOT_RELEASED = ('tests/', 'lab/')


def test_ansible_test_sanity(release, tool_home, request):
    left_out = [] if is_full(request.config) else [f'--exclude={folder}' for folder in NOT_RELEASED]
    run(['ansible-test', 'sanity', '--venv', '--color', 'no', *left_out], release, HOME=str(tool_home))


def test_documentation(release):
    run(
        [
            'antsibull-docs',
            'lint-collection-docs',
            '--plugin-docs',
            '--skip-rstcheck',
            '--validate-collection-refs=all',
            '.',
        ],
        release,
    )


def test_changelog(release):
    run(['antsibull-changelog', 'lint'], release)


def test_galaxy_importer(release, tmp_path):
    run(['ansible-galaxy', 'collection', 'build', '--output-path', str(tmp_path)], release)
    tarball = next(tmp_path.glob('conbool-smtp_relay-*.tar.gz'))
    config = tmp_path / 'importer.cfg'
    config.write_text('[galaxy-importer]\nRUN_ANSIBLE_TEST = False\nRUN_ANSIBLE_LINT = False\nRUN_FLAKE8 = False\n')
    output = run(['python', '-m', 'galaxy_importer.main', str(tarball)], tmp_path, GALAXY_IMPORTER_CONFIG=str(config))
    assert 'ERROR' not in output and 'WARNING' not in output, output
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    version = yaml.safe_load((ROOT / 'galaxy.yml').read_text())['version']
    assert tarball.name == f'conbool-smtp_relay-{version}.tar.gz'
    assert not [name for name in names if name.split('/')[0] in ('tests', 'lab', 'scripts', 'molecule', 'collections')]
