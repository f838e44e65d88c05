# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is easily got wrong in Exim's language, each beside the form that is used: asked of a real Exim.

Where one does not ask a real Exim, the test is elsewhere: groups that capture, and the light daemon, in the unit tests;
cutthrough there, by the words in the configuration; the gateway's certificates, and mail that waits, in the flow table.
"""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import with_includes, without_includes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import TRUST_HEADERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import TRANSPORT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

from tests.exim.host import HOST, LAN, STRANGER, Exim

NAME = 'X-Conbool-Released'
PLAIN = r'${if match{$h_X-Conbool-Released:}{\N^(?i)\s*yes\s*$\N}{direct}{gateway}}'
ELSEWHERE = f'someone@{OUTSIDE}'
MACROS = 'conf.d/main/00_site'
OURS = r'${if acl{{acl_conbool_client}}{acl_check_rcpt}{acl_conbool_refuse}}'


@pytest.fixture(scope='module', name='exim')
def fixture_exim(borrowed):
    with borrowed.hosts(HOST):
        yield Exim(borrowed.lab)


@pytest.fixture(name='made')
def fixture_made(exim):
    done = exim.made()
    assert done.returncode == 0, done.stderr
    return exim


def message(*values, name=NAME):
    lines = ''.join(f'{name}: {value}\n' for value in values)
    return f'From: alice@example.com\n{lines}Subject: x\n\nX-Conbool-Released: yes\n'.encode()


@pytest.mark.parametrize(
    'values, direct, naive',
    [
        (('yes',), True, PLAIN),
        (('YES ',), True, PLAIN),
        (('\n yes',), True, PLAIN),
        # Decoded by $h_.
        (('=?utf-8?q?yes?=',), False, PLAIN),
        # Run together by $rh_ and $h_: neither is the whole value.
        (('no', 'yes'), True, PLAIN),
        # Not anchored.
        (('yesterday',), False, r'${if match{$h_X-Conbool-Released:}{\N(?i)yes\N}{direct}{gateway}}'),
        # A value that chooses the separator of the list.
        (
            ('<; yes',),
            False,
            r'${if forany{$lh_X-Conbool-Released:}{match{$item}{\N^(?i)[ \t]*yes[ \t]*$\N}}{direct}{gateway}}',
        ),
    ],
)
def test_a_mark_is_a_whole_raw_value_of_one_header(made, values, direct, naive):
    assert made.marked(message(*values)) is direct
    said = made.says(naive, message(*values))
    plain = values[0].strip().lower() == 'yes' and len(values) == 1
    assert (said == 'direct') is (direct if plain else not direct)


def test_the_names_of_headers_to_take_away_are_divided_by_colons(made):
    forged = b'X-Conbool-Released: yes\nSubject: a\n X-Conbool-Folded: no header\nx-conbool-Flag : YES\nFrom: a@b\n\n'
    names = made.says(TRUST_HEADERS, forged).split(':')
    assert {'X-Conbool-Released', 'x-conbool-Flag'} <= set(names) and 'Subject' not in names


def test_the_first_type_is_the_message_s_own(made):
    assert made.marked(message('text/calendar; method=REQUEST', 'text/plain', name='Content-Type'))
    assert not made.marked(message('text/plain', 'text/calendar', name='Content-Type'))


@pytest.mark.parametrize(
    'kind, text',
    [
        ('condition', lambda text: text.replace('${if CONBOOL_DIRECT{yes}{no}}', '${if nonsense{yes}{no}}', 1)),
        ('transport', lambda text: text.replace(TRANSPORT, 'no_such_transport')),
    ],
)
def test_exim_accepts_what_fails_when_it_is_used(exim, kind, text):
    """-bV is content. So a new configuration is asked for a way."""
    assert exim.made(edit={'router': text}).returncode == 0
    program = exim.program()
    program.check()
    if kind == 'condition':
        with pytest.raises(EximError, match='nonsense'):
            program.way('alice@example.com', ELSEWHERE)
    else:
        assert program.way('alice@example.com', ELSEWHERE).transport != TRANSPORT


def test_a_macro_that_the_site_has_is_replaced_and_not_defined_twice(exim):
    site = {MACROS: 'MAIN_ACL_CHECK_RCPT = acl_check_rcpt\n'}
    assert exim.made(files=site).returncode == 0
    assert exim.program().options('acl_smtp_rcpt') == {'acl_smtp_rcpt': OURS}
    plain = re.compile(r'\.ifdef MAIN_ACL_CHECK_RCPT\n.*\n\.else\n(.*\n)\.endif\n')
    exim.made(files=site, edit={'main': lambda text: plain.sub(r'\1', text)})
    with pytest.raises(EximError, match='MAIN_ACL_CHECK_RCPT'):
        exim.program().check()


def test_mail_that_leaves_has_its_own_transport_and_all_other_its_own_way(made):
    program = made.program()
    way = program.way('alice@example.com', ELSEWHERE)
    assert (way.router, way.transport, way.host) == ('conbool_gateway', TRANSPORT, 'mail.conbool.com')
    assert program.way('alice@example.com', 'x@[198.51.100.1]')[:2] == ('conbool_literal', TRANSPORT)
    assert program.way('', 'x@external.test')[:2] == ('conbool_direct', 'remote_smtp')
    assert program.way('', 'x@[198.51.100.1]').router == 'domain_literal'
    assert program.way('x@external.test', 'bob@example.com').transport == 'lab_lmtp'


def test_address_verification_is_the_site_s(made):
    """Ours would call every domain routable."""
    said = made.sh('exim4 -C /run/stage/made -bv someone@' + OUTSIDE, check=False).stdout
    assert 'Unrouteable address' in said or 'failed to verify' in said


def test_a_satellite_s_local_users_would_go_to_the_gateway(exim):
    """So that type is refused."""
    assert (
        exim.made(
            answers={'dc_eximconfig_configtype': 'satellite', 'dc_readhost': 'home.test', 'dc_smarthost': 'smart.test'}
        ).returncode
        == 0
    )
    assert exim.program().way('x@external.test', 'alice@example.com').transport == TRANSPORT


@pytest.mark.parametrize('kind', ['internet', 'smarthost', 'local'])
def test_senders_outside_the_scope_keep_the_way_that_they_had(exim, kind):
    scope = {'scope': 'senders', 'scope_senders': ['@example.com', 'listed@sub.example.co.uk']}
    answers = {'dc_eximconfig_configtype': kind, 'dc_smarthost': 'mx.external.test'}
    assert exim.made(scope, answers=answers).returncode == 0
    program = exim.program()
    for sender in ('alice@example.com', 'LISTED@sub.example.co.uk', 'listed+more@sub.example.co.uk'):
        assert program.way(sender, 'x@external.test').transport == TRANSPORT, sender
    router = {'internet': 'dnslookup', 'smarthost': 'smarthost', 'local': ''}[kind]
    for sender in ('other@sub.example.co.uk', 'alice@x.example.com', 'listed@sub.example.co.uk.test'):
        assert program.way(sender, 'x@external.test').router == router, sender
    assert program.way('', 'x@external.test').router == 'conbool_direct'


@pytest.mark.parametrize('port', [25, 587])
def test_no_port_is_open_to_strangers(exim, port):
    """Debian's list takes mail for local domains on 587 from anybody, without a log-in."""
    assert exim.made().returncode == 0
    assert exim.told(STRANGER, 'alice@example.com', port).startswith(
        '554 5.7.1 this server takes mail from its gateway'
    )
    by_port = r'${if eq{$received_port}{25}{' + OURS + '}{acl_check_rcpt}}'
    assert exim.made(edit={'main': lambda text: text.replace(OURS, by_port)}).returncode == 0
    assert exim.told(STRANGER, 'alice@example.com', port)[:3] == {25: '554', 587: '250'}[port]


def test_the_site_s_refusals_keep_their_words(exim):
    assert exim.made().returncode == 0
    assert exim.told(LAN, 'x@external.test') == '550 relay not permitted'
    assert exim.told(LAN, 'alice@example.com')[:3] == '250'
    assert exim.told('127.0.0.1', 'x@external.test')[:3] == '250'
    around = 'acl_around:\n  accept acl = acl_check_rcpt\n  deny\n'
    edit = {'main': lambda text: text.replace(OURS, 'acl_around'), 'acl': lambda text: text + around}
    assert exim.made(edit=edit).returncode == 0
    assert exim.told(LAN, 'x@external.test') == '550 Administrative prohibition'


def test_the_gateway_is_asked_for_tls_and_only_for_hosted_domains(exim):
    assert exim.made().returncode == 0
    address = exim.settings['networks'][0]
    assert exim.told(address, 'alice@example.com').startswith('450 4.7.1 encryption is required')
    assert exim.told(address, 'x@external.test')[:3] == '450'


def test_the_gateway_is_tried_again_by_its_own_rule(made):
    said = made.sh('exim4 -C /run/stage/made -brt mail.conbool.com').stdout
    assert 'F,2h,5m' in said
    assert 'F,2h,15m' in made.sh('exim4 -C /run/stage/made -brt mx.external.test').stdout


def test_debian_s_template_takes_the_texts_and_is_given_back(exim):
    template = exim.template()
    assert without_includes(with_includes(template, '/x')) == template
    done = exim.made_unsplit()
    assert done.returncode == 0, done.stderr
    program = exim.program()
    program.check()
    assert program.way('alice@example.com', ELSEWHERE)[:2] == ('conbool_gateway', TRANSPORT)
    assert program.way('', 'x@external.test')[:2] == ('conbool_direct', 'remote_smtp')
    assert program.way('x@external.test', 'alice@example.com').transport == 'mail_spool'
    assert exim.marked(message('yes')) and not exim.marked(message('no'))
    assert exim.told(STRANGER, 'alice@example.com')[:3] == '554'


def test_cutthrough_is_found_where_exim_reads_it(exim):
    features = exim.program().describe()[1]
    exim.made()
    assert not site(exim.program(), features)['cutthrough']
    exim.made(files={'conf.d/acl/50_site': 'acl_site:\n  accept\n    control = cutthrough_delivery\n'})
    assert site(exim.program(), features)['cutthrough']
