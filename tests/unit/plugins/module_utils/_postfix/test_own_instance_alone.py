# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance that is ours alone: whatever somebody has written into it is a change that takes it out again."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import RequestError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

from tests.unit.fakes.own_postfix import GONE, complete, own
from tests.unit.fakes.postfix_run import run, service, table, wanted


def alone(fake):
    return dict(own(fake), exclusive=True)


@pytest.fixture(name='made')
def fixture_made(fake):
    shutil.rmtree(fake.config_dir)
    fake.running = False
    fake.made = run(fake, **alone(fake))
    return fake


def add(fake, name, text):
    with open(fake.config_dir / name, 'a', encoding='ascii') as stream:
        stream.write(text)


@pytest.mark.parametrize(
    'name, text',
    [
        ('main.cf', 'transport_maps = static:direct:\n'),
        ('main.cf', 'always_bcc = mallory@example.net\n'),
        ('main.cf', 'default_transport = direct:\n'),
        ('main.cf', '# a note\n'),
        ('main.cf', '  , continued\n'),
        ('master.cf', 'second unix - - n - - smtp\n'),
        ('master.cf', 'hop unix - - n - - smtp\n  -o smtp_fallback_relay=[192.0.2.7]\n'),
        ('master.cf', '  -o smtp_tls_security_level=none\n'),
        ('master.cf', 'too short\n'),
    ],
)
def test_what_somebody_has_written_is_taken_out(made, name, text):
    before = made.tree()
    add(made, name, text)
    assert run(made, check=True, **alone(made))['changed']
    assert (made.config_dir / name).read_text().endswith(text)
    result = run(made, **alone(made))
    assert result['changed'] and result['warnings'] == made.made['warnings']
    assert made.tree() == before
    assert not run(made, **alone(made))['changed']


@pytest.mark.parametrize('name', ['main.cf', 'master.cf'])
def test_modes_of_its_files_are_ours(made, name):
    os.chmod(made.config_dir / name, 0o666)
    assert run(made, **alone(made))['changed']
    assert (made.config_dir / name).stat().st_mode & 0o777 == 0o644
    assert not run(made, **alone(made))['changed']


def test_files_that_were_there_before_are_not_ours_alone(fake):
    before = (fake.config_dir / 'main.cf').read_text()
    run(fake, **alone(fake))
    assert before.split('\n')[0] in (fake.config_dir / 'main.cf').read_text()


def test_what_another_owner_has_there_stays(made):
    run(made, owner_id='them', parameters={'biff': 'no'}, services=[service('theirs')])
    run(made, **alone(made))
    assert 'biff = no' in (made.config_dir / 'main.cf').read_text()
    assert 'theirs' in (made.config_dir / 'master.cf').read_text()


def test_undo_takes_all_of_it_whatever_somebody_has_added(made):
    add(made, 'main.cf', 'transport_maps = static:direct:\n# a note\n')
    add(made, 'master.cf', 'second unix - - n - - smtp\n')
    assert run(made, state='absent', create=True, exclusive=True)['warnings'] == []
    assert not made.config_dir.exists()


def test_it_is_for_an_instance_that_is_made_here(fake):
    with pytest.raises(RequestError, match='exclusive: True is meant for an instance that is made here'):
        run(fake, exclusive=True)


def whole(bare):
    values = dict(complete(bare), exclusive=True)
    listener = service('127.0.0.1:2526', 'inet', 'smtpd', private='n')
    return dict(values, services=[*values['services'], listener])


def test_a_listener_that_somebody_has_moved_is_moved_back_by_a_restart(bare, monkeypatch):
    run(bare, **whole(bare))
    monkeypatch.setattr(process, 'refused_address', lambda name: 'Address already in use')
    master = bare.config_dir / 'master.cf'
    master.write_text(master.read_text().replace('127.0.0.1:2526', '0.0.0.0:2526'))
    assert run(bare, check=True, **whole(bare))['unit_commands'] == ['restart hop.service']
    master.write_text('')
    assert run(bare, check=True, **whole(bare))['changed']


def test_a_running_instance_that_cannot_read_its_files_is_restarted(bare, monkeypatch):
    run(bare, **whole(bare))
    add(bare, 'main.cf', 'what is this\n')
    assert run(bare, check=True, **whole(bare))['unit_commands'] == []
    monkeypatch.setattr(Instance, 'running', lambda self: False)
    assert run(bare, check=True, **whole(bare))['unit_commands'] == ['restart hop.service']


def test_a_record_that_is_lost_is_made_anew(bare):
    values = dict(whole(bare), tables=[table('checks', '/^X:/ IGNORE\n')])
    values['parameters'].pop('header_checks')
    before = bare.tree()
    run(bare, **values)
    record = next((bare.root / 'state').rglob('us.json'))
    kept = record.read_text()
    record.unlink()
    foretold = run(bare, check=True, **values)
    assert not foretold['changed'] and 'There is no record' in foretold['unrecorded'][0]
    again = run(bare, **values)
    assert not again['changed'] and 'unrecorded' not in again
    assert json.loads(record.read_text())['records'] == json.loads(kept)['records']
    assert 'unrecorded' not in run(bare, check=True, **values)
    run(bare, **dict(GONE, exclusive=True))
    assert bare.tree() == before


def test_our_heading_stays_as_long_as_there_is_no_record(fake):
    values = dict(wanted(fake), tables=[table('conbool/checks', '/^X:/ IGNORE\n')])
    values['parameters'].pop('transport_maps')
    run(fake, **values)
    next((fake.root / 'state').rglob('us.json')).unlink()
    assert not run(fake, **values)['changed']
    assert heading('us') in (fake.config_dir / 'main.cf').read_text()
