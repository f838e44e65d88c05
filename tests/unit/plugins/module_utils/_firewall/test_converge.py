# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All three backends on a pretended machine: changed, converged, failed, killed, moved, undone."""

from __future__ import annotations

import json

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall import record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.converge import traced
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed

from tests.unit.fakes.firewall import BACKENDS, FIRST, SECOND, admits


@pytest.mark.parametrize('backend', BACKENDS)
def test_limit_comes_changes_and_goes(new, backend):
    machine = new(backend)
    files, in_force = machine.files(), machine.in_force()

    planned = machine.converge(check=True, networks=FIRST)
    assert (machine.files(), machine.in_force()) == (files, in_force)
    done = machine.converge(networks=FIRST)
    assert planned == done
    assert (done[0]['changed'], done[0]['backend'], done[0]['networks']) == (True, backend, FIRST)
    assert admits(machine, FIRST[0]) and admits(machine, FIRST[1])

    for check in (True, False):
        again, dummy = machine.converge(check=check, networks=list(reversed(FIRST)))
        assert (again['changed'], again['diff']) == (False, [])
    assert machine.converge(networks=SECOND)[0]['changed']
    assert admits(machine, SECOND[0]) and not admits(machine, FIRST[0])

    assert machine.converge(check=True, state='absent')[0] == machine.converge(state='absent')[0]
    assert (machine.files(), machine.in_force()) == (files, in_force)
    assert not machine.converge(state='absent')[0]['changed']


@pytest.mark.parametrize('backend', BACKENDS)
def test_what_is_not_in_force_any_more_is_loaded_again(new, backend):
    machine = new(backend)
    machine.converge(networks=FIRST)
    in_force = machine.in_force()
    machine.table = ''
    for policy in [name for name in machine.firewalld if name == 'conbool-limit']:
        machine.firewalld[policy] = {'xml': 'without a rule'}
    machine.filter = {
        version: [line for line in lines if 'RETURN' not in line] for version, lines in machine.filter.items()
    }
    done, dummy = machine.converge(networks=FIRST)
    assert done['changed'] and done['diff'][0]['before_header'] == f'in force ({backend})'
    assert machine.in_force() == in_force


def test_host_that_moved_loses_the_old_part_after_it_has_the_new(new):
    machine = new('nftables')
    machine.converge(networks=FIRST)
    machine.has_ufw()
    open_at = []
    machine.hook = lambda words: open_at.append(' '.join(words)) if admits(machine, FIRST[0]) is None else None
    done, dummy = machine.converge(networks=FIRST)
    assert (done['backend'], done['removed_from'], open_at) == ('ufw', ['nftables'], [])
    assert not machine.table and not machine.unit_enabled and not (machine.folder / 'etc/conbool.nft').exists()
    assert list(json.loads((machine.folder / 'var/lib/conbool/firewall.json').read_text())['backends']) == ['ufw']


def test_host_whose_old_part_does_not_go_has_the_new_one_all_the_same(new):
    machine = new('nftables')
    machine.converge(networks=FIRST)
    machine.has_ufw()
    refused = iter([(1, '', 'no')])
    machine.hook = lambda words: next(refused, None) if words == ['systemctl', 'daemon-reload'] else None
    with pytest.raises(SwitchError, match='^nftables: ') as caught:
        machine.converge(networks=FIRST)
    # That of nftables is as it was, and ufw has one, too.
    assert caught.value.restored and left_changed(caught.value)


def test_undo_copes_with_a_backend_that_is_gone(new):
    for backend in BACKENDS:
        machine = new(backend, backend)
        files = machine.files()
        machine.converge(networks=FIRST)
        machine.commands.clear()
        machine.states['firewalld.service'] = ('inactive', '')
        assert machine.converge(state='absent')[0]['removed_from'] == [backend]
        assert machine.files() == files


@pytest.mark.parametrize(
    'backend, spoil, message',
    [
        ('nftables', lambda machine: machine.commands.remove('nft'), 'no command nft'),
        ('ufw', lambda machine: machine.has_ufw(enabled=False), 'ufw cannot be used, it is not enabled'),
        (
            'ufw',
            lambda machine: machine.filter.update(ip=[]),
            'its rules are not in force; give the command: ufw reload',
        ),
        ('ufw', lambda machine: (machine.folder / 'etc/ufw/before.rules').unlink(), 'before.rules is missing'),
        (
            'firewalld',
            lambda machine: machine.states.update({'firewalld.service': ('failed', 'enabled')}),
            'firewalld cannot be used, it does not run',
        ),
        ('firewalld', lambda machine: setattr(machine, 'version', '0.8.2'), 'firewalld 0.8 knows no policies'),
        (
            'firewalld',
            lambda machine: setattr(machine, 'zones', 'public\n  ports: 2222/tcp\n'),
            'public: ports 2222/tcp',
        ),
    ],
)
def test_backend_that_cannot_be_used_is_refused_with_advice(new, backend, spoil, message):
    machine = new(backend)
    spoil(machine)
    before = machine.files(), machine.in_force()
    with pytest.raises(FirewallError, match=message):
        machine.converge(networks=FIRST, backend=backend)
    assert (machine.files(), machine.in_force()) == before


@pytest.mark.parametrize('backend', BACKENDS)
def test_undo_without_the_record_goes_by_the_files(new, backend):
    machine = new(backend)
    files, in_force = machine.files(), machine.in_force()
    assert traced(Host(machine.run_command, machine.find)) == []
    machine.converge(networks=FIRST)
    (machine.folder / 'var/lib/conbool/firewall.json').unlink()
    assert traced(Host(machine.run_command, machine.find)) == [backend]
    planned = machine.converge(check=True, state='absent')
    assert admits(machine, FIRST[0]) and (planned[0]['changed'], planned[0]['removed_from']) == (True, [backend])
    assert machine.converge(state='absent') == planned
    assert {path: data for path, data in machine.files().items() if data is not None} == {
        path: data for path, data in files.items() if data is not None
    }
    assert machine.in_force() == in_force
    assert not machine.converge(state='absent')[0]['changed']


def test_host_that_moved_and_lost_the_record_loses_the_old_part(new):
    machine = new('nftables')
    machine.converge(networks=FIRST)
    (machine.folder / 'var/lib/conbool/firewall.json').unlink()
    machine.has_ufw()
    assert machine.converge(networks=FIRST)[0]['removed_from'] == ['nftables']
    assert not machine.table and admits(machine, FIRST[0])


def test_few_changes_are_told_to_firewalld_without_a_reload(new):
    machine = new('firewalld')
    machine.converge(networks=FIRST)
    machine.zones = 'public\n  ports: 2222/tcp\n'
    machine.log.clear()
    assert machine.converge(networks=FIRST + SECOND)[0]['changed']
    assert machine.firewalld['conbool-ipv4'] == ['192.0.2.0/24', '203.0.113.0/24']
    assert 'firewall-cmd --reload' not in machine.log
    # A network that contains one that goes cannot be added before that has gone.
    with pytest.raises(FirewallError, match='2222/tcp'):
        machine.converge(networks=['192.0.0.0/16', '2001:db8::/32'] + SECOND)
    with pytest.raises(FirewallError, match='2222/tcp'):
        machine.converge(networks=[f'10.0.{number}.0/30' for number in range(60)] + ['2001:db8::/32'])


def test_policy_that_somebody_changed_needs_a_reload_too(new):
    machine = new('firewalld')
    machine.converge(networks=FIRST)
    machine.firewalld['conbool-limit'], machine.zones = {'xml': ''}, 'public\n  ports: 2222/tcp\n'
    with pytest.raises(FirewallError, match='2222/tcp'):
        machine.converge(networks=FIRST)


def test_ufw_without_ipv6_is_told_of(new):
    machine = new('ufw').has_ufw(ipv6=False)
    warnings = machine.converge(networks=FIRST)[1]
    assert 'the IPv6 networks of the list cannot connect' in warnings[0]
    assert machine.converge(networks=SECOND)[1] == []


@pytest.mark.parametrize(
    'content', ['', '{}', '[]', '{"version": 1, "backends": {"ufw": {}}}', '{"version": 2, "backends": {}}']
)
def test_damaged_record_stops_everything(new, content):
    machine = new('nftables')
    (machine.folder / 'var/lib/conbool').mkdir()
    (machine.folder / 'var/lib/conbool/firewall.json').write_text(content)
    for params in ({'networks': FIRST}, {'state': 'absent'}):
        with pytest.raises(FirewallError, match='firewall.json is damaged'):
            machine.converge(**params)
    assert machine.table == '' and record.PATH.startswith(str(machine.folder))


def test_a_filter_of_others_that_keeps_the_gateway_out_is_told_of_and_ours_is_not_asked_before_it_is_there(new):
    place = {'family': 'inet', 'table': 'own'}
    policy = {'chain': dict(place, name='in', type='filter', hook='input', prio=0, policy='drop')}
    machine = new('nftables')
    assert machine.converge(check=True, networks=FIRST)[1] == []
    machine.foreign = [policy]
    for check in (True, False):
        (warning,) = machine.converge(check=check, networks=FIRST)[1]
        assert warning.startswith('Another filter of this host closes port 25 to 192.0.2.0: the policy of the chain in')
    # ufw's own policy is what our block is about to change.
    closed = new('ufw', 'closed')
    closed.filter['ip'].insert(0, ':INPUT DROP')
    assert closed.converge(networks=FIRST)[1] == []
    # It has been changed by now, and still drops: nothing leads to our block.
    (warning,) = closed.converge(networks=FIRST)[1]
    assert 'the policy of INPUT (iptables, table filter)' in warning


def test_a_rule_that_somebody_put_in_front_of_ours_in_ufw_is_behind_it_again(new):
    machine = new('ufw')
    machine.converge(networks=FIRST)
    in_force = list(machine.filter['ip'])
    machine.filter['ip'].insert(0, '-A ufw-before-input -p tcp -m tcp --dport 25 -j ACCEPT')
    done, dummy = machine.converge(networks=FIRST)
    assert done['changed'] and 'before it: -A ufw-before-input -p tcp' in done['diff'][0]['before']
    jumps = [line for line in machine.filter['ip'] if line.startswith('-A ufw-before-input')]
    assert 'conbool-smtp' in jumps[0] and jumps[1].endswith('--dport 25 -j ACCEPT')
    assert set(in_force) < set(machine.filter['ip'])
    assert not machine.converge(networks=FIRST)[0]['changed']


@pytest.mark.parametrize(
    'masked',
    ['etc/systemd/conbool-inbound-firewall.service', 'etc/systemd/nftables.service.d/conbool-inbound-firewall.conf'],
)
def test_what_somebody_masked_is_made_anew_and_the_device_is_left_alone(new, monkeypatch, masked):
    machine = new('nftables')
    machine.converge(networks=FIRST)
    wanted, device = machine.files(), machine.folder / 'null'
    device.write_bytes(b'')
    monkeypatch.setattr('os.devnull', str(device))
    (machine.folder / masked).unlink()
    (machine.folder / masked).symlink_to(device)
    assert machine.converge(networks=FIRST)[0]['changed']
    assert device.read_bytes() == b'' and not (machine.folder / masked).is_symlink()
    device.unlink()
    assert machine.files() == wanted
