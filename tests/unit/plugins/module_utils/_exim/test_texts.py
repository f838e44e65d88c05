# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to Exim's configuration, and what it must not say."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.acl import MACROS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import calendar_pattern
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import UNKNOWN_SITE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

from tests.unit.fakes.exim_facts import SETTINGS, site

HAND = UNKNOWN_SITE['hand']
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


def texts(changes=None, flag=False, known=(), client=None, **about):
    return render(dict(SETTINGS, **(changes or {})), site(**about), flag, known, client)


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


def test_texts_to_be_pasted_name_no_macro_of_debian_s():
    pasted = render(SETTINGS, UNKNOWN_SITE, False)
    assert not any(
        macro in text for macro in [*MACROS.values(), 'REMOTE_SMTP_', 'DCconfig', 'DKIM_'] for text in pasted.values()
    )
    # What is there already is asked where it is.
    assert 'acl_smtp_' not in pasted['main'].replace('acl_smtp_mime', '').replace('acl_not_smtp', '')
    assert pasted['rcpt'].endswith('  require acl = acl_conbool_rcpt\n') and 'acl_conbool_headers' in pasted['data']
    assert 'belongs here, too' in pasted['transport']


def test_a_configuration_by_hand_gets_what_it_does_not_have_itself():
    hand = dict(HAND, sections=['routers'], rcpt=[], options=['tls_try_verify_hosts'], literals=False, routed='! a')
    hand['transport'], hand['gateway'] = {'helo_data': 'x'}, {'headers_remove': 'y'}
    found = texts(hand=hand, tls_verify_certificates='/ca')
    assert '\nacl_smtp_rcpt = acl_conbool_only\n' in found['main'] and 'tls_try_verify_hosts' not in found['main']
    assert '\ntls_verify_certificates = ${if match_ip{' in found['main']
    assert '\nbegin acl\n' in found['acl'] and '\nbegin retry\n' in found['retry']
    assert 'rcpt' not in found and 'literals' not in found and 'data' in found
    assert '\n  helo_data = x\n' in found['transport'] and found['router'].count('  headers_remove = y\n') == 1
    assert found['router'].count('  domains = ! a\n') == 2
    assert 'copy_routing' not in found['router'] and texts()['router'].count('  same_domain_copy_routing = yes\n') == 2
    # None that is written earlier needs a later one.
    assert list(found) == ['acl', 'transport', 'retry', 'main', 'data', 'router']


def test_parts_are_judged_by_the_mime_list_or_by_the_body():
    main = texts()['main']
    there, away = main.split('.else\n', 1)
    assert '\nacl_smtp_mime = ' in there and '$message_body}' in away
    own = texts(mime='acl_check_mime')['main']
    assert 'acl_smtp_mime' not in own and '$message_body}' in own and '\nmessage_body_visible = 65536\n' in own
    body = {'message_body_visible': True, 'message_body_newlines': True}
    assert 'message_body_visible' not in texts(mime='acl_check_mime', body=body)['main']
    assert 'CONBOOL_PART' not in texts({'bypass_calendar': False})['main']


def test_the_list_that_chooses_asks_nobody_where_that_counts():
    """Were DNS or LDAP away, it would defer, Exim ask no list at all then, and anybody could send to anybody."""
    acl = texts()['acl']
    chooses = acl[acl.index('acl_conbool_client:') : acl.index('acl_conbool_refuse:')]
    statements = re.split(r'^  (?=\w)', chooses, flags=re.MULTILINE)[1:]
    asking = [text for text in statements if re.search(r'hosts = (?!\+conbool_networks$)', text, re.MULTILINE)]
    assert len(asking) == 1 and asking[0].startswith('warn\n') and 'set acl_m_conbool_client = 1' in asking[0]
    assert 'condition = ${if eq{$acl_m_conbool_client}{1}}' in chooses
    # The other list may defer. Whom it refuses it has to ask for itself, or a device of the site would be told 554.
    known = re.findall(r'deny\n    !hosts = \+conbool_networks\n    !hosts = (: .*\+relay_from_hosts)\n', acl)
    # By hand, what a content filter of this host brings back may not be in the site's list, and was lost with 554.
    assert known == [': 127.0.0.1 : ::::1 : +conbool_allowed : +relay_from_hosts']
    # There, both are one list, which the site's asks.
    by_hand = texts(hand=HAND)['acl']
    both = re.search(r'^acl_conbool_rcpt:\n(.*?)\n\n', by_hand, re.MULTILINE | re.DOTALL).group(1)
    assert both == (chooses + acl[acl.index('acl_conbool_refuse:') : acl.index('acl_conbool_headers:')]).replace(
        'acl_conbool_client:\n', ''
    ).replace('\nacl_conbool_refuse:\n', '').rstrip('\n')


def test_without_inbound_nobody_is_refused_and_users_are_washed():
    found = texts({'inbound': False}, flag=True)
    assert 'acl_conbool_refuse' not in found['main'] and 'X-Spam-Flag' not in found['acl']
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


def test_what_a_forged_header_could_decide_is_taken_away_by_name():
    """Exim tells what names are there of the first 64 KB of all headers only: a header behind them stayed, and counted."""
    found = texts(flag=True)
    counting = set(re.findall(r'\$lh_(X-Conbool-[\w-]+):', found['main'] + found['acl']))
    line = re.search(r'^    remove_header = (.*def:.*)$', found['acl'], re.MULTILINE).group(1)
    # Only those that are there: Exim bears 32 KB of names, which are those of a thousand domains.
    assert len(counting) == 4 and line == ''.join(
        f'${{if def:h_{name}:{{{name}:}}}}' for name in re.findall(r'def:h_([\w-]+):', line)
    )
    assert counting == set(re.findall(r'def:h_([\w-]+):', line))


def test_what_all_domains_are_in_is_the_only_condition_of_a_router():
    """Of two, Exim makes one with room for 32 KB: it read nothing with a thousand domains, and domain literals."""
    for found in (texts(), texts(hand=HAND)):
        routers = re.split(r'^(?=\w+:)', found['literals'] + found['router'], flags=re.MULTILINE)
        assert len(routers) == 4 and all(text.count('  condition = ') <= 1 for text in routers)


def test_only_other_hosts_are_washed_for_the_port_by_which_they_come():
    """What a content filter of this host brings back, by a port of its own, has the gateway's marks."""
    washed = re.search(r'condition = (.*def:sender_host_authenticated.*)', texts()['acl']).group(1)
    assert '{and{{def:sender_host_address}{!eq{$received_port}{25}}{!match_ip{$sender_host_address}{<; 127.' in washed


def test_no_text_needs_one_that_is_written_later():
    """A run may be killed between two files, and the host be started: what is there by then has to be of use."""
    texts_in_order = texts(EVERYTHING, flag=True)
    needs = {
        'main': re.findall(r'acl_conbool_\w+', texts_in_order['main']),
        'router': re.findall(r'CONBOOL_\w+|(?<=transport = )conbool_\w+', texts_in_order['router']),
        'literals': re.findall(r'CONBOOL_\w+|(?<=transport = )conbool_\w+', texts_in_order['literals']),
    }
    before = ''
    for name, text in texts_in_order.items():
        missing = [word for word in needs.get(name, []) if not re.search(rf'^{word}( =|:)', before, re.MULTILINE)]
        assert missing == [], name
        before += text
    assert all(needs.values()) and before


@pytest.mark.parametrize('changes', [{}, EVERYTHING, {'bypass_calendar': False, 'inbound': False}])
def test_lists_are_of_use_to_options_that_another_run_has_written(changes):
    """Options are written after the lists: with the old ones, a list that was gone would be a 451 to everybody."""
    without = dict(HAND, options=[], rcpt=[], data=[])
    for layout, one in ({}, 'client'), ({'hand': HAND}, 'rcpt'), ({'hand': without}, 'only'):
        found = texts(EVERYTHING, **layout)
        del found['acl']
        asked = set(re.findall(r'acl_conbool_\w+', ''.join(found.values())))
        assert {f'acl_conbool_{one}', 'acl_conbool_headers', 'acl_conbool_mime'} <= asked
        assert all(f'\n{name}:\n' in texts(changes, **layout)['acl'] for name in asked)
