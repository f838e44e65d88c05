# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is easily got wrong in Exim's language, each beside the form that is used: asked of a real Exim.

Others are elsewhere: what a transport tells a gateway with which something is wrong, and mail that waits untried, in
test_transports.py; ports and lists that are open, and refusals in other words, in test_lists.py; routers of the site,
in test_routers.py; groups that capture, and the light daemon, in the unit tests.
"""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.acl import not_asked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import with_includes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import TRUST_HEADERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.includes import without
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import TRANSPORT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

from tests.exim.host import LAN, MACROS, OURS, STRANGER

NAME = 'X-Conbool-Released'
PLAIN = r'${if match{$h_X-Conbool-Released:}{\N^(?i)\s*yes\s*$\N}{direct}{gateway}}'
ELSEWHERE = f'someone@{OUTSIDE}'


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
        (('no', 'yes'), True, PLAIN.replace('$h_', '$rh_')),
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


PART = b'--%s\n%s\n\ntext\n'
SHAPES = {
    'a part': PART % (b'b', b'Content-Type: text/calendar; method=REQUEST') + b'--b--\n',
    'a folded type': PART % (b'b', b'Content-Transfer-Encoding: 8bit\ncontent-TYPE:\n  Text/Calendar;\n charset=utf-8')
    + b'--b--\n',
    'a part of a part': PART % (b'b', b'Content-Type: multipart/alternative; boundary=c')
    + PART % (b'c', b'Content-Type: text/calendar')
    + b'--c--\n--b--\n',
    'of an attached message': PART[:-5] % (b'b', b'Content-Type: message/rfc822')
    + b'From: x@external.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=d\n\n'
    + PART % (b'd', b'Content-Type: text/calendar')
    + b'--d--\n--b--\n',
    'a name': PART % (b'b', b'Content-Type: text/plain; name=text/calendar') + b'--b--\n',
    'a text': PART % (b'b', b'Content-Type: text/plain') + b'\nContent-Type: text/calendar\n\n--b--\n',
}
CALENDARS = ('a part', 'a folded type', 'a part of a part')


# By the list, rows of the flow table show it too.
@pytest.mark.parametrize('by', [pytest.param('list', marks=pytest.mark.full), 'body'])
@pytest.mark.parametrize('shape', SHAPES)
def test_a_calendar_is_a_part_of_the_message_itself(exim, by, shape):
    """By the body, where the site has a list for parts, an attached message's part cannot be told from it."""
    assert exim.made(site={'mime': 'acl_of_the_site'} if by == 'body' else None).returncode == 0
    head = b'From: x@external.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n'
    direct = shape in CALENDARS or (by, shape) == ('body', 'of an attached message')
    way = 'conbool_direct' if direct else 'conbool_gateway'
    assert exim.router_of(head + SHAPES[shape], LAN, 'fwd@example.com') == way


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


@pytest.mark.parametrize(
    'name', [MACROS, pytest.param('conf.d/main/01_exim4-config_listmacrosdefs-local', marks=pytest.mark.full)]
)
def test_a_macro_that_the_site_has_is_replaced_and_not_defined_twice(exim, name):
    site = {name: 'MAIN_ACL_CHECK_RCPT = acl_check_rcpt\n'}
    assert exim.made(files=site).returncode == 0
    assert exim.program().options('acl_smtp_rcpt') == {'acl_smtp_rcpt': OURS}
    plain = re.compile(r'\.ifdef MAIN_ACL_CHECK_RCPT\n.*\n\.else\n(.*\n)\.endif\n')
    exim.made(files=site, edit={'main': lambda text: plain.sub(r'\1', text)})
    with pytest.raises(EximError, match='MAIN_ACL_CHECK_RCPT'):
        exim.program().check()


def test_an_option_that_the_site_s_file_sets_itself_is_noticed(exim):
    """The macro is defined, nothing names it, and -bV is content: the list was never asked."""
    scope = {'tls_ca_file': '/etc/ssl/lab/ca.pem'}
    assert exim.made(scope).returncode == 0
    assert not_asked(exim.program(), exim.texts['main']) == []
    options = exim.sh('cat /etc/exim4/conf.d/main/02_exim4-config_options').stdout
    edited = options.replace('\nacl_smtp_rcpt = MAIN_ACL_CHECK_RCPT\n', '\nacl_smtp_rcpt = acl_check_rcpt\n')
    assert edited != options and exim.made(scope, files={'conf.d/main/02_exim4-config_options': edited}).returncode == 0
    exim.program().check()
    assert exim.told(STRANGER, 'alice@example.com')[:3] == '250'
    assert 'MAIN_ACL_CHECK_RCPT' in ' '.join(not_asked(exim.program(), exim.texts['main']))


def test_mail_that_leaves_has_its_own_transport_and_all_other_its_own_way(made):
    program = made.program()
    way = program.way('alice@example.com', ELSEWHERE)
    assert (way.router, way.transport, way.host) == ('conbool_gateway', TRANSPORT, 'mail.conbool.com')
    assert program.way('alice@example.com', 'x@[198.51.100.1]')[:2] == ('conbool_gateway_literal', TRANSPORT)
    assert program.way('', 'x@external.test')[:2] == ('conbool_direct', 'remote_smtp')
    assert program.way('', 'x@[198.51.100.1]').router == 'domain_literal'
    assert program.way('x@external.test', 'bob@example.com').transport == 'lab_lmtp'


def test_address_verification_is_the_site_s(made):
    """Ours would call every domain routable."""
    said = made.sh('exim4 -C /run/stage/made -bv someone@' + OUTSIDE, check=False).stdout
    assert 'Unrouteable address' in said or 'failed to verify' in said


def test_a_satellite_s_local_users_would_go_to_the_gateway(exim):
    """So that type is refused."""
    answers = {'dc_eximconfig_configtype': 'satellite', 'dc_readhost': 'home.test', 'dc_smarthost': 'smart.test'}
    assert exim.made(answers=answers).returncode == 0
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


def test_the_gateway_is_tried_again_by_its_own_rule(made):
    said = made.sh('exim4 -C /run/stage/made -brt mail.conbool.com').stdout
    assert 'F,2h,5m' in said
    assert 'F,2h,15m' in made.sh('exim4 -C /run/stage/made -brt mx.external.test').stdout


def test_debian_s_template_takes_the_texts_and_is_given_back(exim):
    template = exim.template()
    assert without(with_includes(template, '/x')) == template
    done = exim.made_unsplit()
    assert done.returncode == 0, done.stderr
    program = exim.program()
    program.check()
    assert program.way('alice@example.com', ELSEWHERE)[:2] == ('conbool_gateway', TRANSPORT)
    assert program.way('', 'x@external.test')[:2] == ('conbool_direct', 'remote_smtp')
    assert program.way('x@external.test', 'alice@example.com').transport == 'mail_spool'
    # A hidden mail name is rewritten in what goes to the gateway, too: by a macro that Debian's transports begin with.
    hidden = program.transport('remote_smtp')['return_path']
    assert 'home.test' in hidden and program.transport(TRANSPORT)['return_path'] == hidden
    assert exim.marked(message('yes')) and not exim.marked(message('no'))
    assert exim.told(STRANGER, 'alice@example.com')[:3] == '554'


def test_a_configuration_by_hand_takes_the_texts_where_the_readme_says(exim):
    exim.made_by_hand()
    program = exim.program()
    program.check()
    assert program.way('alice@example.com', ELSEWHERE)[:2] == ('conbool_gateway', TRANSPORT)
    assert program.way('', 'x@external.test')[:2] == ('conbool_direct', 'remote_smtp')
    assert program.way('alice@example.com', 'x@[198.51.100.1]')[:2] == ('conbool_gateway_literal', TRANSPORT)
    assert exim.marked(message('yes')) and not exim.marked(message('no'))
    assert exim.told(STRANGER, 'alice@example.com')[:3] == '554'
    assert exim.router_of(message('yes'), LAN, 'fwd@example.com') == 'conbool_direct'


def test_cutthrough_is_found_where_exim_reads_it(exim):
    features = exim.program().describe()[1]
    exim.made()
    assert not site(exim.program(), features)['cutthrough']
    exim.made(files={'conf.d/acl/50_site': 'acl_site:\n  accept\n    control = cutthrough_delivery\n'})
    assert site(exim.program(), features)['cutthrough']
