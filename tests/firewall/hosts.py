# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of these tests, all of them at once: each step goes to every host, so that slow machines wait only once."""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.engine import environment
from tests.conftest import ROOT
from tests.postfix.machine import site

CONNECT = Path(__file__).with_name('connect.py').read_text(encoding='utf-8')
HOLD = Path(__file__).with_name('hold.py').read_text(encoding='utf-8')
BACKENDS = {'postfix': 'nftables', 'ufw': 'ufw', 'firewalld': 'firewalld'}
# Everything that a run may leave behind; what is in force, without what counts packets.
FILES = (
    'cd / && find etc/ufw etc/default/ufw etc/firewalld etc/systemd/system etc/nftables.conf etc/conbool*'
    ' var/lib/conbool-smtp-relay \\( -type f -o -type l \\) -printf "%p %m %u %g %l\\n" -exec sha256sum {} +'
    ' 2>/dev/null | sort; find etc/systemd/system -type d | sort'
)
RULES = 'nft list ruleset'
COUNTED = re.compile(r'(packets|bytes) \d+')
# What verify says of the mail port, without a mail server.
ROWS = """
import json, subprocess, sys, shutil
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.firewall import port_rows
class Module:
    def get_bin_path(self, name, opt_dirs=()):
        return shutil.which(name)
    def run_command(self, argv, data=None, environ_update=None):
        done = subprocess.run(argv, input=data, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr
settings = json.load(sys.stdin)
print(json.dumps([[row['id'], row['status'], row['finding']] for row in port_rows(Module(), settings)]))
"""
PLAYBOOK = '- {hosts: conbool, gather_facts: false, roles: [conbool.smtp_relay.inbound_firewall]}\n'


def backend(host):
    return BACKENDS[host.partition('-')[0]]


def of_all(results, key):
    return {name: result.get(key, result.get('msg')) for name, result in results.items()}


class Hosts:

    def __init__(self, lab, folder, names):
        self.lab, self.folder = lab, folder
        self.names = list(names)
        packed = site()
        self.each(lambda host: lab.run(host, ['sh', '-c', 'mkdir -p /root/site && tar -x -C /root/site'], input=packed))

    def each(self, action, names=None):
        """{host: what the action returns for it}, side by side."""
        names = names or self.names
        with ThreadPoolExecutor(max_workers=6) as pool:
            return dict(zip(names, pool.map(action, names)))

    def of(self, manager):
        """The host whose firewall is managed by this; with `nftables`, by nothing."""
        return next(name for name in self.names if backend(name) == manager)

    def every(self, value):
        return dict.fromkeys(self.names, value)

    def shell(self, host, script, check=True):
        return self.lab.run(host, ['sh', '-c', script], check=check).stdout

    def module(self, *names, check=False, **arguments):
        """{host: the module's result}"""
        return {name: results[0] for name, results in self.modules([(arguments, check)], names).items()}

    def modules(self, calls, names=()):
        """{host: results of the module} for each (arguments, check mode), as Ansible runs it on a managed host but
        without a connection each."""
        orders = [
            json.dumps({'ANSIBLE_MODULE_ARGS': dict(arguments, _ansible_check_mode=check, _ansible_diff=True)})
            for arguments, check in calls
        ]

        def run(host):
            done = self.lab.run(
                host, ['python3', '/root/site/run.py', 'inbound_firewall'], input='\n'.join(orders), timeout=120
            )
            return json.loads(done.stdout)

        return self.each(run, list(names))

    def rows(self, *names, networks, limited=True):
        """{host: [id, status and finding of each row of verify on the mail port]}"""
        firewall = {'state': 'present' if limited else 'absent', 'port': 25, 'backend': 'auto'}
        settings = {
            'state': 'present',
            'inbound': True,
            'networks': networks,
            'allowed_networks': [],
            'roles': {'inbound_firewall': firewall, 'outbound_hop': {'clients': []}},
        }

        def ask(host):
            command = 'cd /root/site && PYTHONPATH=/root/site python3 -c "$0"'
            return json.loads(self.lab.run(host, ['sh', '-c', command, ROWS], input=json.dumps(settings)).stdout)

        return self.each(ask, list(names))

    def role(self, *names, **variables):
        """What ansible-playbook printed; every host has to end well."""
        playbook = self.folder / 'role.yml'
        playbook.write_text(PLAYBOOK, encoding='utf-8')
        done = subprocess.run(
            [
                'ansible-playbook',
                '-i',
                self.lab.inventory,
                playbook,
                '--limit',
                ','.join(names or self.names),
                '-e',
                json.dumps(variables),
            ],
            cwd=ROOT,
            env={**environment(), 'ANSIBLE_CONFIG': str(ROOT / 'ansible.cfg')},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fingerprint(self, host):
        return COUNTED.sub(r'\1', self.shell(host, f'{FILES}; {RULES}'))

    def reached(self, node, port=25, names=None):
        """{host: [how far a connection over IPv4 came, over IPv6]} from gateway, internet or lan."""
        names = names or self.names
        orders = [
            [source, target, port]
            for host in names
            for source, target in zip(self.lab.addresses[node], self.lab.addresses[host])
        ]
        return _pairs(names, self._connect('internet' if node == 'lan' else node, orders))

    def reached_by_itself(self, host):
        return self._connect(host, [['', target, 25] for target in ['127.0.0.1', '::1', *self.lab.addresses[host]]])

    def _connect(self, node, orders):
        return json.loads(self.lab.run(node, ['python3', '-c', CONNECT, json.dumps(orders)]).stdout)

    def hold(self, node):
        """Connections from a node to every host, IPv4 and IPv6, that stay open until the process is ended."""
        targets = [address for host in self.names for address in self.lab.addresses[host]]
        process = self.lab.start(node, ['python3', '-c', HOLD, *targets])
        assert process.stdout.readline() == 'connected\n'
        return process


def _pairs(names, answers):
    return {host: answers[2 * number : 2 * number + 2] for number, host in enumerate(names)}
