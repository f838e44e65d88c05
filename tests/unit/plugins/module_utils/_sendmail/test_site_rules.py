# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a site and its access map make of the gateway, with a sendmail -bt that answers by that map."""

from __future__ import annotations

import re
import subprocess
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import commands, site_rules
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.networks import lookups, written
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.site_rules import SiteRules

from tests.unit.fakes.mail_server import SETTINGS

CF = 'Kaccess hash -T<TMPF> -o %s/access\nS%s\nR$*\t$@ OK\n'
DENIED = '$# error $@ 5 . 7 . 1 $: "550 Access denied"'
WEAK = '$# error $@ 5 . 7 . 0 $: 503 " encryption too weak " 256 " less than " 512'
INBOUND = dict(SETTINGS, inbound=True, networks=['198.51.100.0/28', '2001:db8::/64'])


class Program:
    """Answers as the rules of Sendmail do: the first key that fits decides."""

    def __init__(self, entries):
        self.entries, self.asked, self.routed = entries, [], 'conbool'
        self.otherwise, self.aliases = {}, {}

    def map_entries(self, kind, path):
        return list(self.entries.items())

    def canonical(self, cf_path, name):
        return self.aliases.get(name, name)

    def routes(self, cf_path, addresses):
        return [{'mailer': self.routed, 'host': '', 'user': address} for address in addresses]

    def answers(self, cf_path, ruleset, questions):
        with open(cf_path, encoding='ascii') as stream:
            self.asked.append((ruleset, questions, stream.read()))
        return [self._answer(ruleset.rpartition(',')[2], *question) for question in questions]

    def _answer(self, ruleset, text, macros):
        entries = {key.lower(): value for key, value in self.entries.items()}
        if ruleset in ('check_relay', 'checkrelay'):
            assert text == '{client_name} $| {client_addr}'.format(**macros)
            keys = _keys('connect:', macros['client_name'], macros['client_addr'])
            keys += _keys('', macros['client_name'], macros['client_addr'])[:-1]
        elif ruleset == 'tls_rcpt':
            local, dummy, domain = text.partition('@')
            keys = [f'tls_rcpt:{key}' for key in (text, local + '@', domain, '')]
        elif ruleset == 'tls_client':
            keys = _keys('tls_clt:', macros['client_name'], macros['client_addr'])
        else:
            tag = {'try_tls': 'try_tls:', 'tls_server': 'tls_srv:'}[ruleset]
            keys = _keys(tag, macros['server_name'], macros['server_addr'])
        value = next((entries[key] for key in keys if key in entries), 'OK')
        if value in ('REJECT', 'NO'):
            return DENIED
        return WEAK if '512' in value or 'CI:' in value else self.otherwise.get(ruleset, 'OK')


def _keys(tag, name, address):
    return lookups(tag, [name], address.replace('IPv6:', ''))


@pytest.fixture(name='rules')
def fixture_rules(tmp_path):
    def make(entries=(), ruleset='check_relay', **settings):
        (tmp_path / 'sendmail.cf').write_text(CF % (tmp_path, ruleset), encoding='ascii')
        (tmp_path / 'access.db').touch()
        program = Program(dict(entries))
        return SiteRules(program, str(tmp_path / 'sendmail.cf'), dict(INBOUND, **settings)), program

    return make


def brief(rows):
    return [(row['id'], row['target'], row['status']) for row in rows]


@pytest.mark.parametrize('ruleset', ['check_relay', 'checkrelay'])
def test_a_gateway_that_nobody_refuses(rules, tmp_path, ruleset):
    asked, program = rules({'Connect:127': 'RELAY', 'Connect:192.0.2': 'REJECT'}, ruleset)
    assert brief(asked.client_rows()) == [('access.client', 'mail.conbool.com', 'green')]
    (name, questions, text), clients = program.asked
    assert name == f'ConboolAsk,{ruleset}' and clients[0] == 'ConboolAsk,tls_client'
    assert re.search(r'^SConboolAsk\nR\$\* \$\$\| \$\*\t\t\$: \$1 \$\| \$2$', text, re.MULTILINE)
    assert [text for text, dummy in questions] == [
        'mail.conbool.com $| 198.51.100.0',
        'mail.conbool.com $| IPv6:2001:db8:0:0:0:0:0:0',
    ]
    # Nothing of it is left.
    assert sorted(path.name for path in tmp_path.iterdir()) == ['access.db', 'sendmail.cf']


@pytest.mark.parametrize(
    'key, value, targets',
    [
        ('Connect:198.51.100.7', 'REJECT', ['198.51.100.7']),
        ('Connect:198.51', 'REJECT', ['198.51.100.0']),
        ('198.51.100', 'REJECT', ['198.51.100.0']),
        ('Connect:IPv6:2001:db8', 'REJECT', ['2001:db8::']),
        ('Connect:conbool.com', 'REJECT', ['198.51.100.0', '2001:db8::']),
        ('conbool.com', 'REJECT', ['198.51.100.0', '2001:db8::']),
        ('TLS_Clt:mail.conbool.com', 'PERM+ENCR:512', ['198.51.100.0', '2001:db8::']),
        ('TLS_Clt:', 'ENCR:512', ['198.51.100.0', '2001:db8::']),
    ],
)
def test_whoever_refuses_the_gateway_is_named_with_map_and_key(rules, tmp_path, key, value, targets):
    rows = rules({key: value})[0].client_rows()
    assert brief(rows) == [('access.client', target, 'red') for target in targets]
    assert f'"{key.lower()} {value}" in {tmp_path}/access' in rows[0]['finding']
    assert 'makemap hash' in rows[0]['hint']


def test_a_rule_or_a_block_list_that_refuses_the_gateway_is_named_too(rules):
    asked, program = rules()
    program.otherwise['check_relay'] = DENIED
    row = asked.client_rows()[0]
    assert row['status'] == 'red' and 'ruleset check_relay' in row['finding'] and 'Access denied' in row['finding']
    assert 'Connect:198.51.100.0 OK' in row['hint']


TEMPORARY = '$# error $@ 4 . 7 . 1 $: "451 Temporary lookup failure of 198.51.100.0 at list.example"'


def test_an_answer_for_now_is_no_refusal_unless_an_entry_says_so_each_time(rules):
    asked, program = rules()
    for answer in (TEMPORARY, '$# error $@ TEMPFAIL $: "Later"', '$# error $: 450 Later'):
        program.otherwise = dict.fromkeys(['check_relay', 'tls_client', 'try_tls', 'tls_server'], answer)
        rows = [*asked.client_rows(), *asked.server_rows([])]
        assert {(row['id'], row['status'], row['severity']) for row in rows} == {
            ('access.client', 'green', 'low'),
            ('access.tls', 'green', 'low'),
        }
        assert all('cannot be told' in row['finding'] for row in rows)
    # The default of what is asked of TLS is 403.
    entry, program = rules({'TLS_Clt:mail.conbool.com': 'ENCR:512'})
    program._answer = lambda ruleset, *dummy: '$# error $@ 4 . 7 . 0 $: 403 encryption too weak'
    assert 'red' in {row['status'] for row in entry.client_rows() if '403' in row['finding']}


def test_a_sendmail_that_waits_for_dns_is_not_waited_for(rules, tmp_path, monkeypatch):
    program = tmp_path / 'sendmail'
    program.write_text('#!/bin/sh\necho "$@" >>$0.asked\nexec sleep 30\n', encoding='ascii')
    program.chmod(0o755)
    monkeypatch.setattr(commands, 'LONGEST', 1)

    def run(words, data=None, **dummy):
        done = subprocess.run(words, input=data.encode(), capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    asked, fake = rules()
    real = commands.Program(run, str(program), '/bin/true')
    fake.answers, fake.canonical = real.answers, real.canonical
    begin = time.monotonic()
    rows = [*asked.client_rows(), *asked.server_rows(['203.0.113.4'])]
    assert time.monotonic() - begin < 10
    assert [(row['id'], row['status'], row['severity']) for row in rows] == [
        ('access.client', 'green', 'low'),
        ('access.tls', 'green', 'low'),
    ]
    lines = (tmp_path / 'sendmail.asked').read_text(encoding='ascii').splitlines()
    # Once for each, and Sendmail itself does not ask again and again.
    assert len(lines) == 2 and all('Timeout.resolver.retry=1' in line for line in lines)


def test_where_port_25_is_not_ours_nobody_is_asked(rules):
    asked, program = rules(inbound=False)
    assert asked.client_rows() == [] == program.asked


@pytest.mark.parametrize(
    'key, value',
    [
        ('TLS_Srv:mail.conbool.com', 'PERM+ENCR:512'),
        ('TLS_Srv:conbool.com', 'ENCR:512'),
        ('TLS_Srv:203.0.113.5', 'ENCR:512'),
        ('TLS_Srv:', 'ENCR:512'),
        ('Try_TLS:mail.conbool.com', 'NO'),
        ('Try_TLS:203.0.113.5', 'NO'),
        ('Try_TLS:', 'NO'),
    ],
)
def test_mail_that_could_not_be_sent_is_red_with_map_and_key(rules, tmp_path, key, value):
    for ours in (True, False):
        rows = rules({key: value})[0].server_rows(['203.0.113.4', '203.0.113.5'], ours)
        assert brief(rows) == [('access.tls', 'mail.conbool.com', 'red')]
        assert f'"{key.lower()} {value}" in {tmp_path}/access' in rows[0]['finding'] and rows[0]['hint']


@pytest.mark.parametrize(
    'entries',
    [
        {},
        # The brackets are off by then; tried with Sendmail 8.17.
        {'TLS_Srv:[mail.conbool.com]': 'ENCR:512', 'Try_TLS:[mail.conbool.com]': 'NO'},
        {'TLS_Srv:other.example': 'ENCR:512'},
        # Who has issued the certificate is not known here.
        {'TLS_Srv:mail.conbool.com': 'VERIFY:128+CI:/C=DE/CN=Authority'},
        {'TLS_Rcpt:partner.example': 'VERIFY+CI:/CN=Authority'},
    ],
)
def test_entries_that_keep_nothing_from_the_gateway(rules, entries):
    assert brief(rules(entries)[0].server_rows(['203.0.113.4'])) == [('access.tls', 'mail.conbool.com', 'green')]
    assert brief(rules(entries)[0].server_rows([])) == [('access.tls', 'mail.conbool.com', 'green')]


@pytest.mark.parametrize(
    'key, recipient',
    [
        ('TLS_Rcpt:partner.example', 'someone@partner.example'),
        ('TLS_Rcpt:boss@partner.example', 'boss@partner.example'),
        ('TLS_Rcpt:boss@', 'boss@conbool-verify.invalid'),
        ('TLS_Rcpt:', 'someone@conbool-verify.invalid'),
    ],
)
def test_what_is_asked_by_recipient_is_asked_of_the_gateway_where_mail_goes_there(rules, key, recipient):
    asked, program = rules({key: 'PERM+ENCR:512'})
    assert brief(asked.server_rows([])) == [('access.tls', recipient, 'red')]
    program.routed = 'esmtp'
    assert brief(asked.server_rows([])) == [('access.tls', 'mail.conbool.com', 'green')]
    # What becomes of it is not known before the change; its warning says what there is to say.
    program.routed = 'conbool'
    assert brief(asked.server_rows([], ours=False)) == [('access.tls', 'mail.conbool.com', 'green')]


def test_a_gateway_that_is_an_alias_is_known_by_its_own_name(rules):
    for key, status in (('TLS_Srv:gw.test', 'red'), ('TLS_Srv:mail.conbool.com', 'green')):
        asked, program = rules({key: 'ENCR:512'})
        program.aliases['mail.conbool.com'] = 'gw.test'
        assert brief(asked.server_rows([])) == [('access.tls', 'mail.conbool.com', status)]


def test_a_session_as_the_gateway_has_it(rules):
    asked, program = rules(relay_host='203.0.113.4')
    asked.server_rows(['203.0.113.4'])
    for dummy, questions, dummy in program.asked[:2]:
        assert questions[0][1]['server_name'] == '[203.0.113.4]'
        assert questions[0][1]['cn_subject'] == 'mail.conbool.com' and questions[0][1]['cipher_bits'] == '256'


@pytest.mark.parametrize(
    'answer, said',
    [
        ('OK', ''),
        ('', ''),
        ('mail . conbool . com $| 192 . 0 . 2 . 1', ''),
        (DENIED, '550 Access denied'),
        ('$# error $: 421 Go away', '421 Go away'),
        ('$# discard $: discard', 'discard'),
        (WEAK, '503 encryption too weak 256 less than 512'),
        ('$# error $: "550 no " x . y " [" IPv6 : 2001 : db8 : 0 "]"', '550 no x.y [IPv6:2001:db8:0]'),
        ('$# error $@ 5 . 7 . 1 $: 550 see www . example . com', '550 see www.example.com'),
    ],
)
def test_refusals(answer, said):
    assert site_rules.refused(answer) == said


def test_keys_of_the_access_map():
    assert lookups('t:', ['mail.conbool.com'], '192.0.2.1') == [
        *('t:mail.conbool.com', 't:conbool.com', 't:com'),
        *('t:192.0.2.1', 't:192.0.2', 't:192.0', 't:192', 't:'),
    ]
    assert lookups('t:', ['[127.0.0.1]'])[:2] == ['t:[127.0.0.1]', 't:[127.0.0]']
    assert lookups('t:', ['[IPv6:::1]'], '::1')[:3] == [
        't:[ipv6:::1]',
        't:ipv6:0:0:0:0:0:0:0:1',
        't:ipv6:0:0:0:0:0:0:0',
    ]
    assert (written('2001:DB8::1'), written('192.0.2.1')) == ('IPv6:2001:db8:0:0:0:0:0:1', '192.0.2.1')
