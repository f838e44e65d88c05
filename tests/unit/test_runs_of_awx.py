# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs as AWX makes them: what is not answered does not count, what is undone is undone, and nothing done is no success."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.unit.fakes import toy
from tests.unit.fakes.terminal import faults
from tests.unit.roles.test_values_as_text import Unsafe


@pytest.fixture(name='play')
def fixture_play(home):
    def run(playbook, *arguments, answers=None, hosts=('mx',), group='conbool', more=None, **variables):
        """Run a playbook with extra variables in the file and the form in which AWX hands them over."""
        (home / 'extravars').write_text(yaml.dump(answers or {}, Dumper=Unsafe), encoding='utf-8')
        inventory = {
            group: {'hosts': {host: toy.host_of(home, **variables) for host in hosts}},
            'empty': {'hosts': {}},
            'others': {'hosts': {'web': {}, **(more or {})}},
        }
        (home / 'toy.cf').write_text('old', encoding='utf-8')
        (home / 'reports' / f'{playbook}.json').unlink(missing_ok=True)
        done = toy.run(home, playbook, inventory, '-e', f'@{home}/extravars', *arguments)
        return done, ' '.join((done.stdout + done.stderr).split()), toy.report(home, playbook)

    return run


def configured(home):
    return (home / 'toy.cf').read_text(encoding='utf-8')


def test_questions_without_answer_leave_the_inventory_its_word(play, home):
    unanswered = dict.fromkeys(('conbool_domains', 'conbool_relay_port', 'conbool_hosts', 'conbool_state'), '')
    answers = {**unanswered, 'conbool_report_dir': '', 'conbool_preflight': 'skip', 'toy_smarthost_file': ''}
    done, said, report = play('site', answers=answers)
    assert done.returncode == 0, said
    assert configured(home) == toy.GATEWAY and report['hosts']['mx']['verify']['green']
    assert (report['check_mode'], report['playbook'], report['version']) == (False, 'site', '1.0.0')
    assert (report['hosts']['mx']['changed'], report['hosts']['mx']['parts']) == (True, ['toy'])


@pytest.mark.parametrize('state', ['', 'present'])
def test_rollback_undoes_whatever_is_answered(play, home, state):
    (home / 'reports').mkdir(exist_ok=True)
    done, said, report = play('rollback', '--check', answers={'conbool_state': state}, conbool_state='present')
    assert done.returncode == 0, said
    assert (report['playbook'], report['check_mode'], report['hosts']['mx']['state']) == ('rollback', True, 'absent')
    # The toy's file has "old" in it already.
    assert not report['hosts']['mx']['changed'] and configured(home) == 'old'


@pytest.mark.parametrize(
    'arguments, more, words',
    [
        (
            [],
            {'group': 'mail'},
            'has no group or host conbool. Name the group of your mail servers with -e conbool_hosts=GROUP',
        ),
        ([], {'group': 'mail'}, 'Groups that there are: empty, mail, others.'),
        ([], {'hosts': ()}, 'conbool has no hosts.'),
        ([], {'answers': {'conbool_hosts': 'empty'}}, 'empty has no hosts.'),
        ([], {'answers': {'conbool_hosts': 'con*'}}, "conbool_hosts: 'con*' is not the name of a host"),
        (['--limit', 'web'], {}, '--limit leaves no host of conbool, which has mx.'),
        (['--skip-tags', 'always'], {}, '--skip-tags always takes away what accounts for the hosts.'),
    ],
)
@pytest.mark.parametrize('playbook', ['site', 'preflight'])
def test_nobody_to_work_on_is_a_failure_that_says_what_to_do(play, home, playbook, arguments, more, words):
    done, said, report = play(playbook, *arguments, **more)
    assert done.returncode not in (0, None) and words in said, said
    assert report is None and configured(home) == 'old'


@pytest.mark.parametrize('arguments', [['--tags', 'nothing'], ['--skip-tags', 'all']], ids=' '.join)
def test_tags_that_match_nothing_are_no_success(play, home, arguments):
    done, said, report = play('verify', *arguments)
    assert done.returncode != 0, said
    assert 'always' in said or report['hosts']['mx']['result'] == 'not done'


def test_another_group_and_a_slice_without_our_hosts(play, home):
    done, said, report = play('preflight', group='mail', answers={'conbool_hosts': 'mail'}, conbool_preflight='warn')
    assert list(report['hosts']) == ['mx'] and report['hosts']['mx']['preflight']['rows'], said

    done, said, report = play('site', hosts=(), answers={'conbool_slices': 'yes'})
    assert done.returncode == 0 and report is None
    assert 'No host of conbool is in this slice: there is nothing to do.' in said


def test_a_gateway_that_nobody_may_send_through_is_refused(play, home):
    done, said, dummy = play('gateway')
    assert done.returncode == 2 and 'outbound_hop_clients: names nobody.' in said, said
    assert configured(home) == 'old' and 'Origin: ' not in said
    # What is undone needs nobody.
    done, said, dummy = play('gateway', answers={'conbool_state': 'absent'})
    assert done.returncode == 0, said


def test_answers_are_what_was_typed_and_not_what_yaml_makes_of_it(play, home):
    answers = {
        'conbool_hosts': '0123',
        'verify_outside': '1.10',
        'conbool_relay_port': '025',
        'conbool_state': 'present',
    }
    dummy, said, report = play('verify', group='0123', answers=answers)
    assert list(report['hosts']) == ['mx'], said
    targets = {row['id']: row['target'] for row in report['hosts']['mx']['verify']['rows']}
    assert targets['inbound.observer'] == '1.10' and 'gateway.failed' not in targets
    # A port that begins with a zero is decimal, as everywhere but in YAML.
    assert play('site', group='0123', answers=answers)[0].returncode == 2
    assert configured(home) == '[localhost.localdomain]:25'


def test_nothing_that_runs_nothing_needs_an_inventory(play):
    for mode in ('--syntax-check', '--list-tasks'):
        done, said, dummy = play('site', mode, group='mail')
        assert done.returncode == 0, said


def test_bad_settings_are_said_of_a_host_that_cannot_be_reached(play):
    away = {'ansible_connection': 'ssh', 'ansible_host': '127.0.0.1', 'ansible_port': 1}
    for playbook in ('verify', 'preflight'):
        dummy, said, report = play(playbook, conbool_relay_port=0, **away)
        assert "conbool_relay_port: 0 must be a whole number" in report['hosts']['mx']['reason'], said


def test_what_is_asked_of_the_controller_does_not_need_the_hosts_python(play):
    done, said, report = play('preflight', answers={'ansible_python_interpreter': '/no/such/python'})
    found = {row['id'] for row in report['hosts']['mx']['preflight']['rows']}
    assert 'preflight.failed' in found and 'dns.failed' not in found and 'mx.unknown' in found, said


def test_an_observer_that_is_not_in_this_slice_is_said(play):
    dummy, said, report = play('verify', verify_outside='observer')
    (row,) = [row for row in report['hosts']['mx']['verify']['rows'] if row['id'] == 'inbound.observer']
    assert (row['target'], row['status']) == ('observer', 'unknown') and 'A slice of a job has only' in row[
        'hint'
    ], said


@pytest.mark.parametrize(
    'broken',
    [{'ansible_connection': 'no.such.plugin'}, {'ansible_connection': 'ssh', 'ansible_password': '{{ no_such }}'}],
    ids=str,
)
def test_an_observer_whose_connection_cannot_be_made_is_a_row_and_the_others_are_shown(play, broken):
    dummy, said, report = play('verify', more={'observer': broken}, verify_outside='observer')
    rows = {row['id']: row for row in report['hosts']['mx']['verify']['rows']}
    assert rows['inbound.failed']['target'] == 'observer' and 'no' in rows['inbound.failed']['finding'], said
    assert 'route.bypass' in rows


def test_a_controller_that_is_away_is_a_row_and_the_report_is_made(play):
    """Nothing that is asked on it needs a connection, but for a look from outside that somebody wants from there."""
    away = {'ansible_connection': 'ssh', 'ansible_host': '127.0.0.1', 'ansible_port': 1}
    for playbook, part in (('verify', 'verify'), ('preflight', 'preflight')):
        done, said, report = play(playbook, more={'localhost': away}, verify_outside='localhost')
        assert report is not None, said
        found = {row['id']: row for row in report['hosts']['mx'][part]['rows']}
        if part == 'preflight':
            assert 'dns.failed' not in found and 'mx.unknown' in found
        else:
            row = found['inbound.unreachable']
            assert (row['target'], row['status']) == ('localhost', 'unknown') and 'Connection refused' in row['finding']
            assert 'ansible_connection=local' in row['hint'] and 'route.bypass' in found


def test_a_connection_that_breaks_in_the_middle_is_in_the_report(play, home):
    """Of one host, so that nobody is left in a play that has no unreachable ones."""
    ssh = {'ansible_connection': 'ssh', 'ansible_host': '127.0.0.1', 'ansible_ssh_executable': str(home / 'ssh')}
    # It answers the first question, and no other.
    script = '#!/bin/sh\ncase "$*" in *"exit 0"*) exit 0;; esac\necho gone >&2\nexit 255\n'
    (home / 'ssh').write_text(script, encoding='utf-8')
    (home / 'ssh').chmod(0o755)
    done, said, report = play('site', conbool_preflight='skip', **ssh)
    assert done.returncode == 2 and report is not None, said
    entry = report['hosts']['mx']
    assert (entry['result'], entry['state']) == ('failed', 'present') and 'gone' in entry['reason'], said
    assert 'Origin: ' not in said and 'unreachable=0' in said


def test_a_module_that_fails_is_said_without_the_source_of_a_role(play, home):
    """Here its file cannot be written."""
    done, said, report = play('site', conbool_preflight='skip', toy_smarthost_file=str(home / 'no/such/toy.cf'))
    assert done.returncode == 2 and 'No such file' in report['hosts']['mx']['reason'], said
    assert 'Origin: ' not in said and said.count('fatal: [mx]') == 2, said


def test_a_line_for_each_host_and_step(home, play, monkeypatch):
    monkeypatch.setenv('ANSIBLE_STDOUT_CALLBACK', 'conbool.smtp_relay.steps')
    done, said, dummy = play('site', '--check', hosts=('mx', 'mx-two'))
    assert done.returncode == 0, said
    for line in (
        'mx      settings       valid',
        'mx-two  settings       valid',
        'mx      change         would change toy',
        '2 hosts, 0 of them failed',
    ):
        assert line in done.stdout.splitlines(), done.stdout
    assert re.search('^mx: preflight, [1-9] of [1-9] checks are not green$', done.stdout, re.MULTILINE)
    assert 'TASK' not in done.stdout and 'host    mta  state' in done.stdout
    done, said, dummy = play('verify')
    assert done.returncode == 2 and '1 hosts, 1 of them failed: mx' in said and 'TASK' not in said
    assert said.count('checks are not green') == 2, done.stdout


@pytest.mark.parametrize(('playbook', 'part'), [('site', 'preflight'), ('verify', 'verify')])
def test_what_is_red_is_said_once(play, playbook, part):
    done, dummy, report = play(playbook, hosts=('mx', 'mx-two'), conbool_preflight='enforce')
    assert done.returncode == 2 and not report['ok']
    assert faults(done.stdout + done.stderr, part, ('mx', 'mx-two')) == [], done.stdout
    # Where nothing is red, nothing of this is so.
    assert faults(done.stdout.replace('checks are not green', 'checks'), part, ('mx',))
