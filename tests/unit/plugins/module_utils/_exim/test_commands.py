# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim says, read: options, lists, ways and expansions. Its words are those of 4.96."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import commands
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program, items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import (
    deliveries,
    kinds,
    networks,
    relayed,
    set_itself,
    shown,
)

from tests.unit.fakes.exim import Answers

DOMAINS = ('a.test', 'b.test', 'c.test')
GATEWAY = 'conbool_gateway for someone@conbool-verify.invalid'


@pytest.mark.parametrize(
    'text, found',
    [
        ('', []),
        ('127.0.0.1 : ::::1', ['127.0.0.1', '::1']),
        ('<; 192.0.2.0/24 ; 2001:db8::/32 ; 127.0.0.1 ; ::1', ['192.0.2.0/24', '2001:db8::/32', '127.0.0.1', '::1']),
        (' : @[] : lan.example', ['@[]', 'lan.example']),
    ],
)
def test_a_list_is_read_with_its_separator(text, found):
    assert items(text) == found


def test_networks_that_may_relay_are_those_with_addresses_and_not_loopback():
    assert networks('<; 192.0.2.9/24 ; 127.0.0.0/8 ; ::1 ; @[] ; [192.0.2.1]') == ['192.0.2.0/24', '192.0.2.1/32']


def test_a_configuration_that_is_not_in_force_is_named(monkeypatch):
    exim = Answers(
        monkeypatch, bP='acl_smtp_data = acl_check_data\nno_message_body_newlines\nmessage_body_visible = 500\n'
    )
    found = Program(exim, '/x').options('acl_smtp_data', 'message_body_newlines', 'message_body_visible')
    assert found == {'acl_smtp_data': 'acl_check_data', 'message_body_newlines': '', 'message_body_visible': '500'}
    assert exim.asked[0][0][:4] == ['/bin/true', '-C', '/x', '-bP']


@pytest.mark.parametrize(
    'out, way',
    [
        (
            'x@e.test\n  router = conbool_gateway, transport = conbool_smtp\n  host mail.conbool.com [192.0.2.1]\n',
            ('conbool_gateway', 'conbool_smtp', 'mail.conbool.com'),
        ),
        ('a@b\n    <-- postmaster@b\n  router = local_user, transport = lmtp\n', ('local_user', 'lmtp', '')),
        ('x@e.invalid is undeliverable: Unrouteable address\n', ('', '', '')),
    ],
)
def test_a_way_is_router_transport_and_host(monkeypatch, out, way):
    found = Program(Answers(monkeypatch, bt=out)).way('', 'x@e.test')
    assert found[:3] == way and found.said == ' '.join(out.split())


COPIES = """\
archive@b
    <-- x@e.test
  router = local_user, transport = mail_spool
x@e.test
    <-- x@e.test
  router = copies, transport = remote_smtp
  host 192.0.2.9 [192.0.2.9]
X@e.test
    <-- x@e.test
  router = conbool_gateway, transport = conbool_smtp
  host mail.conbool.com [192.0.2.1]
"""


COPYING = 'copies router:\ndriver = manualroute\nunseen\n'


def test_copies_that_the_site_has_made_are_not_the_way(monkeypatch):
    """Which is named first, nobody can know."""
    blocks = COPIES.split('\n')
    for lines in (blocks, blocks[3:7] + blocks[:3] + blocks[7:]):
        exim = Answers(monkeypatch, bt='\n'.join(lines), bP=COPYING)
        assert Program(exim).way('', 'x@e.test')[:3] == ('conbool_gateway', 'conbool_smtp', 'mail.conbool.com')
    # A copy alone is no way at all.
    alone = 'x@e.test cannot be resolved at this time: host lookup did not complete\n'
    exim = Answers(monkeypatch, bt='\n'.join(blocks[:3]) + '\n' + alone, bP=COPYING)
    assert Program(exim).way('', 'x@e.test').router == ''


def test_what_cannot_be_expanded_is_no_way(monkeypatch):
    """Exim logs it and asks the next router: -bV is content with such a configuration, and the exit status is 0."""
    said = 'failed to expand condition "${if nonsense}" for conbool_direct router: unknown condition "nonsense"'
    exim = Answers(monkeypatch, bt=lambda words, data: (0, 'x@e.test\n  router = b, transport = c\n', said))
    with pytest.raises(EximError, match='unknown condition'):
        Program(exim).way('a@b', 'x@e.test')


def test_an_exim_that_waits_for_others_is_ended_and_says_so(monkeypatch, tmp_path):
    """DNS, or a list in LDAP: a run would stand still."""
    script = tmp_path / 'exim4'
    script.write_text('#!/bin/sh\nsleep 30\n')
    script.chmod(0o755)
    monkeypatch.setattr(commands, 'COMMANDS', (str(script),))
    monkeypatch.setattr(commands, 'LONGEST', 0.2)

    def run(words, data=None, **dummy):
        done = subprocess.run(words, input=data, check=False, capture_output=True)
        return done.returncode, done.stdout, done.stderr

    with pytest.raises(EximError, match='exim4 -bt .*no answer within 0.2 seconds'):
        Program(run).way('alice@example.com', 'x@external.test')


def test_what_is_shown_as_a_server_is_known_for_clients_that_ask_for_no_name(monkeypatch):
    exim = Answers(monkeypatch, be='> =/etc/a.pem\n> =/etc/a.key\n')
    assert shown(Program(exim), ['/etc/a.pem', '']) == ['/etc/a.pem'] and exim.asked == []
    by_name = ['${if exists{/etc/$tls_in_sni.pem}{/etc/$tls_in_sni.pem}{/etc/a.pem}}', '/etc/a.key']
    assert shown(Program(exim), by_name) == ['/etc/a.pem', '/etc/a.key']
    exim.said['be'] = '> Failed: unknown variable name "x"\n'
    assert shown(Program(exim), by_name) == []


def test_what_the_site_s_transport_sets_by_no_macro_is_known(monkeypatch):
    usual = 'driver = smtp\nhelo_data = $primary_hostname\nmessage_linelength_limit = 998\ndkim_domain = \n'
    said = {'remote_smtp': usual, 'remote_smtp_smarthost': usual}
    exim = Answers(monkeypatch, bP=lambda words, data: (0, said[words[-1]], ''))
    assert set_itself(Program(exim), []) == []
    said['remote_smtp'] = (
        usual.replace('dkim_domain = ', 'dkim_domain = a.test') + 'transport_filter = /x\ninterface = 1\n'
    )
    assert set_itself(Program(exim), ['REMOTE_SMTP_INTERFACE']) == ['dkim_domain', 'transport_filter']
    assert set_itself(Program(exim), ['DKIM_DOMAIN', 'REMOTE_SMTP_INTERFACE']) == ['transport_filter']
    said['remote_smtp'] = usual + 'dkim_hash = sha256\nsocks_proxy = 192.0.2.8\n'
    assert set_itself(Program(exim), []) == ['socks_proxy']
    # Its mail has gone by the other one so far.
    said['smarthost'] = 'errors_to = \nheaders_add = \n'
    assert set_itself(Program(exim), ['DCconfig_smarthost']) == []
    said['smarthost'] = 'errors_to = \nheaders_add = X-Site: yes\ntransport = remote_smtp_smarthost\n'
    assert set_itself(Program(exim), ['DCconfig_smarthost']) == ['headers_add (router smarthost)']
    # For SRS, say: another one.
    said['dnslookup'] = 'transport = remote_forwarded\n'
    assert set_itself(Program(exim), ['DCconfig_internet']) == [
        'socks_proxy',
        'transport = remote_forwarded (router dnslookup)',
    ]


def test_macros_are_those_of_the_configuration(monkeypatch):
    exim = Answers(monkeypatch, bP='_HAVE_IPV6=y\n_OPT_MAIN_ACL_SMTP_MIME=y\nMAIN_TLS_ENABLE=yes\nYES=a=b\n')
    assert Program(exim).macros() == ['MAIN_TLS_ENABLE', 'YES']


def test_expansions_are_answered_line_by_line(monkeypatch):
    exim = Answers(monkeypatch, be='> local\n> none\n> \n')
    assert Program(exim).expand(['a', 'b']) == ['local', 'none']
    with pytest.raises(EximError):
        Program(Answers(monkeypatch, be='> Failed: unknown expansion item "x"\n')).expand(['a'])
    with pytest.raises(EximError):
        Program(Answers(monkeypatch, be='')).expand(['a'])


def test_who_delivers_a_domain_is_the_transport_of_its_users(monkeypatch):
    options = {'lmtp': 'driver = lmtp\nsocket = /run/lmtp\n', 'pipe': 'driver = pipe\ncommand = "/usr/bin/lda -d x"\n'}
    ways = {
        'postmaster@a.test': ('r', 'lmtp'),
        'postmaster@b.test': ('smarthost', 'remote'),
        'postmaster@c.test': ('r', 'remote'),
    }
    exim = Answers(
        monkeypatch,
        be='> local\n> local\n> relay\n',
        bt=lambda words, data: (
            0,
            '  router = {}, transport = {}\n  host mx [192.0.2.9] MX=10\n'.format(*ways[words[-1]]),
            '',
        ),
        bP=lambda words, data: (0, options.get(words[-1], 'driver = smtp\n'), ''),
    )
    program = Program(exim)
    ways = {name: (kind, program.way('', f'postmaster@{name}')) for name, kind in kinds(program, DOMAINS).items()}
    assert [(item['agent'], item['target']) for item in deliveries(program, ways, 'pipe')] == [
        ('lmtp', '/run/lmtp'),
        ('command', '/usr/bin/lda'),
        ('other', ''),
    ]
    # Asked once, however many domains there are.
    transports = [words[-1] for words, dummy in exim.asked if words[-3:-1] == ['-bP', 'transport']]
    assert sorted(transports) == ['lmtp', 'pipe', 'remote']
    others = relayed(program, ways)
    assert [tuple(one.values()) for one in others] == [('c.test', 'r', 'smtp', 'mx', '192.0.2.9')]


def test_a_domain_that_is_not_its_own_is_refused(monkeypatch):
    with pytest.raises(EximError, match='not responsible for b.test'):
        kinds(Program(Answers(monkeypatch, be='> local\n> none\n')), ['a.test', 'b.test'])
