# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server that is a toy, in a copy of the collection, and playbooks that treat it like any other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
UTILS = 'ansible_collections.conbool.smtp_relay.plugins.module_utils.'
SERVER = '''
from __future__ import annotations

import os

from %(utils)s_host.difference import difference
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
        return [os.path.dirname(self.options['file'])]

    def facts(self):
        return Facts('1.2', True, '/', [], [], 'nowhere', 'firewall.nowhere', native={'route': self._route()})

    def _part(self, line):
        def converge(module):
            before = self._route()
            if before != line and not module.check_mode:
                with open(self.options['file'], 'w', encoding='utf-8') as stream:
                    stream.write(line)
            return {'changed': before != line, 'diff': [difference(self.options['file'], before, line)]}, []

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
LOCKS = "return ['/etc', *server"
MODULE = '''#!/usr/bin/python
from __future__ import annotations

from %(utils)s_module import %(kind)s
from %(utils)s_toy.server import ToyServer

%(kind)s.main(ToyServer)
'''
TASK = '- name: The toy\n  conbool.smtp_relay.smarthost:\n    mta: toy\n'
SPECS = {'argument_specs': {'main': {'options': {'toy_smarthost_file': {'type': 'path', 'default': '/etc/toy.cf'}}}}}


def make(home):
    """Copy the collection below this directory, and add the toy."""
    target = home / 'collections/ansible_collections/conbool/smtp_relay'
    for name in ('plugins', 'roles', 'playbooks', 'meta', 'galaxy.yml'):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, target / name)
    registry = target / 'plugins/module_utils/_mta/registry.py'
    text = registry.read_text(encoding='utf-8')
    entry = f"    'toy': MailServer('Toy', (('{home}/toy.cf',),), ('toy.service',), '1.0'),\n}}\n"
    registry.write_text(text.replace('\n}\n', '\n' + entry, 1), encoding='utf-8')
    # All hosts are this machine, and have one /etc.
    smarthost = target / 'plugins/module_utils/_module/smarthost.py'
    text = smarthost.read_text(encoding='utf-8')
    assert LOCKS in text
    smarthost.write_text(text.replace(LOCKS, 'return [*server'), encoding='utf-8')
    package = target / 'plugins/module_utils/_toy'
    package.mkdir()
    (package / 'server.py').write_text(SERVER, encoding='utf-8')
    role = target / 'roles/toy_smarthost'
    for name in ('tasks', 'defaults', 'meta'):
        (role / name).mkdir(parents=True)
    for kind in ('smarthost', 'verify'):
        module = MODULE % {'utils': UTILS, 'kind': kind}
        (target / f'plugins/modules/toy_{kind}.py').write_text(module, encoding='utf-8')
    (role / 'tasks/main.yml').write_text(TASK, encoding='utf-8')
    (role / 'defaults/main.yml').write_text('toy_smarthost_file: /etc/toy.cf\n', encoding='utf-8')
    (role / 'meta/argument_specs.yml').write_text(json.dumps(SPECS), encoding='utf-8')
    (home / 'toy.cf').write_text('old', encoding='utf-8')
    return target


# What a toy has in its file that leads to the gateway of host_of().
GATEWAY = '[localhost.localdomain]:9'


def host_of(home, **variables):
    """Return the variables of a host that has the toy."""
    return {
        'ansible_connection': 'local',
        'ansible_python_interpreter': sys.executable,
        # Nothing is asked of anybody: these are closed ports of this machine.
        'conbool_relay_host': 'localhost.localdomain',
        'conbool_relay_port': 9,
        'conbool_dns_servers': ['127.0.0.1'],
        'conbool_domains': ['example.com'],
        'conbool_inbound': False,
        'conbool_preflight': 'warn',
        'conbool_report_dir': str(home / 'reports'),
        'toy_smarthost_file': str(home / 'toy.cf'),
        'conbool_mta': 'toy',
        'verify_queue_seconds': 0,
        **variables,
    }


def fleet(home, names, fresh=True, **variables):
    """Return the variables of hosts that have a toy each, by name, as they were before if they are to be fresh."""
    for name in names:
        (home / name).mkdir(exist_ok=True)
        if fresh:
            (home / name / 'toy.cf').write_text('old', encoding='utf-8')
    return {name: host_of(home, **{'toy_smarthost_file': f'{home}/{name}/toy.cf', **variables}) for name in names}


def environment(home):
    """Return the environment of Ansible, with the copy of the collection."""
    return {
        **os.environ,
        'ANSIBLE_COLLECTIONS_PATH': str(home / 'collections'),
        'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg'),
        'ANSIBLE_NOCOLOR': '1',
        'ANSIBLE_LOCAL_TEMP': str(home),
        'ANSIBLE_REMOTE_TEMP': str(home),
    }


def run(home, playbook, inventory, *arguments, **more):
    """Run a playbook of the collection over an inventory, as JSON has it; what subprocess has of it."""
    (home / 'hosts.json').write_text(json.dumps(inventory), encoding='utf-8')
    return subprocess.run(
        [
            Path(sys.executable).with_name('ansible-playbook'),
            '-i',
            home / 'hosts.json',
            f'conbool.smtp_relay.{playbook}',
            *arguments,
        ],
        cwd=home,
        env={**environment(home), **more},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def report(home, playbook):
    """Return the report that a playbook has left, None where there is none."""
    path = home / 'reports' / f'{playbook}.json'
    return json.loads(path.read_text(encoding='utf-8')) if path.exists() else None
