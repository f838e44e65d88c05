# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project of awx/ on a mail server of the lab: the client certificate; and a container as AWX's jobs have one."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from lab import images
from lab.engine import CLONE, environment
from tests.awx import job, private
from tests.awx.specs import ROOT

HOST = 'postfix-debian12'
CERT, KEY = '/etc/ssl/certs/relay.pem', '/etc/ssl/private/relay.key'
COLLECTIONS = '/usr/share/ansible/collections'
# Of one Postfix with two domains: results, all events of the host, and those of the job with the report in them.
MOST_OF_ITS_RESULTS, MOST_OF_A_HOST, MOST_OF_A_JOB = 8_000, 24_000, 60_000
# What the execution environment is played by: a Debian with OpenSSH and the Python of this environment.
PYTHON = f'{sys.version_info.major}.{sys.version_info.minor}'
USERS = 'root:x:0:0::/root:/bin/sh\nrunner:x:1000:0::/runner:/bin/sh\n'
PROGRAMS = {'ansible-runner': 'ansible_runner.__main__', 'ansible-playbook': 'ansible.cli.playbook'}
IMAGES = {'3.11': {'image': 'infra', 'base': 'debian:12'}, '3.13': {'image': 'controller', 'base': 'debian:13'}}


@pytest.fixture(scope='module', name='lab')
def fixture_lab(borrowed):
    with borrowed.hosts(HOST) as lab:
        yield lab


@pytest.fixture(name='folder')
def fixture_folder(lab, tmp_path):
    """folder(name, answers, environment): what AWX hands to ansible-runner for the host."""

    def folder(name, answers, **environment):
        return private.data(lab, {HOST: {}}, tmp_path, name, answers, **environment)

    return folder


def said(events):
    return ''.join(event['stdout'] for event in events)


def test_certificate_and_key_of_a_credential(lab, folder, tmp_path):
    texts = {name: lab.run(HOST, ['cat', f'/etc/ssl/lab/client.{name}']).stdout for name in ('pem', 'key')}
    secret = texts['key'].splitlines()[2]

    def run(name, state):
        # As the injectors of the credential type do it: files of the job, and variables with their names.
        place = job.place_of(tmp_path / f'{name}.there') / 'env'
        answers = {
            'conbool_state': state,
            'conbool_tls_client_cert': CERT,
            'conbool_tls_client_key': KEY,
            'conbool_tls_client_cert_source': f'{place}/certificate',
            'conbool_tls_client_key_source': f'{place}/key',
        }
        made = folder(name, answers, **private.OURS)
        (made / 'env/certificate').write_text(texts['pem'], encoding='utf-8')
        (made / 'env/key').write_text(texts['key'], encoding='utf-8')
        done, events = job.run(made, 'client_certificate.yml', verbosity=3)
        assert done.status == 'successful', said(events)
        assert secret not in json.dumps(events)
        # Of a hidden result AWX does not even keep whether something changed; the sum at the end has it.
        (stats,) = [event['event_data'] for event in events if event['event'] == 'playbook_on_stats']
        return stats['changed'].get(HOST) == 1

    listing = ['find', '/etc/ssl', '-not', '-type', 'd', '-printf', '%p %y %m %u %s\\n']
    before = sorted(lab.run(HOST, listing).stdout.splitlines())
    assert run('present', '') is True
    found = lab.run(HOST, ['stat', '-c', '%a %U:%G', CERT, KEY]).stdout.split('\n')
    assert found[:2] == ['644 root:root', '600 root:root']
    assert [lab.run(HOST, ['cat', path]).stdout for path in (CERT, KEY)] == [texts['pem'], texts['key']]
    assert run('again', '') is False
    assert run('absent', 'absent') is True
    assert sorted(lab.run(HOST, listing).stdout.splitlines()) == before


@pytest.fixture(scope='module', name='collections')
def fixture_collections(tmp_path_factory):
    """Install the collection as an execution environment has it: from its tarball."""
    folder = tmp_path_factory.mktemp('collections')
    folder.chmod(0o755)
    for where, arguments in (
        (ROOT, ['build', '--output-path', str(folder)]),
        # Not here, where there is one already.
        (folder, ['install', '--offline', '-p', str(folder), str(folder / 'conbool-smtp_relay-1.0.0.tar.gz')]),
    ):
        subprocess.run(
            [Path(sys.executable).with_name('ansible-galaxy'), 'collection', *arguments],
            cwd=where,
            check=True,
            capture_output=True,
            timeout=120,
        )
    return folder


def in_container(collections, programs):
    """Return what takes the second step in a container: as no user in particular, with nothing of this clone.

    Args:
        collections: the directory with the collection.
        programs: a directory for the commands, which have to name the container's Python.
    """
    recipe, libraries = IMAGES[PYTHON], sysconfig.get_paths()['purelib']
    images.ensure([recipe])
    programs.mkdir()
    programs.chmod(0o755)
    # As ansible-runner's images have it: whoever runs the job has a home.
    (programs / 'passwd').write_text(USERS, encoding='utf-8')
    for name, module in PROGRAMS.items():
        (programs / name).write_text(f'#!/usr/bin/python3\nfrom {module} import main\nmain()\n', encoding='utf-8')
        (programs / name).chmod(0o755)

    def work(there, back):
        command = ['podman', 'run', '--rm', '--interactive', '--network=host', f'--label=conbool.lab=ee-{CLONE}']
        command += ['--user=1000', '--env=HOME=/runner', '--tmpfs=/runner:mode=1777,exec']
        command += [f'--volume={collections}:{COLLECTIONS}:ro', f'--volume={libraries}:/opt/libraries:ro']
        command += [f'--volume={programs}:/opt/programs:ro', f'--volume={programs}/passwd:/etc/passwd:ro']
        command += ['--env=PYTHONPATH=/opt/libraries']
        command += ['--env=PATH=/opt/programs:/usr/bin:/bin', images.tag(recipe), 'ansible-runner', 'worker']
        with there.open('rb') as stream, back.open('wb') as answer:
            subprocess.run(
                [*command, '--private-data-dir', '/runner/job'],
                stdin=stream,
                stdout=answer,
                env=environment(),
                timeout=400,
                check=True,
            )

    return work


@pytest.mark.full
@pytest.mark.skipif(PYTHON not in IMAGES, reason='no image of the lab has the Python of this environment')
def test_jobs_in_a_container_as_the_execution_environment_is_one(folder, collections, tmp_path):
    work = in_container(collections, tmp_path / 'programs')
    answers = {
        'conbool_domains': '',
        'conbool_scope': '',
        'conbool_preflight': 'enforce',
        'conbool_report_dir': '/tmp/r',
    }
    for name, playbook in (
        ('ready', 'preflight.yml'),
        ('site', 'site.yml'),
        ('still', 'verify.yml'),
        ('back', 'rollback.yml'),
    ):
        done, events = job.run(folder(name, answers), playbook, work)
        assert done.status == 'successful', said(events)
        report = job.artifacts(events)['smtp_relay_report']
        assert (report['ok'], report['version'], report['hosts'][HOST]['mta']) == (True, '1.0.0', 'postfix')
        assert COLLECTIONS in json.dumps(events) and str(ROOT) not in json.dumps(events)
        if playbook == 'site.yml':
            assert sum(map(len, job.results(events))) < MOST_OF_ITS_RESULTS
            assert job.size(job.of_hosts(events)) < MOST_OF_A_HOST and job.size(events) < MOST_OF_A_JOB
