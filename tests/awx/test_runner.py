# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project of awx/, run by ansible-runner as AWX runs it, on a mail server that is a toy."""

from __future__ import annotations

import json
import re

import pytest

from tests.awx import job
from tests.unit.fakes import toy

SECRET = 'sesame-sesame'
# What AWX may have to keep: of a job with one host, of its host, of that its results, and how many tasks there may be.
# The toy has few findings: tests/awx/test_lab.py has a Postfix.
MOST_OF_A_JOB, MOST_OF_A_HOST, MOST_OF_ITS_RESULTS, MOST_TASKS = 42_000, 19_000, 3_500, 7
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


@pytest.fixture(name='work')
def fixture_work(home):
    def work(name, playbook, answers, hosts=('mx',), fresh=True, more=None, **variables):
        known = {'toy_smarthost_file': str(home / 'toy.cf'), **variables} if hosts == ('mx',) else variables
        inventory = {'conbool': {'hosts': toy.fleet(home, hosts, fresh, **known)}}
        files = {'hosts.json': json.dumps(inventory)}
        return job.run(job.private_data(home, name, answers, toy.environment(home), files), playbook, **(more or {}))

    return work


def test_a_job_with_answers(work, home):
    parameters = {'smtp_sasl_password_maps': f'inline:{{gateway=user:{SECRET}}}'}
    done, events = work('site', 'site.yml', ANSWERS, outbound_hop_parameters=parameters)
    assert done.status == 'successful', ''.join(event['stdout'] for event in events)
    report = job.artifacts(events)['smtp_relay_report']
    entry = report['hosts']['mx']
    assert (report['playbook'], entry['result'], entry['changed']) == ('site', 'done', True)
    # The answers counts, and what was not answered is the inventory's.
    assert {row['target'] for row in entry['preflight']['rows'] if row['id'].startswith('ownership.')} == {
        'example.com'
    }
    assert (home / 'toy.cf').read_text(encoding='utf-8') == '[localhost.localdomain]:9'

    assert sum(map(len, job.results(events))) < MOST_OF_ITS_RESULTS
    assert job.size(job.of_hosts(events)) < MOST_OF_A_HOST and job.size(events) < MOST_OF_A_JOB
    assert len([event for event in events if event['event'] == 'playbook_on_task_start']) <= MOST_TASKS
    assert max(len(json.dumps(event)) for event in events) < job.MOST_OF_AN_EVENT
    assert SECRET not in json.dumps(events) and SECRET not in json.dumps(toy.report(home, 'site'))


def test_a_password_in_a_value_that_cannot_be_used_is_in_no_event(work):
    parameters = {'smtp_sasl_password_maps': f'inline:{{gateway=user:{SECRET}}}', 'no name': 'x'}
    done, events = work('bad', 'preflight.yml', {}, outbound_hop_parameters=parameters)
    said = ''.join(event['stdout'] for event in events)
    assert done.status == 'failed' and 'no name' in said
    assert SECRET not in json.dumps(events)


@pytest.mark.parametrize('playbook', ['site', 'verify'])
def test_what_is_secret_is_in_nothing_that_a_job_leaves(work, home, playbook):
    """Events, artifacts and differences with all that Ansible can say, and the files of the report."""
    answers = {
        'conbool_preflight': 'warn',
        # As the injectors of the credential type for Kerio Connect.
        'kerio_smarthost_user': 'Admin',
        'kerio_smarthost_password': SECRET,
    }
    variables = {
        'outbound_hop_parameters': {'smtp_sasl_password_maps': f'inline:{{gateway=user:{SECRET}}}'},
        'kerio_smarthost_relay_passwords': {'Partner': SECRET},
    }
    done, events = work(
        f'secret-{playbook}', f'{playbook}.yml', answers, more={'verbosity': 4, 'cmdline': '--diff'}, **variables
    )
    entry = job.artifacts(events)['smtp_relay_report']['hosts']['mx']
    assert entry['verify']['rows'], ''.join(event['stdout'] for event in events)[-3000:]
    files = [path for path in (home / 'reports').iterdir() if path.name.startswith(playbook)]
    assert {path.suffix for path in files} == {'.json', '.html', '.csv', '.xml'}
    kept = {path.name: path.read_text(encoding='utf-8') for path in files} | {'events': json.dumps(events)}
    assert [name for name, text in kept.items() if SECRET in text] == []


@pytest.mark.parametrize(
    ('name', 'variables'),
    [
        ('domains', {'conbool_domains': [f'd{number}.example.com' for number in range(500)]}),
        ('networks', {'conbool_networks': [f'10.{n // 120}.{2 * (n % 120)}.0/24' for n in range(5000)]}),
    ],
)
def test_no_event_is_too_long_for_awx(work, name, variables):
    done, events = work(name, 'site.yml', {}, **variables)
    assert max(len(json.dumps(event)) for event in events) < job.MOST_OF_AN_EVENT
    report = job.artifacts(events)['smtp_relay_report']['hosts']['mx']
    assert report['preflight']['rows'] and report['mta'] == 'toy', ''.join(event['stdout'] for event in events)[-2000:]


@pytest.mark.full
def test_25_hosts_in_one_job_and_in_five_slices(work, home):
    names = [f'mx{number:02}' for number in range(1, 26)]
    done, events = work('fleet', 'site.yml', {}, names)
    assert done.status == 'successful'
    report = job.artifacts(events)['smtp_relay_report']
    assert list(report['hosts']) == names and all(entry['changed'] for entry in report['hosts'].values())
    said = ''.join(event['stdout'] for event in events)
    assert len(re.findall('host +mta +state +result', said)) == 1
    assert max(len(json.dumps(event)) for event in events) < job.MOST_OF_AN_EVENT
    assert job.size(job.of_hosts(events)) / 25 < MOST_OF_A_HOST + 5_000
    page = max((home / 'reports').glob('site-*.html'), key=lambda path: path.stat().st_mtime)
    assert page.stat().st_size < 300_000

    seen = []
    for number in range(5):
        mine = names[number::5]
        done, events = work(f'slice{number}', 'site.yml', {'conbool_slices': 'true'}, mine, fresh=False)
        assert done.status == 'successful'
        entries = job.artifacts(events)['smtp_relay_report']['hosts']
        assert list(entries) == mine
        assert {(entry['result'], entry['changed']) for entry in entries.values()} == {('done', False)}
        seen += mine
    assert sorted(seen) == names
