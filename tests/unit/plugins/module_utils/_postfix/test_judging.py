# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the site's own that would judge the gateway, and the gateway let past them."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.judging import judging
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.table_entries import entries

from tests.unit.fakes.inbound import PARAMETERS, SETTINGS, again, configure, entry, of, table

TRUST = {'inbound_trust': True}
ALL = entries('192.0.2.0/24 OK\n2001:db8:1::/64 OK', 'cidr')


def rows(*services, tables=None, settings=None, further=(), **parameters):
    values = {**PARAMETERS, **parameters}
    info = {
        'config_dir': '/etc/postfix',
        'parameters': values,
        'expanded': values,
        'services': list(services) or [entry()],
    }
    return judging(dict(SETTINGS, **(settings or {})), info, (tables or {}).get, further)


def checks(*services, **more):
    return [row['target'] for row in rows(*services, **more)]


@pytest.mark.parametrize(
    'check',
    [
        'reject_rbl_client bl.example',
        'reject_rhsbl_sender dbl.example',
        'reject_rhsbl_client dbl.example',
        'reject_rhsbl_helo dbl.example',
        'reject_rhsbl_reverse_client dbl.example',
        'reject_unknown_client_hostname',
        'reject_unknown_reverse_client_hostname',
        'reject_unknown_sender_domain',
        'reject_unknown_helo_hostname',
        'reject_unverified_sender',
        'check_policy_service unix:private/policyd-spf',
        'check_policy_service { inet:127.0.0.1:10023, timeout=5s }',
    ],
)
@pytest.mark.parametrize('stage', ['client', 'helo', 'sender', 'relay', 'recipient', 'data', 'end_of_data'])
def test_a_check_is_named_with_the_lines_that_exempt_the_gateway(check, stage):
    name = f'smtpd_{stage}_restrictions'
    found = rows(**{name: f'permit_mynetworks, permit_sasl_authenticated, {check}, reject_unauth_destination'})
    assert [row['target'] for row in found] == [f'{name}: {check}']
    assert (found[0]['id'], found[0]['status'], found[0]['severity']) == ('inbound.judged', 'green', 'medium')
    for text in ('"192.0.2.0/28 OK"', '"2001:db8:1::/64 OK"', name):
        assert text in found[0]['hint']
    assert 'smtp/inet' in found[0]['finding']
    # With it nothing is asked of the gateway, so nothing is named; but who may relay is no matter of trust.
    kept = stage == 'relay'
    assert ('conbool_inbound_trust' in found[0]['hint']) is not kept
    assert len(rows(settings=TRUST, **{name: check})) == kept
    assert checks(**{name: f'reject_unauth_destination, reject_non_fqdn_sender, permit, {check}'}) == []
    assert checks(entry(**{name: ''}), **{name: check}) == []


def test_checks_of_classes_and_of_several_services_are_named_once():
    found = rows(
        entry(),
        entry('2525'),
        entry('587'),
        further=['2525'],
        smtpd_client_restrictions='check_client_access hash:/x, strict',
        smtpd_restriction_classes='strict',
        strict='reject_rbl_client bl.example',
    )
    assert [row['target'] for row in found] == ['smtpd_client_restrictions: reject_rbl_client bl.example']
    assert found[0]['finding'].startswith('smtp/inet, 2525/inet: ')


@pytest.mark.parametrize(
    'front, named',
    [
        ('check_client_access cidr:/all', False),
        ('check_client_access cidr:/some', True),
        ('check_client_access hash:/x', True),
    ],
)
def test_an_exception_for_the_gateway_counts(front, named):
    tables = {'cidr:/all': ALL, 'cidr:/some': ALL[:1]}
    assert bool(checks(tables=tables, smtpd_client_restrictions=f'{front}, reject_rbl_client bl.example')) is named


def test_the_gateway_in_mynetworks_is_an_exception():
    names = {'smtpd_client_restrictions': 'permit_mynetworks, reject_rbl_client bl.example'}
    assert checks(mynetworks='127.0.0.0/8 192.0.2.0/24 [2001:db8::]/32', **names) == []
    assert len(checks(mynetworks='127.0.0.0/8 192.0.2.0/24', **names)) == 1


def test_rates_at_which_one_client_may_come():
    found = rows(smtpd_client_message_rate_limit='100', smtpd_client_connection_rate_limit='0')
    assert [row['target'] for row in found] == ['smtpd_client_message_rate_limit = 100']
    assert '192.0.2.0/28 2001:db8:1::/64' in found[0]['hint']
    assert checks(settings=TRUST, smtpd_client_message_rate_limit='100') == []


@pytest.mark.parametrize(
    'milters, named',
    [
        ('local:opendkim/opendkim.sock, local:opendmarc/opendmarc.sock', ['local:opendmarc/opendmarc.sock']),
        ('unix:/run/milter-greylist/milter-greylist.sock', ['unix:/run/milter-greylist/milter-greylist.sock']),
        ('{ inet:localhost:11332, connect_timeout=10s }', ['{ inet:localhost:11332, connect_timeout=10s }']),
        ('inet:localhost:8891', []),
    ],
)
def test_milters_are_named_by_what_their_names_say(milters, named):
    for settings in ({}, TRUST):
        found = rows(settings=settings, smtpd_milters=milters)
        assert [row['target'] for row in found] == [f'smtpd_milters: {milter}' for milter in named]
        assert all('192.0.2.0/28' in row['hint'] and 'smtpd_milter_maps' in row['hint'] for row in found)


def test_a_run_changes_nothing_of_what_is_named():
    names = {'smtpd_recipient_restrictions': 'permit_mynetworks, reject_rbl_client bl.example'}
    wanted = configure(entry(), parameters=names)
    assert checks(entry(**of(wanted)), **names) == checks(**names) != []


LISTS = ['smtpd_client_restrictions', 'smtpd_helo_restrictions', 'smtpd_sender_restrictions']


def test_trust_goes_in_front_of_what_judges_and_keeps_who_may_deliver_what():
    site = dict.fromkeys(LISTS, 'reject_rbl_client bl.example')
    wanted = configure(
        entry(), settings=TRUST, parameters=dict(site, smtpd_recipient_restrictions='reject_rbl_client x')
    )
    options = of(wanted)
    for name in (*LISTS, 'smtpd_end_of_data_restrictions'):
        begin, dummy, copy = options[name].partition(', $')
        assert begin == 'check_client_access cidr:/etc/postfix/conbool_trusted'
        assert options[copy] == site.get(name, '')
    assert table(wanted, 'conbool_trusted') == '192.0.2.0/28 OK\n2001:db8:1::/64 OK\n'
    assert options['conbool_known'] == (
        'check_recipient_access regexp:/etc/postfix/conbool_recipients, reject_unlisted_recipient, permit'
    )
    # Others are judged as before, and the gateway has to show its certificate.
    assert options['smtpd_recipient_restrictions'].endswith(', $conbool_main_restrictions')
    assert options['conbool_gateway'].startswith('reject_plaintext_session, check_ccert_access ')
    assert ', check_policy_service ' in options['conbool_gateway']
    assert '192.0.2.0/28 reject_plaintext_session permit\n' in table(wanted, 'conbool_data')
    assert 'smtpd_relay_restrictions' not in options
    exceptions = 'smtpd_client_event_limit_exceptions'
    assert options[exceptions] == 'cidr:/etc/postfix/conbool_trusted, $conbool_main_exceptions'


def test_trust_twice_is_the_same_and_none_is_none():
    parameters = {
        'smtpd_client_restrictions': 'reject_rbl_client x',
        'smtpd_client_event_limit_exceptions': '$mynetworks',
    }
    wanted = configure(entry(smtpd_helo_restrictions='permit'), settings=TRUST, parameters=parameters)
    assert of(wanted)['conbool_service_helo'] == 'permit'
    assert of(wanted)['conbool_main_exceptions'] == '$mynetworks'
    assert again(wanted, entry(smtpd_helo_restrictions='permit'), settings=TRUST, parameters=parameters) == wanted
    plain = configure(entry(), parameters=parameters)
    assert not any(name in of(plain) for name in LISTS) and 'reject_plaintext_session permit' not in str(plain)
