# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml as its users run it: from the installed collection, on a host where a package is missing, and for several
hosts of which some fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.checks import runs
from tests.flow import snapshot

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
HOST = 'bare-debian13'
VARIABLES = {
    'conbool_domains': ['example.com', 'sub.example.co.uk'],
    'conbool_networks': '{{ lab_gateway }}',
    'conbool_tls_ca_file': '/etc/ssl/lab/ca.pem',
    'conbool_dns_servers': ['{{ lab_resolver }}'],
}
# Of no certificate: nothing is compared here.
# Of no certificate of the gateway, which the preflight would not let pass.
FINGERPRINTS = {'conbool_inbound_certificate_fingerprints': [':'.join(['AB'] * 32)], 'conbool_preflight': 'warn'}
USER = 'conbool-policy'


@pytest.fixture(scope='module')
def lab(borrowed):
    with borrowed.hosts(HOST) as lab:
        yield lab


def run(argv, cwd, **environment):
    done = subprocess.run(
        [str(BIN / argv[0])] + argv[1:],
        cwd=cwd,
        env=dict(os.environ, ANSIBLE_NOCOLOR='1', PWD=str(cwd), **environment),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout


def changed(output):
    return int(re.search(rf'^{HOST}\s*:.*changed=(\d+)', output, re.M)[1])


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A directory with the collection as its users install it, and nothing of this repository."""
    folder = tmp_path_factory.mktemp('installed')
    assert run(['ansible-galaxy', 'collection', 'build', '--output-path', str(folder)], ROOT)[0] == 0
    tarball = next(folder.glob('*.tar.gz'))
    status, output = run(
        ['ansible-galaxy', 'collection', 'install', '--offline', '-p', str(folder), str(tarball)], folder
    )
    assert status == 0, output
    return folder


@pytest.fixture
def taken(lab):
    """Somebody else's user has the name of ours."""
    lab.run(HOST, ['useradd', '--system', '--no-create-home', USER])
    yield
    lab.run(HOST, ['userdel', USER])


def test_a_host_whose_user_of_that_name_is_another_is_left_as_it_is(lab, taken, tmp_path):
    before = snapshot.take(lab, HOST)

    def play(variables_of, *options):
        return runs.play(
            lab,
            'site.yml',
            {name: {'node': HOST, **VARIABLES, **more} for name, more in variables_of.items()},
            tmp_path,
            *options,
        )

    checked = play({'by-name': {}, 'by-fingerprint': FINGERPRINTS}, '--check')
    assert {name: entry['result'] for name, entry in checked.content['hosts'].items()} == {
        'by-name': 'failed',
        'by-fingerprint': 'done',
    }
    done = play({'by-name': {}})
    assert done.outcome.changed == []
    assert snapshot.differences(before, snapshot.take(lab, HOST)) == []
    for reason in (checked.host('by-name')['reason'], done.host('by-name')['reason']):
        assert f'There is a user {USER} ' in reason and 'not made here' in reason


def test_installed_collection_by_its_full_name(lab, installed):
    (installed / 'vars.yml').write_text(yaml.safe_dump(VARIABLES))
    packages = ['dpkg-query', '--show']
    installed_before = lab.run(HOST, packages).stdout
    before = snapshot.take(lab, HOST)

    said = []

    def play(name, *options):
        status, output = run(
            [
                'ansible-playbook',
                '-i',
                str(lab.inventory),
                '-l',
                HOST,
                '-e',
                '@vars.yml',
                'conbool.smtp_relay.' + name,
                *options,
            ],
            installed,
            ANSIBLE_COLLECTIONS_PATH=str(installed),
        )
        assert status == 0, output
        said.append(output)
        return changed(output)

    would = play('site', '--check', '--diff')
    assert would > 0 and f'\n+{USER}\n' in said[-1]
    assert snapshot.differences(before, snapshot.take(lab, HOST)) == []
    assert play('site') == would
    # No package was needed.
    assert lab.run(HOST, packages).stdout == installed_before
    # By name, by key, by neither.
    for certificate, accepted in (('right', True), ('server_only', True), ('wrong_name', False)):
        reply = lab.gateway.send(
            HOST,
            'x@external.test',
            ['alice@example.com'],
            b'Subject: flow-bare\r\n\r\nhello\r\n',
            client_cert=certificate,
        )
        assert reply['accepted'] == accepted, reply
    # The hop comes back with the machine.
    lab.restart(HOST)
    assert lab.run(HOST, ['systemctl', 'is-active', 'conbool-hop', 'postfix']).stdout.split() == ['active', 'active']
    assert lab.run(HOST, ['postqueue', '-c', '/etc/conbool-hop', '-f']).returncode == 0
    assert play('site') == 0
    assert play('rollback') > 0
    assert play('rollback') == 0
    # What is outside /etc has seen a new start.
    assert [line for line in snapshot.differences(before, snapshot.take(lab, HOST)) if line.startswith('/etc/')] == []
    for name in ('site', 'rollback'):
        assert json.loads((installed / 'conbool-reports' / f'{name}.json').read_text())['ok']


@pytest.mark.full
def test_failing_hosts_are_named_and_do_not_stop_the_others(lab, tmp_path):
    inventory = yaml.safe_load(lab.inventory.read_text())
    hosts = inventory['all']['children']['conbool']['hosts']
    assert list(hosts) == [HOST]
    address = hosts[HOST]['ansible_host']
    hosts['bad-variable'] = {'ansible_host': address, 'conbool_domains': ['exa mple.com']}
    hosts['no-such-mta'] = {'ansible_host': address, 'conbool_mta': 'sendmail'}
    # An address of the lab's own network where nobody is.
    hosts['unreachable'] = {'ansible_host': address.rpartition('.')[0] + '.253'}
    inventory['all']['vars'].update(VARIABLES, conbool_report_dir=str(tmp_path))
    (tmp_path / 'inventory.yml').write_text(yaml.safe_dump(inventory))
    status, output = run(
        ['ansible-playbook', '-i', str(tmp_path / 'inventory.yml'), '--check', 'playbooks/site.yml'], ROOT
    )
    assert status != 0
    lines = [line.strip(' -\'",') for line in output.splitlines()]
    summary = {line.split()[0]: line for line in lines if re.match(r'\S+ +\S+ +\S+ +(done|FAILED|NOT DONE)', line)}
    assert summary[HOST].endswith('done'), output
    assert 'exa mple.com' in output and 'conbool_domains' in output
    assert 'FAILED' in summary['bad-variable']
    assert 'FAILED' in summary['no-such-mta'] and 'mta.failed' in summary['no-such-mta']
    assert re.search(r'conbool_mta\s+is\s+sendmail', output), output
    assert 'NOT DONE' in summary['unreachable']
    recap = dict(re.findall(r'^(\S+)\s*: ok=.*?(failed=\d+)', output, re.M))
    assert recap[HOST] == 'failed=0' and recap['bad-variable'] == recap['no-such-mta'] == 'failed=1'
