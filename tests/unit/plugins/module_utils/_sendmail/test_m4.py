# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The m4 file as text. What Sendmail makes of it is tested with a real one (tests/sendmail, tests/flow)."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import compatibility as fit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import (
    SendmailCf,
    differences,
    equal,
    lines,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.hop import identity
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import render

from tests.unit.fakes.sendmail_facts import CF, SETTINGS, SYSTEM, info


def text(changes=None, **about):
    return render(dict(SETTINGS, **(changes or {})), info(**about), SYSTEM)


def test_what_a_sendmail_cf_says():
    cf = SendmailCf(CF)
    assert cf.options == {'cacertpath': '/etc/ssl/certs', 'pidfile': '/run/sendmail.pid'}
    assert cf.header_checks == {
        'subject': {'ruleset': 'CheckSubject', 'keeps_comments': False},
        'x-any': {'ruleset': 'CheckAny', 'keeps_comments': True},
    }
    assert cf.rulesets == {'Local_check_mail': 0, 'parse': 2}
    assert cf.smart_host == 'relay.provider.test'
    assert (cf.mailers['esmtp']['P'], cf.mailers['esmtp']['A'], cf.mailers['relay']['A']) == (
        '[IPC]',
        'TCP $h',
        'TCP $h 587',
    )


def test_comments_and_blank_lines_do_not_tell_two_apart():
    assert equal(CF, '# other\n\n' + CF.replace('#R a comment\n', ''))
    assert not equal(CF, CF.replace('L=990', 'L=991'))
    assert lines('A\n\tb\n# c\n\nD\n') == ['A\n\tb', 'D']
    assert differences('A\nB\n', 'B\nC\n') == (['A'], ['C'])


def test_a_header_check_of_the_site_is_asked_first():
    plain = text()
    assert 'HContent-Type: $>+ConboolType\nSConboolType\nR$*\t\t\t$: <$&{conbool_type}> $(conbooltype' in plain
    merged = text(
        header_checks={
            'content-type': {'ruleset': 'TheirType', 'keeps_comments': False},
            '*': {'ruleset': 'TheirAll', 'keeps_comments': True},
        }
    )
    assert (
        'HContent-Type: $>ConboolType\nSConboolType\nR$*\t\t\t$: $1 $| $>TheirType $1\nR$* $| $#$*\t\t$#$2\n' in merged
    )
    assert 'HX-Conbool-Released: $>+ConboolReleased\nSConboolReleased\nR$*\t\t\t$: $1 $| $>TheirAll $1\n' in merged


def test_every_hosted_domain_has_its_loop_header():
    found = re.findall(r'^H(X-Conbool-\S+): \$>\+(\w+)\nS(\w+)\nR(\w+)\t', text(), re.MULTILINE)
    assert found == [
        ('X-Conbool-Released', 'ConboolReleased', 'ConboolReleased', 'yes'),
        ('X-Conbool-example-com', 'ConboolLoop1', 'ConboolLoop1', 'true'),
        ('X-Conbool-sub-example-co-uk', 'ConboolLoop2', 'ConboolLoop2', 'true'),
    ]


def test_headers_of_others_than_the_gateway_are_said_to_be_ignored():
    inbound = dict(
        SETTINGS,
        inbound=True,
        inbound_require_certificate=True,
        inbound_certificate_fingerprints=[],
        networks=['192.0.2.0/24'],
        allowed_networks=[],
        domains=['example.com'],
    )
    for flag in (False, True):
        out = render(inbound, info(), SYSTEM, ['10.3.0.0/16'], flag)
        assert "defn(`confRECEIVED_HEADER')`$?{conbool_void} (X-Conbool headers ignored)$.')dnl\n" in out
        assert 'SConboolFlag\nRyes\t\t\t$: $>ConboolTrusted yes\n' in out
        # Nobody is logged in: asked first, since the other rule matches a recipient in angle brackets as well.
        assert out.index('R<user> $*') < out.index('R<user $+> $*')
        # Whatever headers there are: some are never shown to a ruleset.
        assert 'SLocal_check_rcpt\nR$*\t\t\t$: $1 $| $>ConboolTrusted yes\n' in out
        assert ('X-Spam-Flag' in out) is flag
    # Who has logged in, and who is washed.
    assert (
        out.count('$(conboolset {conbool_void} $@ 1 $) no') == 2
        and 'ConboolFlag' not in text()
        and 'defn(' not in text()
    )


def test_exclusions_can_be_switched_off():
    assert 'ConboolType' not in text({'bypass_calendar': False})
    assert 'R<> < @ >\t\t$: <1> < @ >\n' in text() and 'R<> $&n\t\t\t$: <1> $&n\n' in text()
    off = text({'bypass_null_sender': False})
    assert 'R<> < @ >' not in off and 'R<> $&n\t\t\t$: <gateway> $&n\n' in off


def test_gateway_is_named_in_brackets_with_its_port():
    assert '{conbool_to} $@ [mail.conbool.com] $) $(conboolset {conbool_port} $@ 2525 $)' in text({'relay_port': 2525})
    assert '{conbool_to} $@ [IPv6:2001:db8::1] $)' in text({'relay_host': '2001:db8::1'})
    numeric = text({'relay_host': '192.0.2.9'})
    assert all(f'\nR$* $| {way}\t' in numeric for way in ('[192.0.2.9]', '192.0.2.9'))
    # An address has no other name, and is not to be looked up.
    assert '$[' not in numeric.partition('SLocal_tls_server')[2] and '$[ mail.conbool.com $]' in text()


def test_listed_senders_only_and_the_route_of_the_others():
    scope = {'scope': 'senders', 'scope_senders': ['@example.com', "o'hara@sub.example.co.uk"]}
    out = text(scope)
    assert "C{ConboolDomains}example.com\nC{ConboolSenders}o'hara@sub.example.co.uk\n" in out
    assert 'R<before> $*\t\t$@ $(conboolset {conbool_to} $@  $) $(conboolset {conbool_port} $@ 25 $) $1\n' in out
    # An address with an extension is looked up as it is, and then without.
    lookup = 'R<> $* $| $={ConboolSenders}\t$: <gateway> $1\n'
    assert lookup + 'R<> $* $| $+ + $* @ $+\t$: <> $1 $| $2 @ $4\n' + lookup in out
    behind = text(scope, smart_host='relay.provider.test')
    assert (
        'R<before> $*\t\t$@ $(conboolset {conbool_to} $@ relay.provider.test $) $(conboolset {conbool_port} $@ 587'
        ' $) $1' in behind
    )
    assert 'ConboolSenders' not in text()


@pytest.mark.parametrize(
    'smart_host, expected',
    [
        ('', ('', '')),
        ('[a.test]', ('[a.test]', '587')),
        ('a.test', ('a.test', '587')),
        ('esmtp:[a.test]', ('[a.test]', '')),
        ('procmail:/etc/x', None),
        ('uucp:a', None),
        ('esmtp:user@a.test', None),
        ('[IPv6:2001:db8::1]', ('[IPv6:2001:db8::1]', '587')),
    ],
)
def test_where_a_smart_host_leads(smart_host, expected):
    assert fit.smtp_route(smart_host, info()['mailers']) == expected


@pytest.mark.parametrize(
    'wanted, options, expected',
    [
        (None, {}, {'confCACERT': SYSTEM, 'confCACERT_PATH': '/etc/mail'}),
        (None, {'cacertpath': '/etc/ssl/certs'}, {'confCACERT': SYSTEM}),
        (None, {'cacertfile': '/a.pem'}, {'confCACERT_PATH': '/etc/mail'}),
        (None, {'cacertfile': '/a.pem', 'cacertpath': '/etc/ssl/certs'}, {}),
        ('/b.pem', {'cacertfile': '/a.pem', 'cacertpath': '/etc/ssl/certs'}, {'confCACERT': '/b.pem'}),
        ('/b.pem', {'cacertfile': '/b.pem', 'cacertpath': '/etc/ssl/certs'}, {}),
    ],
)
def test_authorities_are_a_file_and_a_directory(wanted, options, expected):
    assert fit.authorities(dict(SETTINGS, tls_ca_file=wanted), info(options=options), SYSTEM) == expected


def test_authorities_are_defined():
    assert "define(`confCACERT', `/b.pem')dnl\n" in text({'tls_ca_file': '/b.pem'})


def test_name_of_the_certificate():
    assert 'O SetCertAltnames=true' in text() and 'R<alternative> $={cert_altnames}' in text()
    without = text(ffr=[])
    assert 'cert_altnames' not in without.lower().replace('setcertaltnames', 'x') and 'SetCertAltnames' not in without
    assert fit.warnings(SETTINGS, info(ffr=[]))[0].endswith(
        'without mail.conbool.com as its common name makes mail wait'
    )
    assert not fit.warnings(SETTINGS, info())


def test_client_certificate_is_for_the_gateway_only():
    out = text({'tls_client_cert': '/c.pem', 'tls_client_key': '/c.key'})
    answer = '$@ "CertFile=/c.pem; KeyFile=/c.key"'
    expected = [
        'Stls_clt_features',
        'R$* $| $*\t\t$: $1 $| $&{conbool_check}',
        'R$* $| 1\t\t' + answer,
        'R[mail.conbool.com] $| $*\t\t' + answer,
        'Rmail.conbool.com $| $*\t' + answer,
        'R$*\t\t\t$@ ""',
    ]
    assert '\n'.join(expected) in out
    assert 'tls_clt_features' not in text()


@pytest.mark.parametrize(
    'about, changes, words',
    [
        ({'mailers': {}}, {}, 'MAILER(`smtp\')'),
        ({'rulesets': {'Local_tls_server': 2}}, {}, 'LOCAL_TLS_SERVER'),
        ({'rulesets': {'tls_clt_features': 4}}, {'tls_client_cert': '/c.pem'}, 'conbool_tls_client_cert'),
        ({'options': {'fallbacksmarthost': 'other.test'}}, {}, 'confFALLBACK_SMARTHOST is other.test'),
        ({'smart_host': 'procmail:/etc/x'}, {'scope': 'senders'}, 'conbool_scope: SMART_HOST is procmail:/etc/x'),
        (
            {'options': {'cacertfile': '/a.pem'}},
            {'tls_ca_file': '/b.pem'},
            'conbool_tls_ca_file: sendmail.mc trusts the authorities in /a.pem',
        ),
    ],
)
def test_what_there_is_no_room_for_is_named(about, changes, words):
    found = fit.complaints(dict(SETTINGS, **changes), info(**about))
    assert len(found) == 1 and words in found[0]


def test_room_for_all_that_is_usual():
    assert not fit.complaints(SETTINGS, info())
    assert not fit.complaints(
        SETTINGS, info(rulesets={'Local_tls_server': 0, 'tls_clt_features': 3}, smart_host='uucp:a')
    )
    assert not fit.complaints(
        dict(SETTINGS, tls_ca_file='/b.pem'), info(options={'cacertfile': '/a.pem', 'cacertpath': '/etc/ssl/certs'})
    )


def test_what_is_asked_of_the_gateway_instead_of_the_recipients_server_is_said():
    about = info(
        tls_entries={
            'tls_rcpt:partner.example': 'ENCR:112+CN:mx.partner.example',
            'tls_rcpt:x.example': 'OK',
            'tls_srv:': 'VERIFY',
        }
    )
    assert [
        'tls_rcpt:partner.example ENCR:112+CN:mx.partner.example' in warning
        for warning in fit.warnings(SETTINGS, about)
    ] == [True]
    assert not fit.warnings(SETTINGS, info())


def test_directories_of_sendmail_are_its_own():
    known = info(host_name='mx.example.com', queue_directory='/var/spool/mqueue')
    found = identity(known)
    assert (found['config_directory'], found['queue_directory']) == ('/etc/mail', '/var/spool/mqueue')


def test_a_password_is_for_exactly_the_host_that_it_names():
    """What Sendmail makes of it is tested with a real one."""
    out = text()
    assert out.index('\nSauthinfo\n') < out.index('LOCAL_NET_CONFIG')
    assert "ifdef(`_AUTHINFO_TABLE_', `R<no> $*\t\t$: <no> <$(authinfo AuthInfo:$&{server_name} $: ? $)>\n" in out
    assert "`ifdef(`_ACCESS_TABLE_', `R<no> $*\t\t$: <no> <$(access AuthInfo:$&{server_name} $: ? $)>\n" in out
    # Of nobody, but for the smart host that senders outside of the scope keep.
    assert '$: $(conboolset {conbool_auth} $@ no $) $1\n' in out
    scoped = text({'scope': 'senders', 'scope_senders': ['@example.com']}, smart_host='relay.provider.test')
    assert 'R<before> $*\t\t$: <before> $(conboolset {conbool_auth} $@ $) $1\n' in scoped


def test_what_is_kept_in_the_queue_is_known_in_either_way():
    hop = {'address': '127.0.0.1', 'port': 10027, 'wash_port': 10028}
    for way in (None, hop):
        kept = re.findall(r'^C\{persistentMacros\}(.*)$', render(SETTINGS, info(), SYSTEM, hop=way), re.M)
        assert sorted(' '.join(kept).split()) == ['{conbool_direct}', '{conbool_void}']


def test_calendars_need_regular_expressions():
    assert 'conbool_bypass_calendar: ' in fit.complaints(SETTINGS, info(features=[]))[0]
    assert fit.complaints(dict(SETTINGS, bypass_calendar=False), info(features=[])) == []
