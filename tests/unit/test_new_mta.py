# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test of the house: another mail server is an entry of the registry, a package, two modules and a role.

A toy is added to a copy of the collection, of which no other file is changed. Playbooks then treat it like any other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UTILS = 'ansible_collections.conbool.smtp_relay.plugins.module_utils.'
SERVER = '''
from __future__ import annotations

from %(utils)s_host.disk import read_file
from %(utils)s_mta.server import Facts, MailServer, Part, QueueLook, Route, Verdict, Wanted


class Empty(QueueLook):
    def begin(self):
        pass

    def end(self):
        return [], []


class ToyServer(MailServer):
    """Its configuration is one line: where it sends mail."""

    NAME = 'toy'
    hop_decides = False

    def _route(self):
        return (read_file(self.options['file']).data or b'').decode().strip()

    def lock_directories(self):
        return []

    def facts(self):
        return Facts('1.2', True, '/', [], [], 'nowhere', 'firewall.nowhere', native={'route': self._route()})

    def _part(self, line):
        def converge(module):
            before = self._route()
            if before != line and not module.check_mode:
                with open(self.options['file'], 'w', encoding='utf-8') as stream:
                    stream.write(line)
            return {'changed': before != line}, []

        return Part('toy', converge)

    def wanted(self, facts, flag):
        return Wanted(warnings=['toys break'], parts=[self._part(self.settings['relay_destination'])])

    def undo(self):
        return [self._part('old')]

    def leads_to_hop(self):
        return []

    def routes(self, samples):
        through = self._route() == self.settings['relay_destination']
        return [Route('toy', through and sample['hop']) for sample in samples]

    def headers(self, lines):
        marked = ('X-Conbool-Released: yes', 'X-Conbool-example-com: true', 'Content-Type: text/calendar; method=REQUEST')
        return [Verdict(line in marked, 'the toy says so') for line in lines]

    def queue(self):
        return Empty()

    def knows(self, certificate):
        return ''
''' % {'utils': UTILS}
MODULE = '''#!/usr/bin/python
from __future__ import annotations

from %(utils)s_module import %(kind)s
from %(utils)s_toy.server import ToyServer

%(kind)s.main(ToyServer)
'''
TASK = '- name: The toy\n  conbool.smtp_relay.%s:\n    settings: "{{ conbool_settings }}"\n'
SPECS = {'argument_specs': {'main': {'options': {'toy_smarthost_file': {'type': 'path', 'default': '/etc/toy.cf'}}}}}


@pytest.fixture(scope='module', name='collection')
def fixture_collection(tmp_path_factory):
    """A copy of the collection that has the toy."""
    home = tmp_path_factory.mktemp('toy')
    target = home / 'collections/ansible_collections/conbool/smtp_relay'
    for name in ('plugins', 'roles', 'playbooks', 'meta', 'galaxy.yml'):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, target / name)
    registry = target / 'plugins/module_utils/_mta/registry.py'
    text = registry.read_text(encoding='utf-8')
    entry = f"    'toy': MailServer('Toy', (('{home}/toy.cf',),), ('toy.service',), '1.0'),\n}}\n"
    registry.write_text(text.replace('\n}\n', '\n' + entry, 1), encoding='utf-8')
    package = target / 'plugins/module_utils/_toy'
    package.mkdir()
    (package / 'server.py').write_text(SERVER, encoding='utf-8')
    role = target / 'roles/toy_smarthost'
    for name in ('tasks', 'defaults', 'meta'):
        (role / name).mkdir(parents=True)
    for kind in ('smarthost', 'verify'):
        module = MODULE % {'utils': UTILS, 'kind': kind}
        (target / f'plugins/modules/toy_{kind}.py').write_text(module, encoding='utf-8')
    (role / 'tasks/main.yml').write_text(TASK % 'toy_smarthost', encoding='utf-8')
    (role / 'tasks/verify.yml').write_text(TASK % 'toy_verify', encoding='utf-8')
    preflight = TASK % 'toy_smarthost' + '    stage: preflight\n'
    (role / 'tasks/preflight.yml').write_text(preflight, encoding='utf-8')
    (role / 'defaults/main.yml').write_text('toy_smarthost_file: /etc/toy.cf\n', encoding='utf-8')
    (role / 'meta/argument_specs.yml').write_text(json.dumps(SPECS), encoding='utf-8')
    (role / 'meta/main.yml').write_text('dependencies: [conbool.smtp_relay.conbool]\n', encoding='utf-8')
    (home / 'toy.cf').write_text('old', encoding='utf-8')
    return home


@pytest.fixture(name='play')
def fixture_play(collection):
    def run(playbook, *arguments, **variables):
        host = {
            'ansible_connection': 'local',
            'ansible_python_interpreter': sys.executable,
            # Nothing is asked of anybody: these are closed ports of this machine.
            'conbool_relay_host': 'localhost.localdomain',
            'conbool_relay_port': 9,
            'conbool_dns_servers': ['127.0.0.1'],
            'conbool_domains': ['example.com'],
            'conbool_inbound': False,
            'conbool_preflight': 'warn',
            'conbool_report_dir': str(collection / 'reports'),
            'toy_smarthost_file': str(collection / 'toy.cf'),
            'conbool_mta': 'toy',
            'verify_queue_seconds': 0,
            **variables,
        }
        inventory = {'conbool': {'hosts': {'mx': host}}}
        (collection / 'hosts.json').write_text(json.dumps(inventory), encoding='utf-8')
        done = subprocess.run(
            [
                Path(sys.executable).with_name('ansible-playbook'),
                '-i',
                collection / 'hosts.json',
                f'conbool.smtp_relay.{playbook}',
                *arguments,
            ],
            cwd=collection,
            env={
                **os.environ,
                'ANSIBLE_COLLECTIONS_PATH': str(collection / 'collections'),
                'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
                'ANSIBLE_NOCOLOR': '1',
                'ANSIBLE_LOCAL_TEMP': str(collection),
                'ANSIBLE_REMOTE_TEMP': str(collection),
            },
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        report = collection / 'reports' / f'{playbook}.json'
        return done, json.loads(report.read_text(encoding='utf-8'))['hosts']['mx'] if report.exists() else None

    return run


def test_playbooks_treat_a_new_mail_server_like_any_other(play, collection):
    done, host = play('site', '--check')
    assert done.returncode == 0, done.stdout + done.stderr
    assert (host['mta'], host['result']) == ('toy', 'done')
    assert [row['finding'] for row in host['preflight']['rows'] if row['id'] == 'mta.ok'] == ['version 1.2']
    assert 'toys break' in done.stdout + done.stderr and 'changed=1' in done.stdout
    assert (collection / 'toy.cf').read_text(encoding='utf-8') == 'old'

    done, host = play('site')
    assert done.returncode == 0, done.stdout + done.stderr
    assert (collection / 'toy.cf').read_text(encoding='utf-8') == '[localhost.localdomain]:9'
    assert host['verify']['green'] and {row['id'] for row in host['verify']['rows']} >= {'route.ok', 'header.ok'}
    assert 'changed=0' in play('site')[0].stdout

    (collection / 'toy.cf').write_text('elsewhere', encoding='utf-8')
    done, host = play('verify')
    assert done.returncode and {row['id'] for row in host['verify']['rows']} >= {'route.bypass', 'drift.toy'}

    done = play('rollback')[0]
    assert done.returncode == 0, done.stdout + done.stderr
    assert (collection / 'toy.cf').read_text(encoding='utf-8') == 'old'


@pytest.mark.parametrize(
    'variables, words',
    [
        (
            {'toy_smarthost_fiel': 'x'},
            'toy_smarthost_fiel: there is no such variable; did you mean toy_smarthost_file?',
        ),
        ({'toy_smarthost_file': 'a\nb'}, 'toy_smarthost_file: '),
        ({'conbool_mta': 'toys'}, "conbool_mta: 'toys'"),
    ],
)
def test_its_variables_are_checked_before_anything_is_done(play, variables, words):
    done = play('site', **variables)[0]
    assert done.returncode and words in done.stdout, done.stdout + done.stderr
