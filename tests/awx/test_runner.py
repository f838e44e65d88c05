# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project of awx/, run by ansible-runner as AWX runs it, on a mail server that is a toy."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import ansible_runner
import pytest
import yaml

from tests.awx.specs import AWX
from tests.unit.fakes import toy
from tests.unit.roles.test_values_as_text import Unsafe

SECRET = 'sesame-sesame'
# What one host may take of the results that AWX keeps, and a single event at all.
MOST_OF_A_HOST, MOST_OF_AN_EVENT = 60_000, 700_000
# Nobody asks for anything else, and for what is not asked AWX sends nothing.
ANSWERS = {
    'conbool_domains': '',
    'conbool_networks': '',
    'conbool_scope': '',
    'conbool_scope_senders': '',
    'conbool_inbound': 'false',
    'conbool_dns_dkim_selectors': '20260101, s2',
    'conbool_dns_ownership_txt': 'example.com conbool-verification=1',
    'conbool_preflight': 'warn',
}


@pytest.fixture(scope='module', name='home')
def fixture_home(tmp_path_factory):
    home = tmp_path_factory.mktemp('runner')
    toy.make(home)
    return home


def private_data(home, name, answers, **variables):
    """Make the directory that AWX hands to ansible-runner: project, inventory, extra variables in AWX's form."""
    folder = home / name
    shutil.copytree(AWX / 'project', folder / 'project')
    for part in ('inventory', 'env'):
        (folder / part).mkdir()
    inventory = {'conbool': {'hosts': {'mx': toy.host_of(home, **variables)}}}
    (folder / 'inventory/hosts.json').write_text(json.dumps(inventory), encoding='utf-8')
    (folder / 'env/extravars').write_text(yaml.dump(answers, Dumper=Unsafe), encoding='utf-8')
    known = {key: value for key, value in toy.environment(home).items() if key.startswith('ANSIBLE_')}
    known['MAX_EVENT_RES'] = str(MOST_OF_AN_EVENT)
    (folder / 'env/envvars').write_text(yaml.safe_dump(known), encoding='utf-8')
    return folder


@pytest.fixture(name='work')
def fixture_work(home, monkeypatch):
    """Run a playbook in the three steps of AWX's mesh: transmit, on the controller; worker, where it runs; process."""
    monkeypatch.setenv('PATH', os.pathsep.join([str(Path(os.sys.executable).parent), os.environ['PATH']]))

    def work(name, playbook, answers, **variables):
        folder = private_data(home, name, answers, **variables)
        there, back, events = home / f'{name}.there', home / f'{name}.back', []
        with there.open('wb') as stream:
            ansible_runner.interface.run(
                streamer='transmit', private_data_dir=str(folder), playbook=playbook, ident='1', _output=stream
            )
        with there.open('rb') as stream, back.open('wb') as answer:
            ansible_runner.interface.run(
                streamer='worker', private_data_dir=str(home / f'{name}-worker'), _input=stream, _output=answer
            )
        with back.open('rb') as stream:
            done = ansible_runner.interface.run(
                streamer='process',
                private_data_dir=str(home / f'{name}-back'),
                _input=stream,
                event_handler=lambda event: bool(events.append(event)),
                ident='1',
                quiet=True,
            )
        return done, events

    return work


def artifacts(events):
    (stats,) = [event for event in events if event['event'] == 'playbook_on_stats']
    return stats['event_data']['artifact_data']


def test_a_job_with_answers(work, home):
    parameters = {'smtp_sasl_password_maps': f'inline:{{gateway=user:{SECRET}}}'}
    done, events = work('site', 'site.yml', ANSWERS, outbound_hop_parameters=parameters)
    assert done.status == 'successful', ''.join(event['stdout'] for event in events)
    report = artifacts(events)['smtp_relay_report']
    entry = report['hosts']['mx']
    assert (report['playbook'], entry['result'], entry['changed']) == ('site', 'done', True)
    # The answers counts, and what was not answered is the inventory's.
    assert {row['target'] for row in entry['preflight']['rows'] if row['id'].startswith('ownership.')} == {
        'example.com'
    }
    assert (home / 'toy.cf').read_text(encoding='utf-8') == '[localhost.localdomain]:9'

    results = [json.dumps(event['event_data'].get('res', '')) for event in events]
    assert sum(map(len, results)) < MOST_OF_A_HOST
    assert max(len(json.dumps(event)) for event in events) < MOST_OF_AN_EVENT
    assert SECRET not in json.dumps(events) and SECRET not in json.dumps(toy.report(home, 'site'))


def test_a_password_in_a_value_that_cannot_be_used_is_in_no_event(work):
    parameters = {'smtp_sasl_password_maps': f'inline:{{gateway=user:{SECRET}}}', 'no name': 'x'}
    done, events = work('bad', 'preflight.yml', {}, outbound_hop_parameters=parameters)
    said = ''.join(event['stdout'] for event in events)
    assert done.status == 'failed' and 'no name' in said
    assert SECRET not in json.dumps(events)


@pytest.mark.parametrize(
    ('name', 'variables'),
    [
        ('domains', {'conbool_domains': [f'd{number}.example.com' for number in range(500)]}),
        ('networks', {'conbool_networks': [f'10.{n // 120}.{2 * (n % 120)}.0/24' for n in range(5000)]}),
    ],
)
def test_no_event_is_too_long_for_awx(work, name, variables):
    done, events = work(name, 'site.yml', {}, **variables)
    assert max(len(json.dumps(event)) for event in events) < MOST_OF_AN_EVENT
    report = artifacts(events)['smtp_relay_report']['hosts']['mx']
    assert report['preflight']['rows'] and report['mta'] == 'toy', ''.join(event['stdout'] for event in events)[-2000:]
