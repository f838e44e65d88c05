# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of rules, against what the kernel of this machine does with them: in network namespaces, without a
lab."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import turned, way_in
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.nftables import ruleset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.packet import Packet
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import Redirect, Wanted

SERVER, LISTED, STRANGER = '10.99.0.1', '10.99.0.2', '10.99.7.7'
# Another mail server, to which this host only leads.
BEHIND = '10.98.0.25'
LISTEN = (
    f'import socket\ns = socket.create_server(("{SERVER}", 25))\nprint(flush=True)\nwhile True: s.accept()[0].close()'
)
CONNECT = (
    'import socket, sys; s = socket.socket(); s.settimeout(1.2); s.bind((sys.argv[1], 0));'
    f' print(s.connect_ex(("{SERVER}", 25)))'
)
# What is said on the mail port, by whoever is reached there.
SAYS = (
    'import socket, sys; s = socket.socket(); s.settimeout(1.2); s.bind((sys.argv[1], 0))\n'
    'try: s.connect((sys.argv[2], 25)); print(s.recv(9).decode())\nexcept OSError: print()'
)
LIMIT = ruleset(Wanted(25, {4: [LISTED], 6: []}))
CHAIN = 'add table inet own\nadd chain inet own x\nadd chain inet own in { type filter hook %s; policy %s; }\n'
DROPS, ACCEPTS = CHAIN % ('input priority 0', 'drop'), CHAIN % ('input priority 0', 'accept')
EARLY, IN = CHAIN % ('prerouting priority -300', 'accept'), 'add rule inet own in '
KNOWN = IN + 'ct state established accept\n'


class Spaces:
    """Two of them, this host and the rest of the world, with a cable between."""

    def __init__(self):
        self.here, self.there = (f'conbool-{os.getpid()}-{name}' for name in ('here', 'there'))

    def run(self, argv, data=None, space=None, **dummy):
        argv = ['ip', 'netns', 'exec', space or self.here, *argv]
        done = subprocess.run(argv, input=data, capture_output=True, text=True, check=False, timeout=30)
        return done.returncode, done.stdout, done.stderr

    def done(self, argv, **more):
        status, out, err = self.run(argv, **more)
        assert status == 0, (argv, err)
        return out

    def load(self, rules):
        self.done(['nft', 'flush', 'ruleset'])
        self.done(['sh', '-e'] if rules.startswith('iptables') else ['nft', '-f', '-'], data=rules)

    def reached_from(self, source):
        return self.done([sys.executable, '-c', CONNECT, source], space=self.there) == '0\n'


@pytest.fixture(scope='module', name='spaces')
def fixture_spaces():
    spaces = Spaces()
    cable = ['ip', 'link', 'add', 'mail0', 'netns', spaces.here, 'type', 'veth', 'peer', 'name', 'world0', 'netns']
    try:
        for name in (spaces.here, spaces.there):
            subprocess.run(['ip', 'netns', 'add', name], check=True)
        subprocess.run([*cable, spaces.there], check=True)
        for space, device, addresses in (
            (spaces.here, 'mail0', [SERVER]),
            (spaces.there, 'world0', [LISTED, STRANGER]),
        ):
            for address in addresses:
                spaces.done(['ip', 'address', 'add', address + '/16', 'dev', device], space=space)
            spaces.done(['ip', 'link', 'set', device, 'up'], space=space)
        spaces.done(['ip', 'route', 'add', BEHIND, 'via', SERVER], space=spaces.there)
        command = ['ip', 'netns', 'exec', spaces.here, sys.executable, '-c', LISTEN]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            server.stdout.readline()
            time.sleep(0.5)
            yield spaces
            server.kill()
    finally:
        for name in (spaces.here, spaces.there):
            subprocess.run(['ip', 'netns', 'delete', name], check=False)


@pytest.mark.parametrize(
    'rules, listed, stranger',
    [
        ('', True, True),
        (LIMIT, True, False),
        (LIMIT + 'insert rule inet conbool_inbound newcomer accept\n', True, True),
        (LIMIT + 'add table inet conbool_inbound { flags dormant; }\n', True, True),
        (LIMIT + DROPS + KNOWN + IN + 'tcp dport { 22, 587 } accept\n', False, False),
        (LIMIT + DROPS + KNOWN + IN + 'tcp dport { 20-30 } accept\n', True, False),
        (LIMIT + EARLY + IN + 'ip saddr 10.99.0.0/24 tcp dport 25 drop\n', False, False),
        (
            DROPS + 'add rule inet own x accept\n' + KNOWN + IN + 'tcp dport vmap { 22 : drop, 25-26 : jump x }\n',
            True,
            True,
        ),
        (
            ACCEPTS + IN + 'tcp flags & (syn|ack) == syn tcp dport 25 ip saddr 10.99.7.0/24 reject with tcp reset\n',
            True,
            False,
        ),
        (ACCEPTS + IN + f'iifname != "lo" ip saddr != {LISTED} tcp dport 25 drop\n', True, False),
        (ACCEPTS + IN + f'ip saddr . tcp dport {{ {STRANGER} . 25 }} drop\n', True, False),
        (EARLY + IN + 'fib saddr . iif oif missing drop\n' + IN + 'fib daddr type != local drop\n', True, True),
        (
            DROPS
            + f'add rule inet own x ip saddr {STRANGER} return\nadd rule inet own x accept\n'
            + KNOWN
            + IN
            + 'goto x\n',
            True,
            False,
        ),
        ('iptables -P INPUT DROP\niptables -A INPUT -i lo -j ACCEPT\n', False, False),
        (
            'iptables -P INPUT DROP\niptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n'
            'iptables -A INPUT -p tcp -m multiport --dports 22,20:30 -m conntrack --ctstate NEW -j ACCEPT\n',
            True,
            True,
        ),
        (
            f'iptables -A INPUT ! -s {LISTED} -p tcp --dport 25 --syn -m comment --comment "a -j ACCEPT" -j REJECT\n',
            True,
            False,
        ),
        (
            'iptables -N mail\niptables -A mail -s 10.99.7.0/24 -j RETURN\niptables -A mail -j ACCEPT\n'
            'iptables -P INPUT DROP\niptables -A INPUT -m state --state ESTABLISHED -j ACCEPT\n'
            'iptables -A INPUT -p tcp --dport 25 -g mail\niptables -A INPUT -j ACCEPT\n',
            True,
            False,
        ),
        (f'iptables -t raw -A PREROUTING -s {STRANGER} -p tcp --dport 25 -j DROP\n', True, False),
        (f'iptables -A INPUT -m addrtype --dst-type LOCAL -p tcp --dport 25 -s {STRANGER} -j DROP\n', True, False),
        (f'iptables -A INPUT -i ma+ -s {STRANGER} -j DROP\niptables -A INPUT -i eth+ -j DROP\n', True, False),
    ],
)
def test_what_is_said_of_rules_is_what_the_kernel_does(spaces, rules, listed, stranger):
    spaces.load(rules)
    found = way_in.Rules(Host(spaces.run, lambda name, opt_dirs: name if 'legacy' not in name else None))
    for source, expected in ((LISTED, listed), (STRANGER, stranger)):
        said = found.fate(Packet(4, int(ipaddress.ip_address(source)), 'mail0', 25))
        assert (said[0] == 'accept', bool(said[0]), spaces.reached_from(source)) == (expected, True, expected), said


TURNED = Wanted(25, {4: [LISTED, STRANGER], 6: []}, redirect=Redirect(327, {4: [LISTED], 6: []}))
BEFORE = CHAIN.replace('type filter', 'type nat') % ('prerouting priority -150', 'accept')
DIRECTLY = CONNECT.replace(', 25)', ', 327)')


@pytest.mark.parametrize(
    'rules, right',
    [
        ('', True),
        (BEFORE + f'add rule inet own in ip saddr {STRANGER} tcp dport 25 redirect to :2525\n', True),
        (BEFORE + 'add rule inet own in tcp dport 25 redirect to :2525\n', False),
        (DROPS + KNOWN + IN + 'tcp dport 25 accept\n' + IN + 'ct status dnat accept\n', True),
        (EARLY + IN + 'tcp dport 25 notrack accept\n', False),
        (EARLY + IN + f'ip saddr {STRANGER} tcp dport 25 notrack\n', True),
        (EARLY.replace('-300', '-150') + IN + 'tcp dport 25 notrack\n', True),
    ],
)
def test_only_the_gateway_is_led_to_another_port_and_that_is_what_is_said(spaces, rules, right):
    spaces.load(ruleset(TURNED) + rules)
    host = Host(spaces.run, lambda name, opt_dirs: name if 'legacy' not in name else None)
    found, chains = way_in.Rules(host), turned.read(host)
    other = LISTEN.replace(', 25)', ', 327)').replace('accept()[0].close()', 'accept()[0].sendall(b"hop")')
    with subprocess.Popen(
        ['ip', 'netns', 'exec', spaces.here, sys.executable, '-c', other], stdout=subprocess.PIPE
    ) as hop:
        hop.stdout.readline()
        try:
            for source, led in ((LISTED, right), (STRANGER, False)):
                packet = Packet(4, int(ipaddress.ip_address(source)), 'mail0', 25)
                tracked = not found.untracked(packet)
                assert (tracked and turned.place(chains, packet)[0] == '327') == led
                said = spaces.done([sys.executable, '-c', SAYS, source, SERVER], space=spaces.there)
                assert said == ('hop\n' if led else '\n')
                # What is for another server is none of our affair.
                assert spaces.done([sys.executable, '-c', SAYS, source, BEHIND], space=spaces.there) == '\n'
                # Nobody gets there directly.
                assert spaces.done([sys.executable, '-c', DIRECTLY, source], space=spaces.there) != '0\n'
                there = packet._replace(port=327)
                assert found.fate(there)[0] == 'refuse' and found.fate(there._replace(turned=True))[0] == 'accept'
        finally:
            hop.kill()
