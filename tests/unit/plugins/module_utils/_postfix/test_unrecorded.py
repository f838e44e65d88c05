# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record is gone, the configuration is not: undo does not say that there is nothing to do."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError

from tests.unit.fakes.postfix import MAIN
from tests.unit.fakes.postfix_run import option, run, service, table


def in_place(fake):
    """Changes that put nothing below a heading of ours."""
    return {
        'parameters': {'relayhost': '', 'biff': 'conbool-hop:[127.0.0.1]:325'},
        'service_options': [
            option(
                'smtp',
                'inet',
                conbool_main_restrictions='',
                smtpd_recipient_restrictions='check_client_access cidr:/etc/postfix/conbool_clients',
            ),
            option('submission', 'inet', cleanup_service_name='conbool-cleanup'),
        ],
    }


OUTBOUND = {'parameters': {'default_transport': 'conbool-hop:[127.0.0.1]:325'}, 'services': [service('conbool-hop')]}


def lose(fake, owner='us'):
    (fake.root / 'state' / 'postfix' / journal.fingerprint(str(fake.config_dir)) / (owner + '.json')).unlink()


@pytest.mark.parametrize('check', [True, False])
@pytest.mark.parametrize(
    'values, places',
    [
        (
            OUTBOUND,
            [
                'main.cf: the line "{}"'.format(heading('us')),
                'master.cf: the line "{}"'.format(heading('us')),
                'main.cf: default_transport = conbool-hop:',
            ],
        ),
        (
            in_place,
            [
                'main.cf: biff = conbool-hop:',
                'master.cf: -o conbool_main_restrictions, smtpd_recipient_restrictions of smtp/inet; ',
                'master.cf: -o cleanup_service_name of submission/inet',
            ],
        ),
        (
            {'parameters': {'relayhost': None}},
            ['main.cf: the line "# Taken out by the Ansible collection conbool.smtp_relay (us): relayhost, 1"'],
        ),
        ({'parameters': {'new': '1'}}, ['main.cf: the line "{}"'.format(heading('us'))]),
    ],
)
def test_what_is_there_without_a_record_is_named_and_nothing_is_changed(fake, values, places, check):
    run(fake, **(values(fake) if callable(values) else values))
    lose(fake)
    before = fake.tree()
    with pytest.raises(
        PlanError, match='There is no record .*/us.json of what owner_id us has changed in .*Nothing was changed'
    ) as refused:
        run(fake, check=check, state='absent')
    assert [place for place in places if place not in str(refused.value)] == []
    assert fake.tree() == before


def test_a_directory_that_is_another_one_now_has_no_record(fake):
    run(fake, **OUTBOUND)
    moved = fake.config_dir.with_name('moved')
    fake.config_dir.rename(moved)
    fake.config_dir.symlink_to(moved)
    with pytest.raises(PlanError, match='There is no record'):
        run(fake, state='absent')


def test_what_another_owner_has_a_record_of_is_his(fake):
    run(fake, owner_id='them', **OUTBOUND)
    run(fake, owner_id='others', **in_place(fake))
    assert not run(fake, state='absent')['changed']
    lose(fake, 'them')
    with pytest.raises(PlanError, match='default_transport'):
        run(fake, state='absent')


@pytest.mark.parametrize(
    'theirs',
    [
        'relayhost = [mail.conbool.com]:25',
        'relayhost = conbool-gw.example.com',
        'mydestination = my_conbool_host, user@conbool_x.example',
        'header_checks = regexp:/etc/postfix/conbool_header_checks',
        'transport_maps = hash:/etc/conbool-hop/x',
        '# conbool_clients',
        'syslog_name = conbool-hop',
    ],
)
def test_what_only_looks_alike_is_not_ours(fake, theirs):
    (fake.config_dir / 'main.cf').write_text(MAIN + '\n' + theirs + '\n')
    assert not run(fake, state='absent')['changed']


def test_after_an_undo_that_left_something_alone_the_next_has_nothing_to_do(fake):
    run(fake, **OUTBOUND)
    path = fake.config_dir / 'master.cf'
    path.write_text(
        path.read_text().replace('conbool-hop  unix  -  -  n  -  -  smtp', 'conbool-hop  unix  -  -  n  -  9  smtp')
    )
    assert len(run(fake, state='absent')['warnings']) == 1
    assert not run(fake, state='absent')['changed']


def test_an_instance_of_ones_own_is_not_stopped_without_its_record(fake):
    shutil.rmtree(fake.config_dir)
    shutil.rmtree(fake.queue)
    fake.running = False
    unit = {'name': 'hop.service', 'content': '[Service]\n'}
    run(fake, create=True, unit=unit, parameters={'queue_directory': str(fake.queue)}, tables=[table('t', 'OK\n')])
    lose(fake)
    with pytest.raises(PlanError, match='There is no record'):
        run(fake, state='absent', create=True, unit=dict(unit, content=None))
    assert fake.running and fake.systemd.enabled


def test_a_record_that_was_begun_anew_does_not_make_it_done(fake):
    """The record was lost, and a later run found only one thing to change."""
    run(fake, **OUTBOUND)
    lose(fake)
    again = run(fake, parameters=dict(OUTBOUND['parameters'], relayhost='[x]'), services=OUTBOUND['services'])
    assert [
        warning
        for warning in again['warnings']
        if 'no record' in warning and 'An undo will not take it away' in warning
    ]
    before = fake.tree()
    with pytest.raises(PlanError, match='There is no complete record .*default_transport = conbool-hop'):
        run(fake, state='absent')
    assert fake.tree() == before


def test_the_first_run_of_an_owner_has_nothing_to_warn_of(fake):
    assert run(fake, **OUTBOUND)['warnings'] == []
    assert run(fake, owner_id='them', **in_place(fake))['warnings'] == []
    assert run(fake, **OUTBOUND)['warnings'] == []
