# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is what the other tests believe it is: DNS, network, hosts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import dns.reversename
import pytest

from lab import api, inside, lifecycle
from lab.engine import LabError, containers_conf
from tests.lab.probes import HOSTS, NAME, ask

# ---- DNS


@pytest.mark.parametrize(
    'name, kind, answer',
    [
        ('example.com', 'MX', ['10 mail.conbool.com.']),
        ('sub.example.co.uk', 'MX', ['10 mail.conbool.com.']),
        ('external.test', 'MX', ['10 mx.external.test.']),
        ('bounce.test', 'MX', ['10 mx.external.test.']),
        # The trap for those who look up the smart host's MX.
        ('mail.conbool.com', 'MX', ['10 trap.external.test.']),
        ('_dmarc.example.com', 'TXT', ['"v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"']),
    ],
)
def test_names_that_exist(lab, name, kind, answer):
    assert ask(lab, name, kind) == ('NOERROR', answer)


def test_addresses_forward_and_back(lab):
    for name in ('gateway', 'internet', 'trap', 'lan', *HOSTS):
        node = lab.nodes[name]
        assert ask(lab, node.fqdn, 'A') == ('NOERROR', [node.ipv4])
        assert ask(lab, node.fqdn, 'AAAA') == ('NOERROR', [node.ipv6])
        for address in (node.ipv4, node.ipv6):
            assert ask(lab, dns.reversename.from_address(address), 'PTR') == ('NOERROR', [node.fqdn + '.'])


@pytest.mark.parametrize('name', ['debian.org', 'nowhere.test', 'nobody.example.com'])
def test_everything_else_does_not_exist(lab, name):
    for kind in ('A', 'MX', 'TXT'):
        assert ask(lab, name, kind) == ('NXDOMAIN', [])


def test_a_zone_can_be_added(lab):
    assert ask(lab, 'added.test', 'MX')[0] == 'NXDOMAIN'
    lab.add_zone('added.test', '@ MX 5 mx.external.test.\nwww A {internet4}\n')
    assert ask(lab, 'added.test', 'MX') == ('NOERROR', ['5 mx.external.test.'])
    assert ask(lab, 'www.added.test', 'A') == ('NOERROR', [lab.addresses['internet'][0]])


@pytest.mark.parametrize('text', ['@ MX nonsense\n', '@ A {nobody}\n'])
def test_a_bad_zone_is_refused_and_the_others_stay(lab, text):
    with pytest.raises(LabError, match='bad.test'):
        lab.add_zone('bad.test', text)
    lab.add_zone('good.test', '@ A {internet4}\n')
    assert ask(lab, 'bad.test', 'MX')[0] == 'NXDOMAIN'
    assert ask(lab, 'good.test', 'A')[0] == ask(lab, 'example.com', 'MX')[0] == 'NOERROR'


def test_hosts_use_the_lab_resolver(lab, host):
    assert lab.run(host, ['getent', 'ahostsv4', 'mail.conbool.com']).stdout.split()[0] == lab.addresses['gateway'][0]
    assert lab.run(host, ['getent', 'hosts', 'debian.org'], check=False).returncode == 2


# ---- the network


@pytest.mark.parametrize('node', [*HOSTS, 'gateway', 'internet', 'resolver'])
def test_no_way_out(lab, node):
    for family in ('-4', '-6'):
        routes = lab.run(node, ['ip', family, 'route']).stdout if node != 'resolver' or family == '-4' else ''
        assert 'default' not in routes
    code = 'import socket, sys; sys.exit(socket.socket().connect_ex(("203.0.113.1", 25)))'
    started = time.monotonic()
    assert lab.run(node, ['python3', '-c', code], check=False).returncode == 101  # ENETUNREACH
    assert time.monotonic() - started < 5


def test_two_labs_side_by_side(lab):
    other = api.up(NAME + '2')
    try:
        assert other.layout.subnet4 != lab.layout.subnet4 and other.layout.subnet6 != lab.layout.subnet6
        assert ask(other, 'example.com', 'MX')[0] == 'NOERROR'
    finally:
        api.down(NAME + '2')
    assert lifecycle.containers(NAME + '2') == {}
    assert set(lifecycle.containers(NAME).values()) == {'running'}
    with pytest.raises(LabError, match='not up'):
        api.Lab(NAME + '2')


# ---- hosts


def test_host_has_booted(lab, host):
    assert lab.run(host, ['systemctl', 'is-system-running']).stdout.strip() == 'running'
    assert lab.run(host, ['hostname', '-f']).stdout.strip() == host + '.example.com'
    assert lab.run(host, ['cat', '/etc/mailname']).stdout.strip() == host + '.example.com'
    assert lab.run(host, ['nft', 'list', 'ruleset']).stdout == ''
    assert 'lab-fqdn' not in lab.run(host, ['cat', '/etc/postfix/main.cf']).stdout


def test_ansible_reaches_the_hosts(lab):
    ansible = Path(sys.executable).with_name('ansible')
    done = subprocess.run(
        [ansible, '-i', lab.inventory, 'conbool', '-m', 'ansible.builtin.ping'],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.count('SUCCESS') == len(HOSTS), done.stdout + done.stderr


def test_up_again_changes_nothing(lab):
    def identities():
        return {
            name: lifecycle.podman('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', name).stdout
            for name in lifecycle.containers(NAME)
        }

    before = identities()
    api.up(NAME, *HOSTS)
    assert identities() == before


def test_fresh_makes_a_host_anew_under_the_same_address(lab):
    host = HOSTS[0]
    before = lab.addresses[host]
    lab.run(host, ['touch', '/etc/leftover'])
    api.up(NAME, host, fresh=True)
    assert lab.run(host, ['test', '-e', '/etc/leftover'], check=False).returncode == 1
    assert api.Lab(NAME).addresses[host] == before
    test_ansible_reaches_the_hosts(lab)


def test_restart_keeps_what_is_on_the_host(lab, host):
    lab.run(host, ['touch', '/etc/kept'])
    # Not the process id: counted anew at each boot, it can be the same.
    started = ['systemctl', 'show', '--property', 'ExecMainStartTimestampMonotonic', 'ssh']
    before = lab.run(host, started).stdout
    lab.restart(host)
    assert lab.run(host, started).stdout not in (before, 'ExecMainStartTimestampMonotonic=0\n')
    assert lab.run(host, ['systemctl', '--failed', '--quiet']).stdout == ''
    lab.run(host, ['rm', '/etc/kept'])


def test_commands_run_where_they_should(lab, host):
    for name in (host, 'gateway', 'internet', 'lan', 'resolver'):
        assert f'|-- {lab.nodes[name].ipv4}\n' in lab.run(name, ['cat', '/proc/net/fib_trie']).stdout
    done = lab.run(host, ['sh', '-c', 'cat; pwd; echo $HOME; echo wrong >&2; exit 3'], input='right\n', check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, 'right\n/\n/root\n', 'wrong\n')
    # No podman: nearly all that the tests do on a host is done this way.
    assert done.args[0] == 'nsenter'


def test_a_process_that_has_the_number_of_an_old_one_is_not_entered(lab, host):
    node = lab.nodes[host]
    kept = inside.pid_file(lab.layout, node.container)
    number = kept.read_text()
    # The last one has the host's addresses, but is not its first process.
    visitor = lab.start(host, ['cat'])
    for other in (inside.first_process(lab.layout, lab.nodes['gateway']), os.getpid(), 2**22 + 1, visitor.pid):
        kept.write_text(str(other))
        assert inside.first_process(lab.layout, node) is None
        assert lab.run(host, ['hostname']).stdout.strip() == node.fqdn
    visitor.communicate('')
    kept.write_text(number)
    assert inside.first_process(lab.layout, node) == int(number)


def test_a_host_that_is_down_is_named(lab, host):
    container = lab.nodes[host].container
    lifecycle.podman('stop', '--time', '0', container)
    try:
        with pytest.raises(LabError, match=f'{container} true'):
            lab.run(host, ['true'])
    finally:
        lifecycle.podman('start', container)
    lab.run(host, ['true'])


def test_a_host_under_another_name_comes_and_goes(lab):
    more = api.up(NAME, 'web1=postfix-debian12')
    try:
        assert more.run('web1', ['postconf', '-h', 'myhostname']).stdout.strip() == 'web1.example.com'
        assert ask(lab, 'web1.example.com', 'A') == ('NOERROR', [more.addresses['web1'][0]])
        assert 'web1' in more.inventory.read_text()
        container = more.nodes['web1'].container
        assert container in lifecycle.containers(NAME)
    finally:
        api.remove(NAME, 'web1')
    assert ask(lab, 'web1.example.com', 'A')[0] == 'NXDOMAIN'
    assert 'web1' not in lab.inventory.read_text()
    assert container not in lifecycle.containers(NAME)


@pytest.mark.parametrize('argument, word', [('postfix-debian99', 'postfix-debian99'), ('A_b=postfix-debian12', 'A_b')])
def test_unknown_hosts_are_refused(lab, argument, word):
    with pytest.raises(LabError, match=word):
        api.up(NAME, argument)


# ---- the machine


@pytest.mark.parametrize(
    'cgroup_v2, limits, runc, expected',
    [
        (True, True, True, ''),
        (False, True, True, '[engine]\nruntime = "runc"\n'),
        (False, True, False, ''),
        (True, False, True, '[containers]\ndefault_ulimits = []\n'),
    ],
)
def test_podman_is_told_only_what_the_machine_needs(cgroup_v2, limits, runc, expected):
    assert containers_conf(cgroup_v2, limits, runc) == expected
