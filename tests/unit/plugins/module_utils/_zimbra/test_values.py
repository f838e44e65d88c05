# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that Zimbra would make something else of are refused before anything is written."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import CONFIG, Entry
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.values import refusals, shown, without_effect

SERVER = Entry('server', 'mail.example.com')
DOMAIN = Entry('domain', 'example.com')


@pytest.mark.parametrize(
    'attribute, value, why',
    [
        ('zimbraMtaSmtpdClientRestrictions', "inline:{x=REJECT don't}", 'single quote'),
        ('zimbraMtaSmtpdClientRestrictions', "a 'b' c", 'single quote'),
        ('zimbraMtaSmtpdBanner', 'grüß', 'not ASCII'),
        ('zimbraSpamSubjectTag', 'grüß', 'not ASCII'),
        ('zimbraMtaRelayHost', ' [a]:25', 'begins or ends with a blank'),
        ('zimbraMtaRelayHost', '[a]:25 ', 'begins or ends with a blank'),
        ('zimbraMtaSmtpdBanner', 'a\nb', 'line break'),
        ('zimbraMtaSmtpdBanner', 'a\tb', 'control character'),
        ('zimbraMtaSmtpdBanner', '', 'empty list'),
        ('zimbraMtaSmtpdBanner', 'a\0', 'NUL'),
        ('zimbraMtaMyHostname', 'nova.example.com', 'takes for unset'),
        ('zimbraMtaMyOrigin', 'North.example.com', 'takes for unset'),
        ('zimbraMtaMyDestination', 'falsetto.example.com', 'takes for unset'),
        ('zimbraMtaMyNetworks', '0.0.0.0/0', 'takes for unset'),
        ('zimbraMtaRestriction', 'check_client_access cidr:/opt/zimbra/conf/x', 'leaves out'),
        ('zimbraMtaRestriction', 'reject_unauth_pipelining', 'leaves out'),
        ('zimbraMtaSmtpdSenderRestrictions', 'reject_authenticated_sender_login_mismatch,', 'leaves out'),
        ('zimbraMtaSmtpdSenderRestrictions', 'reject_unknown_sender_domain', 'leaves out'),
    ],
)
def test_a_value_is_refused_with_the_reason(attribute, value, why):
    for entry in (SERVER, CONFIG):
        (said,) = refusals(entry, attribute, (value,))
        assert why in said and said.startswith(f'{entry}: {attribute}: {value!r} ')


@pytest.mark.parametrize(
    'attribute, value',
    [
        ('zimbraMtaSmtpdClientRestrictions', 'check_client_access inline:{ {192.0.2.9 = REJECT "no"} }, permit'),
        ('zimbraMtaSmtpdClientRestrictions', 'pcre:{{/^203\\.0/ OK}}, reject\\'),
        ('zimbraMtaRelayHost', 'nova.example.com'),
        ('zimbraMtaRestriction', 'reject_rbl_client zen.spamhaus.org'),
        ('zimbraMtaRestriction', 'check_policy_service unix:private/policy'),
        ('zimbraMtaRestriction', 'reject'),
        (
            'zimbraMtaSmtpdSenderRestrictions',
            'reject_authenticated_sender_login_mismatch check_sender_access lmdb:/opt/zimbra/conf/postfix_reject_sender',
        ),
        ('zimbraMtaTlsAuthOnly', 'FALSE'),
        ('zimbraMtaMyNetworks', '127.0.0.0/8'),
    ],
)
def test_a_value_that_arrives_is_not(attribute, value):
    assert refusals(SERVER, attribute, (value,)) == []


def test_what_the_daemon_does_not_read_may_be_anything():
    assert refusals(DOMAIN, 'zimbraAdminSieveScriptBefore', ("it's\nä ",)) == []
    assert refusals(CONFIG, 'zimbraNotes', ('ä\n',)) == []


@pytest.mark.parametrize('name', ['', 'zimbra Foo', '-zimbraFoo', '+zimbraFoo', "x'y", 'a\nmcf'])
def test_what_is_no_name_is_refused(name):
    assert 'no name of an attribute' in refusals(SERVER, name, ('x',))[0]


def test_a_relay_host_is_one_and_no_value_comes_twice():
    assert 'more than one' in refusals(SERVER, 'zimbraMtaRelayHost', ('[a]:25', '[b]:25'))[0]
    assert 'has a value twice' in refusals(SERVER, 'zimbraMtaRestriction', ('reject', 'reject'))[0]
    assert 'has a value twice' in refusals(DOMAIN, 'zimbraX', ('a', 'A'))[0]


def test_the_services_of_a_server_are_left_alone():
    assert 'switched off' in refusals(SERVER, 'zimbraServiceEnabled', ('mta',))[0]


def test_what_has_no_effect_is_said():
    wanted = {(SERVER, 'zimbraMtaHeaderChecks'): ('pcre:/x',), (SERVER, 'zimbraMtaRelayHost'): ('x',)}
    (said,) = without_effect(wanted)
    assert 'zimbraMtaBlockedExtensionWarnRecipient' in said
    assert without_effect({(SERVER, 'zimbraMtaHeaderChecks'): ()}) == []


@pytest.mark.parametrize(
    'name',
    [
        'userPassword',
        'zimbraSSLPrivateKey',
        'zimbraPreAuthKey',
        'DKIMKey',
        'zimbraAuthTokenKey',
        'smtp_sasl_password_maps',
    ],
)
def test_a_key_is_a_secret_by_its_name(name):
    assert shown(name, 'geheim') == '(hidden)'


@pytest.mark.parametrize(
    'name, value',
    [
        ('zimbraMtaSmtpSaslPasswordMaps', 'lmdb:/opt/zimbra/conf/relay_password'),
        ('smtp_sasl_password_maps', 'proxy:ldap:/opt/zimbra/conf/x.cf, texthash:/y'),
        ('zimbraMtaSmtpSaslPasswordMaps', ''),
        ('zimbraSshPublicKey', 'ssh-rsa AAAA'),
        ('zimbraMtaRelayHost', 'x'),
        ('smtpd_tls_key_file', '/opt/zimbra/conf/smtpd.key'),
    ],
)
def test_what_is_no_secret_is_shown(name, value):
    assert shown(name, value) == value


def test_a_secret_is_not_in_the_reason():
    assert 'x' * 9 not in refusals(SERVER, 'zimbraMtaSecret', ("x" * 9 + "'",))[0]
