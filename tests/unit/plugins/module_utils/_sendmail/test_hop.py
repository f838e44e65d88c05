# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads a Sendmail's mail to the hop, and what the hop takes over of it. Whether mail arrives is asked of real
ones (tests/flow, molecule)."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import identity as hop_identity
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import compatibility as fit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.hop import identity, users
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import render

from tests.unit.fakes.sendmail_facts import SETTINGS, SYSTEM, info

HOP = {'address': '127.0.0.1', 'port': 325, 'wash_port': 326}


def text(changes=None, wash_networks=(), flag=False, hop_at='127.0.0.1', **about):
    settings = dict(SETTINGS, **(changes or {}))
    return render(settings, info(**about), SYSTEM, wash_networks, flag, dict(HOP, address=hop_at))


def test_all_mail_for_other_hosts_goes_to_the_hop_and_nothing_is_decided_here():
    m4 = text({'tls_client_cert': '/c', 'tls_client_key': '/k'})
    assert '{conbool_to} $@ [127.0.0.1] $) $(conboolset {conbool_port} $@ 325 $)' in m4
    assert 'mail.conbool.com' not in m4 and 'conbool_direct} $@' not in m4 and 'text / calendar' not in m4
    assert 'R<> < @ >' not in m4 and 'R<> $&n			$: <gateway>' in m4
    assert 'Local_tls_server' not in m4 and '_LOCAL_TLS_SERVER_' not in m4 and 'tls_clt_features' not in m4


def test_an_address_of_ipv6_is_written_as_sendmail_wants_it():
    assert '$@ [IPv6:::1] $)' in text(hop_at='::1')


@pytest.mark.parametrize('networks', [(), ['192.0.2.0/24']])
def test_who_has_logged_in_and_who_is_to_be_washed_uses_the_other_listener(networks):
    m4 = text(wash_networks=networks)
    assert (
        'C{persistentMacros}{conbool_void}' in m4
        and 'R<void 1> $*		$: <> $(conboolset {conbool_port} $@ 326 $) $1' in m4
    )
    assert ('conboolwashed $&{client_addr}' in m4) == bool(networks)
    # Whatever the value is: the hop may read it more generously.
    assert 'SConboolReleased\nR$*			$: $>ConboolTrusted yes\n' in m4 and 'SConboolLoop2\nR$*' in m4


def test_mail_of_others_keeps_its_way_in_scope():
    m4 = text({'scope': 'senders', 'scope_senders': ['@example.com']})
    assert 'C{ConboolDomains}example.com' in m4 and 'R<before> $*' in m4


def test_headers_that_count_for_local_users_are_looked_at_all_the_same():
    inbound = {
        'inbound': True,
        'inbound_require_certificate': True,
        'inbound_certificate_fingerprints': [],
        'networks': ['192.0.2.1'],
        'allowed_networks': [],
        'domains': ['example.com'],
    }
    m4 = text(inbound, flag=True)
    assert 'HX-Conbool-Flag: $>' in m4 and 'ConboolRelease yes' in m4
    assert 'SLocal_check_rcpt' in m4
    assert 'ConboolRelease' not in text(inbound).replace('ConboolReleased', '')


def test_only_what_is_in_the_hops_way_is_refused():
    about = info(rulesets={'Local_tls_server': 1, 'tls_clt_features': 1})
    settings = dict(SETTINGS, tls_client_cert='/c', tls_client_key='/k')
    assert len(fit.complaints(settings, about)) == 2 and fit.complaints(settings, about, hop='127.0.0.1') == []
    fallback = info(options={'fallbacksmarthost': 'old.example.com'})
    assert 'while the hop cannot be reached' in fit.complaints(SETTINGS, fallback, hop='127.0.0.1')[0]


@pytest.mark.parametrize(
    'entries, address, words',
    [
        (
            {'tls_rcpt:partner.example': 'ENCR:112', 'tls_rcpt:other.example': 'OK'},
            '127.0.0.1',
            '(tls_rcpt:partner.example ENCR:112)',
        ),
        (
            {'tls_rcpt:': 'PERM+VERIFY:112', 'tls_rcpt:bob@': 'TEMP+ENCR:1'},
            '127.0.0.1',
            '(tls_rcpt: PERM+VERIFY:112, tls_rcpt:bob@ TEMP+ENCR:1)',
        ),
        (
            {'tls_srv:': 'VERIFY'},
            '127.0.0.1',
            '(tls_srv: VERIFY), which it has not: all mail would wait and bounce. Add TLS_Srv:[127.0.0.1] OK',
        ),
        ({'tls_srv:127': 'encr:112', 'tls_srv:': 'OK'}, '127.0.0.1', '(tls_srv:127 encr:112)'),
        ({'tls_srv:[127.0]': 'ENCR:112', 'tls_srv:127.0.0.1': 'OK'}, '127.0.0.1', '(tls_srv:[127.0] ENCR:112)'),
        ({'tls_srv:': 'ENCR:1'}, '::1', 'Add TLS_Srv:[IPv6:::1] OK'),
        ({'tls_srv:ipv6:0:0:0': 'ENCR:1'}, '::1', '(tls_srv:ipv6:0:0:0 ENCR:1)'),
        ({'tls_srv:ipv6:::1': 'ENCR:1'}, '::1', '(tls_srv:ipv6:::1 ENCR:1)'),
    ],
)
def test_tls_that_the_hop_does_not_have_is_not_asked_of_it(entries, address, words):
    found = fit.complaints(SETTINGS, info(tls_entries=entries), hop=address)
    assert len(found) == 1 and words in found[0]
    assert fit.complaints(SETTINGS, info(tls_entries=entries)) == []


@pytest.mark.parametrize(
    'entries, address',
    [
        ({'tls_srv:': 'VERIFY', 'tls_srv:[127.0.0.1]': 'OK'}, '127.0.0.1'),
        ({'tls_srv:': 'VERIFY', 'tls_srv:127': 'OK'}, '127.0.0.1'),
        ({'tls_srv:': 'VERIFY', 'tls_srv:[ipv6:::1]': 'OK'}, '::1'),
        ({'tls_srv:partner.example': 'VERIFY', 'tls_srv:192.0.2': 'ENCR:112', 'tls_rcpt:': 'OK'}, '127.0.0.1'),
    ],
)
def test_entries_that_ask_nothing_of_the_hop_may_stay(entries, address):
    assert fit.complaints(SETTINGS, info(tls_entries=entries), hop=address) == []


def known(lines, **about):
    cf = SendmailCf(lines)
    return dict({'options': cf.options, 'client_ports': cf.client_ports, 'host_name': 'mx.example.com'}, **about)


def test_the_hop_has_sendmails_identity_and_limits():
    found = identity(
        known(
            'O MaxMessageSize=10240000\nO MaxHeadersLength=131072\nO Timeout.queuereturn=5d\nO Timeout.queuewarn=4h\n'
            'O HeloName=out.example.com\nO ClientPortOptions=Family=inet, Address=192.0.2.5\n'
            'O ClientPortOptions=Family=inet6, Addr=2001:db8::5\n'
        )
    )
    assert found == {
        'myhostname': 'mx.example.com',
        'myorigin': 'mx.example.com',
        'smtp_helo_name': 'out.example.com',
        'message_size_limit': '10240000',
        'header_size_limit': '131072',
        'maximal_queue_lifetime': '5d',
        'bounce_queue_lifetime': '5d',
        'delay_warning_time': '4h',
        'smtp_bind_address': '192.0.2.5',
        'smtp_bind_address6': '2001:db8::5',
    }
    assert set(found) - {'message_size_limit', 'myhostname'} <= set(
        hop_identity.INHERITED + hop_identity.INHERITED_CLIENT
    )


def test_source_address_that_is_a_name_is_refused_with_the_hop():
    about = info(client_ports=['Family=inet, Address=mail.example.com', 'Family=inet6, Address=IPv6:2001:db8::5'])
    found = fit.complaints(SETTINGS, about, hop='127.0.0.1')
    assert len(found) == 1 and 'CLIENT_OPTIONS has Address=mail.example.com, a name' in found[0]
    assert fit.complaints(SETTINGS, about) == []
    taken = identity(known('', client_ports=about['client_ports']))
    assert (taken.get('smtp_bind_address'), taken['smtp_bind_address6']) == (None, '2001:db8::5')


def test_what_sendmail_does_not_say_is_left_to_postfix():
    assert identity(known('O Timeout.queuereturn=1d12h\n')) == {
        'myhostname': 'mx.example.com',
        'myorigin': 'mx.example.com',
        'smtp_helo_name': 'mx.example.com',
        'message_size_limit': '0',
        'header_size_limit': '102400',
    }


@pytest.mark.parametrize('text, found', [('', ()), ('smmsp', ('smmsp',)), ('mail:mail', ('mail',)), ('8.12', ('8',))])
def test_who_delivers(text, found):
    assert users({'options': {'runasuser': text} if text else {}}) == found
