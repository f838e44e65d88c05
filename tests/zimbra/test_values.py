# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values, macros and templates of the configuration daemon's double: from facts and, where it says so, from source."""

from __future__ import annotations

import pytest

from lab.zimbra.configd import sections
from lab.zimbra.configd.macros import Macros, is_true
from tests.zimbra.scene import Scene, running

VALUES = {
    ('VAR', 'words'): 'one two three',
    ('VAR', 'set'): 'TRUE',
    ('VAR', 'unset'): 'FALSE',
    ('VAR', 'north'): 'north.example.com',
    ('VAR', 'percent'): '33',
    ('VAR', 'often'): '30m',
    ('VAR', 'mode'): 'both',
    ('LOCAL', 'key'): 'ldap://a ldap://b',
    ('LOCAL', 'only'): 'here',
    ('SERVICE', 'mta'): True,
}


def look_up(kind, key):
    if key.startswith('!'):
        return not is_true(VALUES.get((kind, key[1:])))
    return VALUES.get((kind, key))


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        ('50% off @ home', '50% off @ home'),
        ('%%words%%|%%only%%|%%nothing%%|@@only@@|@@nothing@@', 'one two three|here||here|'),
        ('@@SPLIT key@@', 'ldap://a'),
        ('%%comment VAR:set%%x', '#x'),
        ('%%comment VAR:unset%%x', 'x'),
        ('%%comment VAR:nothing%%x', 'x'),
        ('%%uncomment VAR:set%%x', 'x'),
        ('%%uncomment VAR:north%%x', '#x'),
        ('%%uncomment SERVICE:mta%%x', 'x'),
        ('%%uncomment SERVICE:!mta%%x', '#x'),
        ('%%uncomment LOCAL:only,;%%x', 'x'),
        ('%%uncomment VAR:unset,;%%x', ';x'),
        ('%%comment VAR:mode,#,ipv4,both%%x', '#x'),
        ('%%comment VAR:mode,#,ipv4%%x', 'x'),
        ('%%comment VAR:nothing,#,ipv4%%x', '#x'),
        ('%%uncomment VAR:mode,#,ipv4,both%%x', 'x'),
        ('%%uncomment VAR:mode,#,ipv4%%x', '#x'),
        ('%%uncomment VAR:nothing,#,ipv4%%x', 'x'),
        ('%%binary VAR:set%%%%binary VAR:unset%%', '10'),
        ('%%truefalse VAR:set%%,%%truefalse VAR:nothing%%', 'true,false'),
        ('%%range VAR:percent 0 20%%', '6.6'),
        ('%%range VAR:percent 0 100%%', '33.0'),
        ('%%freq VAR:often 24%%', '24'),
        ('(%%list VAR:words |%%)(%%list VAR:nothing |%%)', '(one|two|three)()'),
        ('%%contains VAR:words two%%', 'two'),
        ('%%contains VAR:words wo th%%', 'wo th'),
        ('%%contains VAR:words two^ found%%', 'found'),
        ('%%contains VAR:words four^ found^ missed%%', 'missed'),
        ('%%contains VAR:nothing four%%', ''),
        ('%%contains VAR:words two^ port %%percent%%%%', 'port 33'),
        ('%%exact VAR:words two%%', 'two'),
        ('%%exact VAR:words wo%%', ''),
        ('%%exact VAR:words wo^ found^ missed%%', 'missed'),
        ('%%exact VAR:nothing wo^ found^ missed%%', ''),
        (
            '%%explode reject_rbl_client VAR:words%%',
            'reject_rbl_client one\nreject_rbl_client two\nreject_rbl_client three',
        ),
        ('%%explode reject_rbl_client VAR:nothing%%', ''),
    ],
)
def test_macro(line, expected):
    """Source."""
    assert Macros(look_up).line(f'{line}\n') == f'{expected}\n'


@pytest.mark.parametrize('line', ['%%range VAR:nothing 0 20%%', '%%range VAR:words 0 20%%', '%%comment words%%'])
def test_a_macro_that_cannot_be(line):
    with pytest.raises((TypeError, ValueError)):
        Macros(look_up).line(line)


@pytest.mark.parametrize(('period', 'times'), [('2h', 12), ('1d', 1), ('30m', 24), ('90m', 24), ('5s', 24), ('48h', 1)])
def test_how_often(period, times):
    """Source."""
    assert Macros(lambda kind, key: period).line('%%freq VAR:x 24%%') == f'{times}\n'


@pytest.mark.parametrize(
    'value', ['no', 'NO', 'nova.example.com', 'false', 'Falsehood', '0', '0.0.0.0/0', '', None, False]
)
def test_counts_as_unset(value):
    assert not is_true(value)


@pytest.mark.parametrize('value', ['yes', 'TRUE', '127.0.0.0/8', 'mail.example.com', 'unset', True])
def test_counts_as_set(value):
    assert is_true(value)


def test_ip_mode_moves_the_loopback_services():
    scene = Scene(zimbraIPMode=['both'], zimbraMilterServerEnabled=['TRUE'])
    passed = scene.poll().passed
    assert (passed['inet_protocols'], passed['content_filter']) == ('all', 'smtp-amavis:[::1]:10024')
    assert passed['smtpd_milters'] == 'inet:[::1]:7026'
    assert {'[::1]:10025/inet', '[::1]:10030/inet'} <= set(scene.master_cf)
    assert scene.master_cf['smtpd/pass']['args']['content_filter'] == 'scan:[::1]:10030'
    assert scene.host.files['common/conf/tag_as_foreign.re'].split() == ['/^/', 'FILTER', 'smtp-amavis:[::1]:10024']
    assert not [name for name in scene.master_cf if '127.0.0.1' in name]


def test_milters_of_the_administrator_go_with_zimbras_own():
    own = {'zimbraMtaSmtpdMilters': ['inet:127.0.0.1:8891'], 'zimbraMtaNonSmtpdMilters': ['inet:127.0.0.1:8891']}
    scene = Scene(**own)
    passed = scene.poll().passed
    assert (passed['smtpd_milters'], passed['non_smtpd_milters']) == ('', 'inet:127.0.0.1:8891')
    scene.server['zimbraMilterServerEnabled'] = ['TRUE']
    assert scene.poll().passed['smtpd_milters'] == 'inet:127.0.0.1:8891, inet:127.0.0.1:7026'
    # Its port is not looked at, but the milter that is made of it.
    scene.server['zimbraMilterBindPort'] = ['7027']
    assert scene.poll().passed['smtpd_milters'] == 'inet:127.0.0.1:8891, inet:127.0.0.1:7027'


def test_an_attribute_that_is_misspelt_is_never_heard():
    scene = running(zimbraMtaSmtpTlsMandatoryProtocols=['!SSLv2'])
    assert scene.main_cf['smtp_tls_mandatory_protocols'] == ''
    scene.server['zimbraMtaSmtpTlsMandatoryProtocols'] = ['!SSLv3']
    assert scene.poll().passed == {}


def test_the_policy_service_comes_with_its_time_limit():
    scene = Scene(zimbraMtaEnableSmtpdPolicyd=['TRUE'])
    host = scene.poll()
    assert (host.passed['policy_time_limit'], host.removed) == ('3600', [])
    assert scene.master_cf['policy/unix']['rest'].startswith('user=zimbra argv=')
    scene.server['zimbraMtaEnableSmtpdPolicyd'] = ['FALSE']
    host = scene.poll()
    assert ('policy_time_limit' in host.passed, host.removed) == (False, ['policy_time_limit'])
    assert 'policy/unix' not in scene.master_cf


def test_a_condition_that_holds_writes_nothing_for_what_is_unset():
    """Source."""
    scene = Scene(zimbraMtaEnableSmtpdPolicyd=['TRUE'])
    del scene.config['zimbraMtaPolicyTimeLimit']
    host = scene.poll()
    assert ('policy_time_limit' in host.passed, host.removed) == (False, [])


def test_the_local_configuration_reaches_master_cf_with_the_next_rewrite():
    scene = running()
    scene.local.update(postjournal_enabled='true', postfix_submission_smtpd_tls_key_file='/k')
    scene.poll()
    services = scene.master_cf
    assert services['smtpd/pass']['args']['smtpd_proxy_filter'] == '[127.0.0.1]:10027'
    assert services['465/inet']['args']['smtpd_tls_key_file'] == '/k'
    assert 'smtpd_tls_cert_file' not in services['submission/inet']['args']


def test_cbpolicyd_is_asked_in_three_places():
    scene = Scene()
    scene.enable('cbpolicyd')
    passed = scene.poll().passed
    asked = 'check_policy_service inet:localhost:10031'
    assert passed['smtpd_end_of_data_restrictions'] == asked
    assert passed['smtpd_recipient_restrictions'].startswith(f'{asked}, reject_non_fqdn_recipient')
    assert passed['smtpd_sender_restrictions'].startswith(asked)
    assert 'conf/cbpolicyd.conf' in scene.host.written


def test_without_archiving_antivirus_and_antispam_there_is_no_content_filter():
    assert Scene(services=['amavis', 'mta', 'opendkim']).poll().passed['content_filter'] == ''
    assert Scene(services=['amavis', 'mta', 'archiving']).poll().passed['content_filter'] != ''


def test_restrictions_contain_or_are_exactly():
    scene = Scene(
        zimbraMtaRestriction=[
            'check_policy_service unix:private/policyd-spf',
            'reject_rhsbl_reverse_client d.example reject',
            'reject_rhsbl_client b.example',
        ],
        zimbraMtaSmtpdSenderRestrictions=['reject_authenticated_sender_login_mismatch, permit'],
    )
    passed = scene.poll().passed
    assert passed['smtpd_recipient_restrictions'].split(', ')[4:] == [
        'reject_rhsbl_client b.example',
        'reject_rhsbl_reverse_client d.example',
        'check_policy_service unix:private/policy',
        'reject',
        'permit',
    ]
    # With a comma it is another word.
    assert 'login_mismatch' not in passed['smtpd_sender_restrictions']


@pytest.mark.parametrize(
    ('value', 'passed', 'held'),
    [
        ('line\nbreak', 'line break', 'line break'),
        (' x ', ' x ', 'x'),
        ('True', 'yes', 'yes'),
        ('no such', 'no such', 'no such'),
    ],
)
def test_how_a_value_travels(value, passed, held):
    scene = Scene(zimbraMtaSmtpdBanner=[value])
    assert (scene.poll().passed['smtpd_banner'], scene.main_cf['smtpd_banner']) == (passed, held)


def test_words_of_truth_stay_as_they_are_under_a_condition():
    assert Scene(zimbraMtaMyOrigin=['TRUE']).poll().passed['myorigin'] == 'TRUE'


def test_a_host_without_a_name_keeps_the_server_that_it_knows():
    """Source."""
    scene = running()
    del scene.local['zimbra_server_hostname']
    scene.server['zimbraMtaRelayHost'] = ['[192.0.2.25]:25']
    passed = scene.poll().passed
    assert (passed['relayhost'], passed['myhostname']) == ('', '')


def test_what_all_servers_say_is_looked_at_too():
    """Source."""
    scene = running()
    scene.server['zimbraMtaAuthTarget'] = ['FALSE']
    host = scene.poll()
    assert set(host.written) == {'conf/saslauthd.conf', 'conf/sasl2/smtpd.conf'}
    assert host.commands == ['bin/zmmtactl reload norewrite', 'bin/zmsaslauthdctl restart norewrite']
    # What it makes of nothing.
    assert 'getAllMtaAuthURLs U N K N O W N   O U T P U T\n' in host.files['conf/saslauthd.conf']


@pytest.mark.parametrize(
    'name',
    [
        'zimbraMtaHeaderChecks',
        'zimbraMtaImportEnvironment',
        'zimbraMtaLmtpConnectionCacheDestinations',
        'zimbraMtaLmtpHostLookup',
        'zimbraMtaNotifyClasses',
        'zimbraMtaPropagateUnmatchedExtensions',
        'zimbraMtaSmtpSaslMechanismFilter',
        'zimbraMtaSmtpSaslSecurityOptions',
        'zimbraMtaSmtpdSaslSecurityOptions',
        'zimbraMtaSmtpdSaslTlsSecurityOptions',
    ],
)
def test_words_are_joined_by_commas(name):
    scene = Scene(**{name: ['a  b', 'c']})
    scene.config['zimbraMtaBlockedExtensionWarnRecipient'] = ['FALSE']
    (parameter,) = {owned[1] for owned in sections.parameters() if owned[3] == name}
    assert scene.poll().passed[parameter] == 'a, b, c'


def test_what_a_server_does_not_have_it_inherits():
    scene = Scene(zimbraMtaNotifyClasses=[])
    scene.config.update(zimbraMtaEnableSmtpdPolicyd=['TRUE'], zimbraMtaPolicyTimeLimit=[])
    passed = scene.poll().passed
    assert (passed['notify_classes'], 'policy_time_limit' in passed) == ('resource, software', False)


def test_a_block_list_is_no_restriction_whatever_its_name():
    """Source."""
    scene = Scene(zimbraMtaRestriction=['reject_rbl_client reject', 'reject_non_fqdn_sender'])
    assert scene.poll().passed['smtpd_recipient_restrictions'].split(', ')[4:] == [
        'reject_non_fqdn_sender',
        'reject_rbl_client reject',
        'permit',
    ]
