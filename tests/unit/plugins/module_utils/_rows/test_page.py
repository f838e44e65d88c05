# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: each finding at its step, in two languages, nothing from elsewhere and nothing unescaped."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ansible_collections.conbool.smtp_relay.plugins.action.report import rendered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.exports import csv_text, junit_text
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page import STEPS, page, step_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page_texts import ENGLISH, GERMAN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
PREFLIGHT = [
    row(
        'mx.bypass',
        'example.com',
        'red',
        'mail bypasses ' + EVIL,
        EVIL,
        seen=['10 ' + EVIL],
        expected='10 mail.conbool.com',
    ),
    row('spf.ok', 'example.com', 'green', 'fine', seen=['v=spf1 -all'], expected=[]),
    row('gateway.ok', 'mail.conbool.com:25', 'green', 'SMTP reachable, TLSv1.3, 12 days left'),
    row('firewall.ok', '25', 'green', 'nftables'),
]
VERIFY = [
    row('route.ok', '<a@example.com> to <b@example.net>', 'green', 'conbool-hop:[127.0.0.1]:325'),
    row('header.ok', 'X-Conbool-example-com: true', 'green', 'goes direct'),
    row('header.wrong', 'X-Conbool-Released: yes', 'red', 'goes to the gateway'),
    row('inbound.ok', '192.0.2.25:25', 'green', 'SMTP reachable'),
]


def report(hosts=1, name='mx', reason='=cmd|x'):
    entry = {
        'mta': 'postfix',
        'state': 'present',
        'result': 'failed',
        'reason': reason,
        'changed': True,
        'parts': ['hop'],
        'preflight': {'green': False, 'rows': PREFLIGHT},
        'verify': {'green': False, 'rows': VERIFY},
    }
    return {
        'playbook': 'site',
        'version': '1.0.0',
        'check_mode': True,
        'time': 'now',
        'ok': False,
        'hosts': {f'{name}{number}': entry for number in range(hosts)},
    }


class Tags(HTMLParser):
    """The tags of a page, and whether each that was opened was closed."""

    EMPTY = {'meta', 'br', 'path', 'rect'}

    def __init__(self, text):
        super().__init__()
        self.seen, self.open, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize('language', ['de', 'en'])
def test_everything_is_escaped_closed_and_in_the_file_itself(language):
    tags = Tags(rendered(report(name='mx' + EVIL, reason=EVIL), language))
    assert tags.open == [] and not {'script', 'img', 'link', 'iframe'} & set(tags.seen)
    assert not [name for name, value in tags.attributes if name.startswith('on') or name in ('src', 'style')]
    assert all(value.startswith('#') for name, value in tags.attributes if name == 'href')
    assert ('lang', language) in tags.attributes


def test_each_finding_is_at_its_step_and_what_nobody_asked_is_not_proven():
    (host,) = page(report())['hosts']
    lights = {step['name']: (step['light'], step['proven']) for step in host['steps']}
    assert lights == {
        'prerequisite': ('red', True),
        'outbound': ('green', True),
        'inbound': ('green', True),
        'loops': ('green', True),
        'release': ('red', True),
        'reachable': ('green', True),
    }
    (bare,) = page(
        {**report(), 'hosts': {'mx': {**report()['hosts']['mx0'], 'preflight': {'rows': []}, 'verify': {'rows': []}}}}
    )['hosts']
    assert {step['light'] for step in bare['steps']} == {'unknown'} and not any(
        step['proven'] for step in bare['steps']
    )
    empty = {**report(), 'hosts': {'mx': {**report()['hosts']['mx0'], 'preflight': {'rows': []}}}}
    assert ENGLISH['unproven'] in rendered(empty, 'en')


@pytest.mark.parametrize(
    ('identifier', 'step'),
    [
        ('inbound.door', 'inbound'),
        ('inbound.starttls_offered', 'reachable'),
        ('dns.failed', 'prerequisite'),
        ('x.y', 'outbound'),
    ],
)
def test_steps_of_findings(identifier, step):
    assert step_of(row(identifier, 'x', 'red', 'x')) == step


def test_certificates_and_records():
    (host,) = page(report())['hosts']
    assert host['certificates'] == [{'target': 'mail.conbool.com:25', 'days': 12, 'share': 13, 'light': 'unknown'}]
    (domain,) = host['dns']
    assert (domain['name'], [record['kind'] for record in domain['records']]) == ('example.com', ['mx', 'spf'])
    assert domain['records'][0]['wanted'] == ['10 mail.conbool.com']


def test_languages_say_the_same_things():
    def shape(texts):
        return {key: shape(value) if isinstance(value, dict) else type(value) for key, value in texts.items()}

    assert shape(ENGLISH) == shape(GERMAN) and tuple(ENGLISH['steps']) == STEPS


def test_a_page_of_25_hosts_is_light():
    assert len(rendered(report(25), 'de').encode()) < 300_000


def test_no_text_is_asked_for_that_is_a_method_of_a_dictionary():
    template = Path(__file__).resolve().parents[5] / 'playbooks/templates/report.html.j2'
    named = set(re.findall(r'\bt\.(\w+)', template.read_text(encoding='utf-8')))
    assert named <= set(ENGLISH) and not named & set(dir(dict))


def test_csv_and_junit():
    rows = list(csv.reader(io.StringIO(csv_text(report()))))
    assert len(rows) == 1 + len(PREFLIGHT) + len(VERIFY) and rows[1][:5] == [
        'mx0',
        'preflight',
        'red',
        'critical',
        'mx.bypass',
    ]
    evil = {**report(), 'hosts': {'=mx': report()['hosts']['mx0']}}
    assert list(csv.reader(io.StringIO(csv_text(evil))))[1][0] == "'=mx"
    (suite,) = ElementTree.fromstring(junit_text(report()))
    assert (suite.get('tests'), suite.get('failures'), suite.get('errors')) == ('9', '3', '0')
    assert suite.find('testcase/failure').get('message') == '=cmd|x'
