# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of postfix_config for the service of an instance of one's own."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import SwitchError

from tests.unit.fakes.own_postfix import CHANGED, GONE, complete
from tests.unit.fakes.postfix_run import run


def test_a_changed_configuration_is_reloaded_not_restarted(bare):
    run(bare, **complete(bare))
    bare.spawned()
    result = run(bare, **complete(bare, relayhost='[x]'))
    assert result['reloaded'] and result['unit_commands'] == []
    assert bare.spawned().count('postfix reload') == 1


@pytest.mark.parametrize('more', [{}, {'relayhost': '[x]'}])
def test_a_changed_unit_is_restarted_and_then_not_reloaded(bare, more):
    run(bare, **complete(bare))
    bare.spawned()
    values = complete(bare, **more)
    values['unit'] = CHANGED
    predicted, result = run(bare, check=True, **values), run(bare, **values)
    assert result['unit_commands'] == predicted['unit_commands'] == ['daemon-reload', 'restart hop.service']
    assert result['diff'] == predicted['diff'] and not result['reloaded']
    assert 'postfix reload' not in bare.spawned()
    assert bare.loaded == bare._texts(bare.config_dir) and bare.systemd.started == '[Service]\nNice=1\n'


def test_what_only_a_restart_brings_in_force_restarts_an_own_service(bare):
    run(bare, **complete(bare))
    result = run(bare, **complete(bare, inet_interfaces='127.0.0.1'))
    assert result['unit_commands'] == ['restart hop.service'] and result['warnings'] == []


def test_a_service_that_is_older_than_its_programs_is_restarted(bare):
    run(bare, **complete(bare))
    bare.upgraded = True
    assert run(bare, check=True, **complete(bare))['unit_commands'] == ['restart hop.service']
    result = run(bare, **complete(bare))
    assert result['changed'] and result['unit_commands'] == ['restart hop.service']
    bare.upgraded = False
    assert not run(bare, **complete(bare))['changed']


def test_a_stopped_service_is_started_without_touching_a_file(bare):
    run(bare, **complete(bare))
    bare.systemd._stop(bare)
    before = bare.tree()
    result = run(bare, **complete(bare))
    assert result['changed'] and result['unit_commands'] == ['start hop.service'] and bare.running
    assert [part['after'] for part in result['diff']] == ['start hop.service\n']
    assert bare.tree() == before and not run(bare, **complete(bare))['changed']


def test_a_service_that_does_not_start_is_said_with_its_journal_and_the_configuration_stays(bare):
    bare.deadly = lambda main, master: 'no such interface'
    with pytest.raises(
        SwitchError,
        match=(
            '(?s)^The configuration is in place, but the service hop.service does not run as wanted: '
            'systemctl start hop.service: Job failed.*the unit said this.*fatal: no such interface'
        ),
    ) as failure:
        run(bare, **complete(bare))
    assert failure.value.restored is False
    assert (bare.config_dir / 'main.cf').exists() and bare.systemd.path.exists()
    bare.deadly = lambda main, master: None
    result = run(bare, **complete(bare))
    assert result['changed'] and result['unit_commands'] == ['start hop.service'] and bare.running
    assert not run(bare, **complete(bare))['changed']


def test_a_listener_that_is_silent_after_the_start_is_a_failure(bare):
    with pytest.raises(
        SwitchError,
        match='but the service hop.service does not run as wanted: The listener 127.0.0.1 port 1 does not greet',
    ):
        run(bare, listeners=[{'address': '127.0.0.1', 'port': 1}], **complete(bare))


def test_a_configuration_that_cannot_be_switched_leaves_the_unit_alone(bare):
    run(bare, **complete(bare))
    bare.deadly = lambda main, master: 'no' if '[y]' in main else None
    before = bare.tree()
    bare.unit = 'hop.service'
    with pytest.raises(SwitchError) as failure:
        run(bare, **complete(bare, relayhost='[y]'))
    assert failure.value.restored and bare.tree() == before and bare.running


def test_a_unit_without_a_record_goes_as_well(bare):
    bare.systemd.path.write_text('[Service]\n')
    bare.systemd.enabled = True
    assert run(bare, check=True, **GONE)['changed'] and bare.systemd.path.exists()
    assert run(bare, **GONE)['unit_commands'] == ['disable hop.service', 'daemon-reload']
    assert not bare.systemd.path.exists() and not run(bare, **GONE)['changed']
