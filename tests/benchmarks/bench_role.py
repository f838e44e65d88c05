# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First and unchanged run of a mail server's role, of postfix_smarthost against other Postfix roles, each on a host of
its own, in turns.

    python -m tests.benchmarks.bench_role --peer linux-system-roles=PATH --peer geerlingguy=PATH [--runs 5]
    python -m tests.benchmarks.bench_role --role sendmail_smarthost [--inbound]

PATH is a checkout of the role. The peers do less: they set relayhost and TLS parameters of the mail server, no more.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from lab import lifecycle
from lab.api import Lab

ROOT = Path(__file__).resolve().parents[2]
LAB = 'bench'
KINDS = {f'{name}_smarthost': f'{name}-debian12' for name in ('postfix', 'sendmail', 'exim')}

OURS = {
    'conbool_domains': ['example.com', 'sub.example.co.uk'],
    'conbool_tls_ca_file': '/etc/ssl/lab/ca.pem',
    'conbool_inbound': False,
}
INBOUND = dict(OURS, conbool_inbound=True, conbool_networks=['198.51.100.0/24'])
PEERS = {
    'linux-system-roles': {
        'postfix_conf': {
            'relayhost': '[mail.conbool.com]:25',
            'smtp_tls_security_level': 'encrypt',
            'smtp_tls_CAfile': '/etc/ssl/lab/ca.pem',
            'message_size_limit': '20480000',
            'smtp_tls_loglevel': '1',
        }
    },
    'geerlingguy': {'postfix_inet_interfaces': 'all', 'postfix_inet_protocols': 'all'},
}


def playbook(folder, name, role, variables, facts):
    """A playbook that does nothing but the role."""
    path = folder / (f'{name}.yml')
    path.write_text(yaml.safe_dump([{'hosts': 'conbool', 'gather_facts': facts, 'vars': variables, 'roles': [role]}]))
    return path


def run(lab, host, path):
    """Seconds that one run takes; a failing run ends the benchmark."""
    command = [str(Path(sys.executable).with_name('ansible-playbook')), '-i', str(lab.inventory), '-l', host, str(path)]
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / 'ansible.cfg')),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    seconds = time.monotonic() - start
    # A pattern that matches no host ends well, and fast.
    if done.returncode or not re.search(rf'^{host} +: ok=[1-9]', done.stdout, re.MULTILINE):
        sys.exit(done.stdout)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--role', choices=list(KINDS), default='postfix_smarthost')
    parser.add_argument('--inbound', action='store_true', help='inbound mail too, with spam folder and release')
    parser.add_argument('--peer', action='append', default=[], metavar='NAME=PATH')
    parser.add_argument('--runs', type=int, default=5)
    chosen = parser.parse_args()
    peers = dict(peer.split('=', 1) for peer in chosen.peer)
    names = ['conbool'] + list(peers)
    # The inventory has a group named conbool.
    hosts = {name: f'host{number}' for number, name in enumerate(names)}
    lifecycle.up(LAB, dict.fromkeys(hosts.values(), KINDS[chosen.role]))
    try:
        lab = Lab(LAB)
        with tempfile.TemporaryDirectory() as folder:
            # The peers need facts, ours does not.
            books = {
                name: playbook(Path(folder), name, str(Path(role).resolve()), PEERS[name], True)
                for name, role in peers.items()
            }
            books['conbool'] = playbook(
                Path(folder), 'conbool', 'conbool.smtp_relay.' + chosen.role, INBOUND if chosen.inbound else OURS, False
            )
            first = {name: run(lab, hosts[name], books[name]) for name in names}
            again = {name: [] for name in names}
            for dummy in range(chosen.runs):
                for name in names:
                    again[name].append(run(lab, hosts[name], books[name]))
    finally:
        lifecycle.down(LAB)
    print('%-20s %10s %22s %12s' % ('role', 'first run', 'unchanged run (range)', 'ours/theirs'))
    ours = statistics.median(again['conbool'])
    for name in names:
        median = statistics.median(again[name])
        print(
            '%-20s %9.1fs %7.1fs (%4.1f - %4.1f) %12.2f'
            % (name, first[name], median, min(again[name]), max(again[name]), ours / median)
        )


if __name__ == '__main__':
    main()
