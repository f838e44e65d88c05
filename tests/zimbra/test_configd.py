# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the facts say about the configuration daemon and no shared recording shows; "source" marks what is only read
in the real one's program."""

from __future__ import annotations

import base64

import pytest

from lab.zimbra.configd import package, sections
from tests.zimbra.scene import BASE, MTA_FILES, RELOAD, Scene, running

HOP = ['[192.0.2.25]:2525']


def test_it_owns_the_parameters_that_are_recorded_as_owned():
    recorded = {name.split(' ')[0] for name in BASE['owned_parameters']}
    # One that is written only where its attribute is set, is not in the list.
    assert sections.owned() == recorded | {'myorigin'}


def test_a_rewrite_of_another_section_swallows_a_change():
    scene = running()
    scene.server['zimbraMtaRelayHost'] = HOP
    assert scene.ask('REWRITE amavis') == 'SUCCESS REWRITES COMPLETE'
    assert (set(scene.host.passed), scene.host.written) == ({'content_filter'}, ['conf/amavisd.conf'])
    assert (scene.poll().passed, scene.host.commands, scene.main_cf['relayhost']) == ({}, [], '')
    # Whatever else makes the section be written brings it along.
    scene.server['zimbraMtaSmtpdBanner'] = ['$myhostname']
    assert scene.poll().passed['relayhost'] == HOP[0]


def test_a_rewrite_of_mta_swallows_a_change_of_amavis():
    scene = running()
    scene.server['zimbraAmavisLogLevel'] = ['2']
    scene.ask('REWRITE mta')
    assert 'conf/amavisd.conf' not in scene.host.written
    assert (scene.poll().written, scene.host.commands) == ([], [])


def test_a_section_that_is_not_there_is_answered_like_any_and_swallows_too():
    scene = running()
    scene.server['zimbraMtaRelayHost'] = HOP
    assert scene.ask('REWRITE nonsense') == 'SUCCESS REWRITES COMPLETE'
    assert (scene.host.passed, scene.poll().passed) == ({}, {})


@pytest.mark.parametrize(
    ('line', 'reply'),
    [
        ('STATUS', 'SUCCESS ACTIVE'),
        ('REWRITE', 'ERROR NO SERVICES LISTED'),
        ('rewrite mta', 'ERROR UNKNOWN COMMAND'),
        ('', 'ERROR UNKNOWN COMMAND'),
    ],
)
def test_what_else_is_answered(line, reply):
    scene = running()
    assert (scene.ask(line), scene.host.passed) == (reply, {})


def test_a_one_shot_run_writes_what_it_is_told_and_restarts_nothing():
    scene = Scene(forced=['mta'], zimbraMtaRelayHost=HOP)
    host = scene.poll()
    assert (len(host.passed), host.passed['relayhost'], host.removed) == (154, HOP[0], ['policy_time_limit'])
    assert 'content_filter' not in host.passed
    assert (set(host.written), host.commands) == (MTA_FILES, [])


@pytest.mark.parametrize(
    ('name', 'parameter', 'noticed'),
    [
        ('zimbraMtaMyDestination', 'mydestination', False),
        ('zimbraMtaMyNetworks', 'mynetworks', True),
        ('zimbraMtaMyOrigin', 'myorigin', True),
    ],
)
def test_what_is_removed_keeps_its_old_value_in_main_cf(name, parameter, noticed):
    scene = running(**{name: ['yonder.example.com']})
    scene.config.pop(name, None)
    del scene.server[name]
    host = scene.poll()
    assert (bool(host.passed), RELOAD in host.commands) == (noticed, noticed)
    assert parameter not in host.passed
    assert scene.main_cf[parameter] == 'yonder.example.com'


def test_services_are_only_ever_added_while_it_runs():
    scene = running()
    scene.disable('opendkim', 'antispam', 'amavis')
    host = scene.poll()
    # The texts of LDAP see it, conditions on services do not.
    assert 'tag_as_foreign' not in host.passed['smtpd_sender_restrictions']
    assert scene.master_cf['smtpd/pass']['args']['content_filter'] == 'scan:[127.0.0.1]:10030'
    assert scene.master_cf['[127.0.0.1]:10030/inet']['args']['content_filter'] == 'smtp-amavis:[127.0.0.1]:10032'
    assert host.commands == [RELOAD]
    restarted = Scene(services=scene.server['zimbraServiceEnabled'])
    assert restarted.poll().passed['content_filter'] == 'smtp-amavis:[127.0.0.1]:10024'
    assert 'content_filter' not in restarted.master_cf['smtpd/pass']['args']


def test_a_newly_enabled_opendkim_reloads_the_mta_a_poll_later_and_leaves_master_cf():
    scene = Scene(services=[name for name in BASE['services'] if name != 'opendkim'])
    scene.poll()
    scene.enable('opendkim')
    host = scene.poll()
    assert (set(host.written), host.passed) == ({'conf/opendkim.conf', 'conf/opendkim-localnets.conf'}, {})
    assert host.commands == ['bin/zmopendkimctl restart norewrite']
    assert scene.poll().commands == [RELOAD]
    assert scene.poll().commands == []
    assert 'content_filter' not in scene.master_cf['smtpd/pass']['args']
    scene.ask('REWRITE mta')
    assert scene.master_cf['smtpd/pass']['args']['content_filter'] == 'scan:[127.0.0.1]:10030'


def test_a_newly_enabled_service_without_a_place_in_the_order_stops_it_at_every_poll():
    """Source."""
    scene = running()
    scene.enable('imapd')
    scene.server['zimbraMtaRelayHost'] = HOP
    with pytest.raises(KeyError, match='imapd'):
        scene.poll()
    # What is written comes before what is restarted.
    assert (scene.main_cf['relayhost'], scene.host.commands) == (HOP[0], [])
    with pytest.raises(KeyError, match='imapd'):
        scene.poll()


def test_a_service_that_is_started_brings_amavis_along_enabled_or_not():
    """Source."""
    scene = Scene(services=['mta', 'opendkim'])
    scene.poll()
    scene.enable('antispam')
    # The content filter comes with it, and so do restarts of section amavis, which are stops here.
    stops = ['bin/zmclamdctl stop norewrite', 'bin/zmamavisdctl stop norewrite']
    assert scene.poll().commands == ['bin/zmantispamctl restart norewrite', *stops, RELOAD]
    assert scene.poll().commands == ['bin/zmamavisdctl restart norewrite']
    assert scene.poll().commands == []


def test_the_mailbox_server_is_restarted_for_its_ports():
    """Source."""
    scene = running()
    scene.server['zimbraMailPort'] = ['8080']
    host = scene.poll()
    assert (host.commands, 'mailboxd/etc/jetty.xml' in host.written) == (['bin/zmmailboxdctl restart norewrite'], True)


def test_the_order_of_cipher_suites_is_no_change():
    """Source."""
    scene = running(zimbraSSLExcludeCipherSuites=['b', 'A'])
    scene.server['zimbraSSLExcludeCipherSuites'] = ['A', 'b']
    assert scene.poll().written == []


def test_a_pair_of_quotes_vanishes():
    scene = running()
    scene.server['zimbraMtaSmtpdBanner'] = ["$myhostname 'well'"]
    assert scene.poll().passed['smtpd_banner'] == '$myhostname well'
    assert scene.daemon.unfinished == {}


def test_a_pair_around_a_blank_makes_one_call_fail():
    scene = running(zimbraMtaSmtpdBanner=['before'])
    scene.server['zimbraMtaSmtpdBanner'] = ["a 'b c' d"]
    scene.server['zimbraMtaRelayHost'] = HOP
    host = scene.poll()
    assert [call['arguments'] for call in host.failed] == [['smtpd_banner=a b', 'c d']]
    assert (scene.main_cf['smtpd_banner'], scene.main_cf['relayhost']) == ('before', HOP[0])
    assert (len(host.passed), scene.daemon.unfinished, scene.poll().passed) == (154, {}, {})


def test_an_odd_quote_keeps_others_old_until_it_is_gone():
    scene = running()
    scene.server['zimbraMtaSmtpdBanner'] = ["it's"]
    host = scene.poll()
    assert 'smtpd_banner' not in host.passed
    assert len(host.passed) < 154
    assert (len(scene.daemon.unfinished), host.commands, set(host.written)) == (154, [RELOAD], MTA_FILES)
    assert len(scene.poll().passed) < 154
    assert (scene.host.commands, scene.host.written) == ([], [])
    del scene.server['zimbraMtaSmtpdBanner']
    assert len(scene.poll().passed) == 154


@pytest.mark.parametrize(
    'name', ['zimbraMtaRelayHost', 'zimbraMtaHeaderChecks', 'zimbraMtaMyHostname', 'zimbraMtaRestriction']
)
def test_a_character_that_is_not_ascii_stops_everything(name):
    scene = running()
    scene.server[name] = ['reject_rbl_client häss.example reject']
    scene.config['zimbraMtaSmtpdBanner'] = ['changed']
    scene.enable('cbpolicyd')
    for dummy in range(2):
        with pytest.raises(UnicodeEncodeError):
            scene.poll()
        assert (scene.host.passed, scene.host.written, scene.host.commands) == ({}, [], [])
    scene.server[name] = BASE['global'].get(name, ['sound.example.com'])
    assert scene.poll().passed['smtpd_banner'] == 'changed'


def test_who_asks_while_it_stumbles_waits_and_then_has_only_that_written():
    """Source: the request is kept, and swallows what else changed."""
    scene = running()
    scene.server['zimbraMtaRelayHost'] = ['[häss.example]']
    with pytest.raises(UnicodeEncodeError):
        scene.ask('REWRITE stats')
    assert scene.daemon.requested == ['stats']
    scene.server['zimbraMtaRelayHost'] = HOP
    assert scene.poll().written == ['conf/stats.conf']
    assert (scene.host.passed, scene.poll().passed) == ({}, {})


def test_a_first_run_that_stumbled_is_still_the_first():
    scene = Scene(zimbraMtaRelayHost=['[häss.example]'])
    with pytest.raises(UnicodeEncodeError):
        scene.poll()
    scene.server['zimbraMtaRelayHost'] = HOP
    assert (len(scene.poll().passed), scene.host.commands) == (155, [])


def test_without_one_template_those_after_it_are_not_written_and_nobody_says_so():
    scene = running()
    del scene.host.files['common/conf/tag_as_foreign.re.in']
    scene.server['zimbraMtaRelayHost'] = HOP
    host = scene.poll()
    assert set(host.written) < MTA_FILES
    assert (len(host.passed), host.commands) == (154, [RELOAD])
    written = set(host.written)
    assert scene.ask('REWRITE mta antispam') == 'SUCCESS REWRITES COMPLETE'
    assert 'conf/dspam.conf' not in scene.host.written
    assert 'common/conf/tag_as_foreign.re' not in written | set(scene.host.written)
    scene.host.files['common/conf/tag_as_foreign.re.in'] = 'x'
    assert {'common/conf/tag_as_foreign.re', 'conf/dspam.conf'} <= set(scene.poll().written)


def test_the_restriction_lists_are_looked_at_and_templates_are_not():
    scene = running()
    scene.host.files['common/conf/master.cf.in'] += 'mine unix - - n - - smtp\n'
    assert scene.poll().written == []
    scene.host.files['conf/zmconfigd/smtpd_relay_restrictions.cf'] = 'permit_mynetworks\n\nreject\n'
    host = scene.poll()
    assert (host.passed['smtpd_relay_restrictions'], host.commands) == ('permit_mynetworks, reject', [RELOAD])
    assert 'mine/unix' in scene.master_cf


def test_restarts_can_be_switched_off():
    scene = running()
    scene.local['zmconfigd_enable_config_restarts'] = 'false'
    scene.server['zimbraMtaRelayHost'] = HOP
    assert (scene.poll().passed['relayhost'], scene.host.commands) == (HOP[0], [])
    # They are kept, and made up for.
    scene.local['zmconfigd_enable_config_restarts'] = 'true'
    assert scene.poll().commands == [RELOAD]


def test_a_mapped_attribute_has_its_file_and_its_parameter():
    scene = Scene()
    scene.config['zimbraSSLDHParam'] = [base64.b64encode(b'\xffparameters').decode()]
    assert scene.poll().passed['smtpd_tls_dh1024_param_file'] == '/opt/zimbra/conf/dhparam.pem'
    assert scene.host.files['conf/dhparam.pem'] == '\xffparameters'
    del scene.config['zimbraSSLDHParam']
    assert scene.poll().passed['smtpd_tls_dh1024_param_file'] == ''
    assert 'conf/dhparam.pem' not in scene.host.files


def test_every_section_has_the_templates_that_it_wants():
    assert set(package.templates()) <= set(package.files())
