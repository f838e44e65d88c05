# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to Exim's configuration, and what it must not say."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.acl import MACROS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import calendar_pattern
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

from tests.unit.fakes.exim_facts import SETTINGS, site

# Words of Perl's that Python has not.
PERL = re.compile(r'\(\?[ims]+\)|\\[QE]')
EVERYTHING = {
    'scope': 'senders',
    'scope_senders': ['@example.com', "o'neil@sub.example.co.uk"],
    'bypass_calendar': 'itip',
    'bypass_null_sender': 'server',
    'tls_name': 'gateway.conbool.com',
    'wash_networks': ['198.51.100.0/24'],
}


def texts(changes=None, flag=False, known=(), client=None, macros=True, **about):
    return render(dict(SETTINGS, **(changes or {})), site(**about), flag, known, client, macros)


@pytest.mark.parametrize('changes', [{}, EVERYTHING, {'bypass_calendar': False, 'inbound': False}])
def test_braces_are_balanced_and_no_expression_captures(changes):
    """Exim 4.96 keeps 20 captured texts, and what an expression captures beyond them overwrites other variables: seen as
    a delivery with a user number of noise, which aborted."""
    for name, text in texts(changes, flag=True).items():
        outside = re.sub(r'\\N.*?\\N', '', text)
        assert outside.count('{') == outside.count('}'), name
        for expression in re.findall(r'\\N(.*?)\\N', text):
            known = PERL.sub('', expression).replace('[[:space:]]', r'\s').replace('[:space:]', r'\s')
            assert re.compile(known).groups == 0, expression


@pytest.mark.parametrize('mode', [True, 'itip'])
@pytest.mark.parametrize(
    'value, calendar, method',
    [
        ('text/calendar', True, False),
        ('TEXT/Calendar; method=REQUEST', True, True),
        ('text/calendar (a "comment; method=x" with \\) in it)', True, False),
        ('text/calendar; name="x; method=REQUEST"', True, False),
        ('text/calendar; name="\\\\"; method=REPLY', True, True),
        ('text/calendars', False, False),
        ('text/plain; name=text/calendar', False, False),
    ],
)
def test_a_type_is_judged_as_everywhere_in_the_house(mode, value, calendar, method):
    expression = calendar_pattern(mode).replace('[[:space:]]', r'\s').replace('[:space:]', r'\s')
    assert bool(re.match(expression, value, re.IGNORECASE)) is (method if mode == 'itip' else calendar)


def test_no_name_of_a_macro_is_the_beginning_of_a_later_one():
    names = re.findall(r'^([A-Z]\w+) ={1,2} ', texts(EVERYTHING)['main'], re.MULTILINE)
    for place, name in enumerate(names):
        assert not any(later != name and later.startswith(name) for later in names[place:]), name


def test_the_gateway_is_verified_and_gets_nothing_in_clear_text():
    transport = texts()['transport']
    for line in (
        'hosts_require_tls = *',
        'tls_verify_hosts = *',
        'tls_verify_cert_hostnames = *',
        'tls_try_verify_hosts =',
        'tls_tempfail_tryclear = false',
        'hosts_try_dane =',
        'hosts_nopass_tls = *',
        'tls_verify_certificates = system',
    ):
        assert f'\n  {line}\n' in transport


def test_another_name_than_the_host_s_is_verified_by_the_event():
    transport = texts({'tls_name': 'gateway.conbool.com'})['transport']
    assert '  tls_verify_cert_hostnames =\n' in transport and '  tls_sni = gateway.conbool.com\n' in transport
    assert 'inlisti{gateway.conbool.com}' in transport and 'inlisti{*.conbool.com}' in transport


def test_the_client_s_certificate_is_shown_where_there_is_one():
    assert 'tls_privatekey' not in texts()['transport']
    assert '  tls_certificate = /c\n  tls_privatekey = /k\n' in texts(client=('/c', '/k'))['transport']


def test_only_senders_in_the_scope_are_routed_and_messages_without_one():
    router = texts({'scope': 'senders', 'scope_senders': ['@example.com', 'a.b@sub.example.co.uk']})['router']
    lines = re.findall(r'^  senders = (.*)$', router, re.MULTILINE)
    expression = r'\N^(?i)\Qa.b\E(?>\+[^@]*)?@\Qsub.example.co.uk\E$\N'
    assert lines == [f' : *@example.com : {expression}', f'*@example.com : {expression}']
    assert 'senders' not in texts()['router']


def test_an_administrator_s_macro_is_replaced_and_his_list_asked():
    main = texts(
        acl_smtp_rcpt='acl_mine', acl_smtp_data='', tls_try_verify_hosts='192.0.2.9', tls_verify_certificates='/ca'
    )
    main = main['main']
    for macro in MACROS.values():
        assert re.search(
            rf'^\.ifdef {macro}\n{macro} == (.*)\n\.else\n{macro} = \1\n\.endif$', main, re.MULTILINE
        ), macro
    assert '{acl_mine}' in main and '${acl{acl_conbool_headers}}acl_conbool_accept\n' in main
    assert '= +conbool_networks : 192.0.2.9\n' in main


def test_without_debian_s_macros_options_are_set_themselves():
    main = texts(macros=False)['main']
    assert not any(macro in main for macro in MACROS.values()) and '\nacl_smtp_rcpt = ${if acl{' in main


def test_parts_are_judged_by_the_mime_list_or_by_the_body():
    main = texts()['main']
    there, away = main.split('.else\n', 1)
    assert '\nacl_smtp_mime = ' in there and '$message_body}' in away
    own = texts(mime='acl_check_mime')['main']
    assert 'acl_smtp_mime' not in own and '$message_body}' in own and '\nmessage_body_visible = 65536\n' in own
    body = {'message_body_visible': True, 'message_body_newlines': True}
    assert 'message_body_visible' not in texts(mime='acl_check_mime', body=body)['main']
    assert 'CONBOOL_PART' not in texts({'bypass_calendar': False})['main']


def test_without_inbound_nobody_is_refused_and_users_are_washed():
    found = texts({'inbound': False}, flag=True)
    assert 'acl_conbool_refuse' not in found['main'] + found['acl'] and 'X-Spam-Flag' not in found['acl']
    assert 'remove_header = ' in found['acl'] and 'MAIN_ACL_CHECK_DATA' in found['main']


def test_a_null_sender_of_a_user_goes_to_the_gateway_where_only_the_server_s_are_direct():
    assert (
        '{and{{eq{$sender_address}{}}{!def:sender_host_authenticated}}}'
        in texts({'bypass_null_sender': 'server'})['main']
    )
    assert '$sender_address' not in texts({'bypass_null_sender': False})['main']


def test_a_path_that_exim_would_expand_is_refused():
    with pytest.raises(HostError, match='conbool_tls_ca_file'):
        texts({'tls_ca_file': '/etc/ssl/${run{/bin/true}}'})
