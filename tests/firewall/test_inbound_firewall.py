# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nftables, ufw and firewalld on Debian 12 and 13, judged by who gets a connection, and by what is left when the limit
is gone."""

from __future__ import annotations

import pytest

from tests.firewall.hosts import backend, of_all

OPEN, REFUSED = ['open'] * 2, ['ConnectionRefusedError'] * 2


def test_only_the_list_gets_in_and_the_limit_goes_without_a_trace(hosts, originals):
    before = {node: hosts.reached(node) for node in ('gateway', 'internet', 'lan')}
    assert before['internet'][hosts.of('nftables')] == OPEN
    arguments = {'networks': hosts.lab.addresses['gateway'] + hosts.lab.addresses['lan']}
    hosts.modules([(arguments, True)])
    assert hosts.each(hosts.fingerprint) == originals

    results = hosts.modules([(arguments, False)])
    assert {name: said[0]['changed'] for name, said in results.items()} == hosts.every(True)
    assert hosts.reached('gateway') == hosts.every(OPEN)
    assert hosts.reached('lan') == hosts.every(OPEN)
    assert hosts.reached('internet') == hosts.every(REFUSED)
    assert hosts.each(hosts.reached_by_itself) == hosts.every(['open'] * 4)
    # Other ports are as they were: open for all with nftables, and still closed where ufw and firewalld had them
    # closed.
    assert {name: said == OPEN for name, said in hosts.reached('internet', 587).items()} == {
        name: backend(name) == 'nftables' for name in hosts.names
    }
    assert hosts.reached('internet', 22) == hosts.every(OPEN)

    limited = hosts.each(hosts.fingerprint)
    results = hosts.modules([(arguments, True), (arguments, False), ({'state': 'absent'}, True)])
    assert {name: [result['changed'] for result in said] for name, said in results.items()} == hosts.every(
        [False, False, True]
    )
    assert hosts.each(hosts.fingerprint) == limited

    hosts.module(state='absent')
    assert {node: hosts.reached(node) for node in before} == before
    assert hosts.each(hosts.fingerprint) == originals


def test_variables_that_make_the_role_put_the_limit_there_and_take_it_away(hosts, originals):
    host, gateway = hosts.of('nftables'), hosts.lab.addresses['gateway']
    settings = {
        'conbool_domains': ['example.com'],
        'conbool_networks': gateway,
        'conbool_smtp_allowed_networks': hosts.lab.addresses['lan'],
    }
    for off in ({'conbool_inbound': False}, {'conbool_state': 'absent'}, {'inbound_firewall_state': 'absent'}):
        assert 'changed=1' in hosts.role(host, **settings)
        assert hosts.reached('lan', names=[host]) == {host: OPEN}
        assert hosts.reached('internet', names=[host]) == {host: REFUSED}
        assert 'changed=1' in hosts.role(host, **{**settings, **off})
        assert hosts.fingerprint(host) == originals[host]


def test_check_mode_shows_what_a_run_does(hosts, originals):
    gateway = hosts.lab.addresses['gateway']
    steps = [{'networks': gateway}, {'networks': gateway[:1], 'port': 26}, {'state': 'absent'}]
    results = hosts.modules([(arguments, check) for arguments in steps for check in (True, False)])
    for host, said in results.items():
        for planned, done in zip(said[::2], said[1::2]):
            assert planned['changed'] and planned['diff'], host
            assert planned == done, host
    assert hosts.each(hosts.fingerprint) == originals


def test_established_connections_stay(hosts, originals):
    # From the gateway, since before the change only that gets through everywhere: the list of the change is another
    # one.
    hosts.module(hosts.of('ufw'), hosts.of('firewalld'), networks=hosts.lab.addresses['gateway'])
    process = hosts.hold('gateway')
    try:
        hosts.module(networks=hosts.lab.addresses['lan'])
        assert hosts.reached('gateway') == hosts.every(REFUSED)
        process.stdin.write('\n')
        process.stdin.flush()
        answers = process.stdout.readline().split()
        assert [answer.rpartition('=')[2] for answer in answers] == ['250'] * 2 * len(hosts.names), answers
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        hosts.module(state='absent')
    assert hosts.each(hosts.fingerprint) == originals


def test_bad_input_changes_nothing(hosts, originals):
    names = [hosts.of('nftables'), hosts.of('ufw')]
    cases = [
        ({'networks': []}, 'networks: the list is empty'),
        ({'networks': ['192.0.2.0/24', '0.0.0.0/0']}, "networks: '0.0.0.0/0' covers far too many addresses"),
        ({'networks': ['2001:db8::1/32']}, "networks: '2001:db8::1/32' has host bits set"),
        ({'networks': ['192.0.2.0/24'], 'port': 0}, 'port: 0 must be'),
    ]
    for host, results in hosts.modules([(arguments, False) for arguments, dummy in cases], names).items():
        for result, (dummy, said) in zip(results, cases):
            assert result['failed'] and result['msg'].startswith(said), host
    assert hosts.each(hosts.fingerprint, names) == {name: originals[name] for name in names}


def test_host_moves_from_iptables_to_nftables_to_ufw_and_back(hosts, originals):
    host, gateway = hosts.of('ufw'), hosts.lab.addresses['gateway']
    hosts.shell(host, 'ufw disable && iptables-legacy -A INPUT -p tcp --dport 9 -j ACCEPT')
    refused = hosts.module(host, networks=gateway)[host]
    assert refused['failed'] and 'iptables-legacy' in refused['msg']
    hosts.shell(host, 'iptables-legacy -D INPUT -p tcp --dport 9 -j ACCEPT')
    assert hosts.module(host, networks=gateway)[host]['backend'] == 'nftables'
    assert hosts.reached('internet', names=[host]) == {host: REFUSED}
    hosts.shell(host, 'ufw --force enable')
    moved = hosts.module(host, networks=gateway)[host]
    assert (moved['backend'], moved['removed_from']) == ('ufw', ['nftables'])
    assert (
        hosts.shell(
            host, 'nft list tables; ls /etc/conbool*; systemctl is-enabled conbool-inbound-firewall', check=False
        )
        # systemd of Debian 13 says it where others say nothing.
        .replace('not-found', '').strip()
        == 'table ip filter\ntable ip6 filter'
    )
    assert hosts.reached('gateway', names=[host]) == {host: OPEN}
    assert hosts.reached('internet', names=[host]) == {host: REFUSED}
    hosts.module(host, networks=gateway, backend='nftables')
    assert hosts.module(host, state='absent')[host]['removed_from'] == ['nftables']
    assert hosts.fingerprint(host) == originals[host]


def test_two_managers_and_one_that_is_off_are_refused(hosts, originals):
    gateway = hosts.lab.addresses['gateway']
    host = hosts.of('ufw')
    hosts.shell(host, 'systemctl enable nftables')
    try:
        refused = hosts.module(host, networks=gateway)[host]
    finally:
        hosts.shell(host, 'systemctl disable nftables')
    assert (
        refused['failed']
        and 'inbound_firewall_backend' in refused['msg']
        and 'nftables' in refused['msg']
        and 'ufw' in refused['msg']
    )
    refused = hosts.module(host, networks=gateway, backend='firewalld')[host]
    assert refused['failed'] and 'firewalld cannot be used' in refused['msg']
    assert hosts.fingerprint(host) == originals[host]


def test_runtime_settings_of_firewalld_are_not_dropped(hosts, originals):
    host, gateway = hosts.of('firewalld'), hosts.lab.addresses['gateway']
    hosts.shell(host, 'firewall-cmd --add-port=2222/tcp')
    refused = hosts.module(host, networks=gateway)[host]
    assert refused['failed'] and 'public: ports 2222/tcp' in refused['msg']
    hosts.shell(
        host,
        'firewall-cmd --remove-port=2222/tcp && firewall-cmd --add-rich-rule=\'rule family="ipv4" source'
        ' address="203.0.113.9" reject\'',
    )
    done = hosts.module(host, networks=gateway)[host]
    assert done['changed'] and '203.0.113.9' in str(done['warnings'])
    # A few networks more or less need no reload.
    hosts.shell(host, 'firewall-cmd --add-port=2222/tcp')
    assert hosts.module(host, networks=gateway[:1] + ['203.0.113.0/24'])[host]['changed']
    assert hosts.shell(host, 'firewall-cmd --list-ports').strip() == '2222/tcp'
    assert hosts.reached('gateway', names=[host]) == {host: ['open', 'ConnectionRefusedError']}
    hosts.shell(host, 'firewall-cmd --remove-port=2222/tcp')
    hosts.module(host, state='absent')
    assert hosts.fingerprint(host) == originals[host]


def test_limit_outlives_a_reboot(limited):
    limited.each(limited.lab.restart)
    assert limited.reached('gateway') == limited.every(OPEN)
    assert limited.reached('internet') == limited.every(REFUSED)
    again = limited.module(networks=limited.lab.addresses['gateway'])
    assert of_all(again, 'changed') == limited.every(False), of_all(again, 'diff')


@pytest.mark.parametrize(
    'commands',
    [
        {'nftables': 'systemctl start nftables', 'ufw': 'ufw reload', 'firewalld': 'firewall-cmd --reload'},
        {
            'nftables': 'systemctl start nftables && systemctl reload nftables',
            'ufw': 'ufw disable && ufw --force enable',
            'firewalld': 'systemctl restart firewalld',
        },
        {
            'nftables': 'systemctl start nftables && systemctl restart nftables',
            'ufw': 'systemctl restart ufw',
            'firewalld': 'firewall-cmd --complete-reload',
        },
    ],
    ids=['start', 'reload', 'restart'],
)
def test_limit_comes_back_with_the_firewall_of_the_host(limited, commands):
    try:
        limited.each(lambda host: limited.shell(host, commands[backend(host)]))
        assert limited.reached('internet') == limited.every(REFUSED)
        assert limited.reached('gateway') == limited.every(OPEN)
        again = limited.module(networks=limited.lab.addresses['gateway'])
        assert of_all(again, 'changed') == limited.every(False), of_all(again, 'diff')
    finally:
        limited.each(
            lambda host: limited.shell(host, 'systemctl stop nftables; systemctl restart conbool-inbound-firewall'),
            [limited.of('nftables')],
        )


def test_what_somebody_took_out_of_the_kernel_comes_back(limited):
    commands = {
        'nftables': 'nft flush ruleset',
        'ufw': 'iptables -F conbool-smtp && ip6tables -F conbool-smtp',
        'firewalld': (
            'firewall-cmd --policy=conbool-limit --remove-rich-rule=\'rule family="%s" source NOT ipset="conbool-%s" '
            'port port="25" protocol="tcp" reject type="tcp-reset"\''
        ),
    }
    commands['firewalld'] = ' && '.join(commands['firewalld'] % (family, family) for family in ('ipv4', 'ipv6'))
    limited.each(lambda host: limited.shell(host, commands[backend(host)]))
    assert limited.reached('internet') == limited.every(OPEN)
    results = limited.modules([({'networks': limited.lab.addresses['gateway']}, check) for check in (True, False)])
    for host, (planned, done) in results.items():
        assert planned == done and done['changed'] and 'in force' in str(done['diff']), host
    assert limited.reached('internet') == limited.every(REFUSED)


def test_list_shrinks_and_a_version_without_networks_is_closed(limited):
    gateway, internet = limited.lab.addresses['gateway'], limited.lab.addresses['internet']
    limited.module(networks=gateway + internet)
    assert limited.reached('internet') == limited.every(OPEN)
    limited.module(networks=gateway[1:])
    assert limited.reached('internet') == limited.every(REFUSED)
    assert limited.reached('gateway') == limited.every(['ConnectionRefusedError', 'open'])
    assert limited.each(limited.reached_by_itself) == limited.every(['open'] * 4)
    limited.module(networks=gateway)


def test_a_host_that_drops_the_port_itself_is_told_of(limited):
    rules = (
        'add table inet own; add chain inet own in { type filter hook input priority 0; policy drop; }; add rule inet'
        ' own in tcp dport %s accept'
    )
    for ports, warned in (('{ 22, 587 }', True), ('{ 20-30 }', False)):
        limited.shell(limited.of('nftables'), "nft '%s'" % (rules % ports))
        try:
            result = limited.module(limited.of('nftables'), networks=limited.lab.addresses['gateway'])[
                limited.of('nftables')
            ]
        finally:
            limited.shell(limited.of('nftables'), 'nft delete table inet own')
        assert ('the policy of the chain in of the table inet own' in str(result.get('warnings'))) == warned
