# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test of the house: another mail server is an entry of the registry, a package, two modules and a role.

A toy is added to a copy of the collection, of which no other file is changed. Playbooks then treat it like any other.
"""

from __future__ import annotations

import pytest

from tests.unit.fakes import toy


@pytest.fixture(name='play')
def fixture_play(home):
    def run(playbook, *arguments, **variables):
        inventory = {'conbool': {'hosts': {'mx': toy.host_of(home, **variables)}}}
        done = toy.run(home, playbook, inventory, *arguments)
        report = toy.report(home, playbook)
        return done, report['hosts']['mx'] if report else None

    return run


def test_playbooks_treat_a_new_mail_server_like_any_other(play, home):
    done, host = play('site', '--check')
    assert done.returncode == 0, done.stdout + done.stderr
    assert (host['mta'], host['result']) == ('toy', 'done')
    assert [row['finding'] for row in host['preflight']['rows'] if row['id'] == 'mta.ok'] == ['version 1.2']
    assert 'toys break' in done.stdout + done.stderr and 'changed=1' in done.stdout
    assert (home / 'toy.cf').read_text(encoding='utf-8') == 'old'

    done, host = play('site')
    assert done.returncode == 0, done.stdout + done.stderr
    assert (home / 'toy.cf').read_text(encoding='utf-8') == toy.GATEWAY
    assert host['verify']['green'] and {row['id'] for row in host['verify']['rows']} >= {'route.ok', 'header.ok'}
    assert 'changed=0' in play('site')[0].stdout

    (home / 'toy.cf').write_text('elsewhere', encoding='utf-8')
    done, host = play('verify')
    assert done.returncode and {row['id'] for row in host['verify']['rows']} >= {'route.bypass', 'drift.toy'}

    done = play('rollback')[0]
    assert done.returncode == 0, done.stdout + done.stderr
    assert (home / 'toy.cf').read_text(encoding='utf-8') == 'old'


@pytest.mark.parametrize(
    'variables, words',
    [
        (
            {'toy_smarthost_fiel': 'x'},
            'toy_smarthost_fiel: there is no such variable; did you mean toy_smarthost_file?',
        ),
        ({'toy_smarthost_file': 'a\nb'}, 'toy_smarthost_file: '),
        ({'conbool_mta': 'toys'}, "conbool_mta: 'toys'"),
    ],
)
def test_its_variables_are_checked_before_anything_is_done(play, variables, words):
    done = play('site', **variables)[0]
    assert done.returncode and words in done.stdout, done.stdout + done.stderr
