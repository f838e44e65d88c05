# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: each finding at its step, in two languages, nothing from elsewhere and nothing unescaped."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ansible_collections.conbool.smtp_relay.plugins.action.report import rendered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.changes import changed_lines
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.exports import csv_text, junit_text
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page import DNS, STEPS, page, step_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page_texts import ENGLISH, GERMAN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import NOT_KNOWN, not_known
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

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
        'scope': 'all',
        'diff': [{'name': '/etc/' + EVIL, 'lines': ['@@ -1 +1 @@', '-' + EVIL, '+new'], 'left_out': 3}],
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

    EMPTY = {'meta', 'br', 'path', 'rect', 'use'}

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


@pytest.mark.parametrize('language, said', [('en', 'Changed: not known'), ('de', 'Geändert: nicht bekannt')])
def test_what_nobody_knows_to_be_changed_is_not_called_nothing(language, said):
    known = {**report(), 'check_mode': False}
    (entry,) = known['hosts'].values()
    entry.update(changed=None, parts=[], reason=not_known('away'))
    assert f'<p>{said}</p>' in rendered(known, language) and NOT_KNOWN in rendered(known, language)
    assert NOT_KNOWN in junit_text(known)
    entry.update(changed=False)
    assert f'<p>{said}</p>' not in rendered(known, language)


def test_each_finding_is_at_its_step_and_what_nobody_asked_is_not_proven():
    (host,) = page(report())['hosts']
    lights = {step['name']: (step['light'], step['proven']) for step in host['steps']}
    assert lights == {
        'prerequisite': ('red', True),
        'outbound': ('green', True),
        'inbound': ('green', True),
        'loops': ('green', True),
        'release': ('red', True),
        'scope': ('unknown', False),
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
        ('hop.mailboxes', 'inbound'),
        ('hop.return', 'outbound'),
        ('dns.failed', 'prerequisite'),
        ('x.y', 'outbound'),
    ],
)
def test_steps_of_findings(identifier, step):
    assert step_of(row(identifier, 'x', 'red', 'x')) == step


@pytest.mark.parametrize('identifier', ['firewall.redirect', 'firewall.shut', 'hop.mailboxes', 'inbound.closed'])
def test_the_way_in_is_red_wherever_the_gateways_mail_is_held_up(identifier):
    def ways(rows):
        host = {**report()['hosts']['mx0'], 'verify': {'rows': rows}}
        return page({**report(), 'hosts': {'mx': host}})['hosts'][0]['ways']

    assert ways(VERIFY)['inbound'] == 'green'
    held = ways([*VERIFY, row(identifier, 'x', 'red', 'x')])
    assert (held['inbound'], held['outbound']) == ('red', 'green')


def test_certificates_and_records():
    (host,) = page(report())['hosts']
    assert host['certificates'] == [{'target': 'mail.conbool.com:25', 'days': 12, 'share': 13, 'light': 'unknown'}]
    (domain,) = page(report(2))['dns']
    assert (domain['name'], [record['kind'] for record in domain['records']]) == ('example.com', ['mx', 'spf'])
    assert domain['records'][0]['wanted'] == ['10 mail.conbool.com']


def test_languages_say_the_same_things():
    def shape(texts):
        return {key: shape(value) if isinstance(value, dict) else type(value) for key, value in texts.items()}

    assert shape(ENGLISH) == shape(GERMAN) and tuple(ENGLISH['steps']) == STEPS


@pytest.mark.parametrize(
    ('scope', 'status', 'light'),
    [('all', 'green', 'green'), ('all', 'red', 'red'), ('senders', 'green', 'green'), (None, 'green', 'unknown')],
)
def test_the_scope_is_proven_by_the_ways_of_mail_to_the_outside(scope, status, light):
    way = row('route.ok', f'<a@example.com> to <someone@{OUTSIDE}>', status, 'conbool-hop:[127.0.0.1]:325')
    home = row('route.ok', f'<someone@{OUTSIDE}> to <a@example.com>', 'green', 'local')
    known = report()
    known['hosts']['mx0'].update(scope=scope, verify={'green': True, 'rows': [way, home]})
    steps = {step['name']: step for step in page(known)['hosts'][0]['steps']}
    assert steps['scope']['light'] == light and steps['scope']['proven'] == (scope is not None)
    assert steps['scope']['rows'] == ([way] if scope == 'senders' else [])
    shown = [name for name, text in ENGLISH['scopes'].items() if text in rendered(known, 'en')]
    assert home in steps['outbound']['rows'] and shown == ([scope] if scope else [])


def test_changed_lines_are_there_folded_and_the_rest_is_counted():
    text = rendered(report(), 'en')
    assert '<del>-&#34;&gt;&lt;script&gt;' in text and '<ins>+new</ins>' in text and '… 3 more lines' in text
    assert f'<details><summary>{ENGLISH["lines"]}</summary>' in text and ENGLISH['would'] in text
    known = report(25)
    long = {'name': 'main.cf', 'lines': ['+' + 'x' * 99] * 200, 'left_out': 0}
    known['hosts'] = {name: {**entry, 'diff': [long]} for name, entry in known['hosts'].items()}
    (file,) = page(known)['hosts'][24]['diff']
    assert 0 < len(file['lines']) < 10 and file['left_out'] == 200 - len(file['lines'])


def test_what_is_secret_in_a_changed_file_is_in_no_report():
    text = 'relayhost = [mail.conbool.com]\nsmtp_sasl_password_maps = inline:{gateway=user:sesame}\n'
    known = report()
    known['hosts']['mx0']['diff'] = changed_lines([difference('/etc/main.cf', 'relayhost =\n', text)])
    page_text, kept = rendered(known, 'de'), json.dumps(known)
    assert '+relayhost = [mail.conbool.com]' in page_text and '(hidden)' in page_text and '(hidden)' in kept
    assert 'sesame' not in page_text + kept


def test_a_page_of_25_hosts_is_light():
    """With as many findings as a Zimbra has, a second domain, and more changed lines than there is room for."""
    names = [f'{subject}.ok' for subject in ('gateway', 'mta', 'hop', 'tls', 'queue', 'inbound', 'firewall', 'running')]
    rows = [
        row(name, f'/var/lib/some/where/{name}', 'green', 'a finding of some sixty characters, as most')
        for name in names
    ]
    ways = [row('route.ok', f'<{n}@example.com> to <a@{OUTSIDE}>', 'green', 'hop:[127.0.0.1]:325') for n in range(8)]
    records = [row(f'{kind}.ok', 'example.com', 'green', 'fine', seen=['v' * 400], expected='w' * 40) for kind in DNS]
    long = [{'name': 'main.cf', 'lines': ['+' + 'x' * 99] * 200, 'left_out': 0}]
    entry = {
        **report()['hosts']['mx0'],
        'diff': long,
        'preflight': {'green': True, 'rows': records + rows},
        'verify': {'green': True, 'rows': ways + rows * 4},
    }
    known = {**report(), 'hosts': {f'mx{number}.example.com': entry for number in range(25)}}
    assert len(entry['preflight']['rows'] + entry['verify']['rows']) >= 53
    assert len(rendered(known, 'de').encode()) < 300_000


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
