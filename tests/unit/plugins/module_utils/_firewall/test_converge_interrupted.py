# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All three backends when a run is killed or a command fails."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import UnitError

from tests.unit.fakes.firewall import BACKENDS, FIRST, SECOND, Killed, admits

STUBBORN = [['systemctl', 'start'], ['systemctl', 'disable']]


def commands_of(machine, **params):
    machine.log.clear()
    machine.converge(**params)
    return len(machine.log)


@pytest.mark.parametrize(
    'params', [{'networks': FIRST}, {'networks': SECOND}, {'state': 'absent'}], ids=['first', 'second', 'absent']
)
@pytest.mark.parametrize('backend', BACKENDS)
def test_run_that_is_killed_at_any_command_is_completed_by_the_next(new, backend, params):
    """And at no time is a limit, once there is one, open for all."""

    def prepared(name):
        machine = new(backend, name)
        if params != {'networks': FIRST}:
            machine.converge(networks=FIRST)
        return machine

    reference = prepared('reference')
    total = commands_of(reference, **params)
    wanted = reference.in_force(), set(reference.files())
    for number in range(total):
        machine = prepared(f'killed{number}')
        limited = admits(machine, 'any') is not None
        machine.log.clear()

        def kill(words, machine=machine, number=number):
            if len(machine.log) == number + 1:
                raise Killed

        machine.hook = kill
        with pytest.raises(Killed):
            machine.converge(**params)
        machine.hook = None
        if limited and params.get('networks'):
            assert admits(machine, 'any') is not None
        machine.converge(**params)
        assert (machine.in_force(), set(machine.files())) == wanted, number
        last, dummy = machine.converge(**params)
        assert last['settled'] and not last['changed']


@pytest.mark.parametrize('params', [{'networks': FIRST}, {'networks': SECOND}], ids=['first', 'second'])
@pytest.mark.parametrize('backend', BACKENDS)
def test_command_that_fails_puts_the_old_state_back(new, backend, params):
    """Whichever command fails, once: before the first change nothing is changed, after it everything is put back."""

    def prepared(name):
        machine = new(backend, name)
        if params != {'networks': FIRST}:
            machine.converge(networks=FIRST)
        return machine

    total, restored = commands_of(prepared('reference'), **params), 0
    for number in range(total):
        machine = prepared(f'failed{number}')
        before = machine.files(), machine.in_force()
        machine.log.clear()
        machine.hook = lambda words, machine=machine, number=number: (
            (1, '', 'no space') if len(machine.log) == number + 1 else None
        )
        try:
            machine.converge(**params)
            # A kernel may have nothing of one of these.
            looks = ('iptables-save', 'ip6tables-save', 'nft -j -n list ruleset')
            assert machine.log[number] in looks, machine.log[number]
            continue
        except SwitchError as exc:
            assert 'no space' in str(exc) and exc.restored
            restored += 1
        except (FirewallError, UnitError) as exc:
            assert 'no space' in str(exc)
        machine.hook = None
        assert (machine.files(), machine.in_force()) == before, machine.log
    assert restored >= 2


def test_restore_that_fails_too_says_so(new):
    machine = new('nftables')
    machine.converge(networks=FIRST)
    machine.hook = lambda words: (1, '', 'kernel says no') if words[:2] == ['nft', '-f'] else None
    with pytest.raises(SwitchError, match='nftables: .*kernel says no') as failed:
        machine.converge(networks=SECOND)
    assert not failed.value.restored
    assert 'could not be put back completely' in failed.value.warnings[-1]


def test_a_service_that_will_not_end_keeps_no_file_from_being_put_back(new):
    machine = new('nftables')
    before = machine.files()
    machine.hook = lambda words: (1, '', 'systemd says no') if words[:2] in STUBBORN else None
    with pytest.raises(SwitchError, match='systemd says no') as failed:
        machine.converge(networks=FIRST)
    # The record says that there is something to be undone.
    left = {path for path in set(machine.files()) - set(before) if not path.startswith('var/')}
    assert left == set() and not failed.value.restored
    assert machine.table == '' and 'systemctl disable' in failed.value.warnings[-1]


def test_systemd_reads_a_drop_in_that_a_killed_run_left(new):
    machine = new('nftables')

    def kill(words):
        if words[:2] == ['nft', '-f']:
            raise Killed

    machine.hook = kill
    with pytest.raises(Killed):
        machine.converge(networks=FIRST)
    machine.hook, machine.loaded = None, machine.unit_file.read_bytes()
    machine.log.clear()
    machine.converge(networks=FIRST)
    assert 'systemctl daemon-reload' in machine.log
