# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for conbool_* variables that have no file of their own; each error must name the variable and the value."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS, normalise

from tests.unit.fakes.settings import GOOD, accepted, refused


def test_minimal_input_gives_the_documented_settings():
    assert accepted() == {
        'domains': ['example.com'],
        'loop_headers': ['X-Conbool-example-com'],
        'networks': ['192.0.2.0/24'],
        'allowed_networks': [],
        'wash_networks': [],
        'relay_host': 'mail.conbool.com',
        'relay_port': 25,
        'relay_destination': '[mail.conbool.com]:25',
        'tls_name': 'mail.conbool.com',
        'tls_ca_file': None,
        'tls_client_cert': None,
        'tls_client_key': None,
        'tls_client_cert_source': None,
        'tls_client_key_source': None,
        'scope': 'all',
        'scope_senders': [],
        'inbound': True,
        'inbound_require_certificate': True,
        'inbound_trust': False,
        'inbound_certificate_fingerprints': [],
        'bypass_calendar': True,
        'bypass_null_sender': True,
        'spam_delivery': 'auto',
        'hosts': 'conbool',
        'slices': False,
        'serial': '100%',
        'max_fail_percentage': None,
        'mta': 'auto',
        'site_routes': 'keep',
        'state': 'present',
        'preflight': 'enforce',
        'report_dir': 'conbool-reports',
        'report_language': 'en',
        'dns': {
            'relay_host': 'mail.conbool.com',
            'mx_targets': ['mail.conbool.com'],
            'dkim_selectors': [],
            'ownership_txt': {},
            'dmarc_minimum_policy': 'none',
            'spf_addresses': ['192.0.2.0/24'],
            'servers': [],
        },
        'roles': {},
    }


@pytest.mark.parametrize(
    'variable, word',
    [
        ('conbool_inbound', ''),
        ('conbool_inbound_require_certificate', ''),
        ('conbool_inbound_trust', ''),
        ('conbool_bypass_calendar', 'itip'),
        ('conbool_bypass_null_sender', 'server'),
    ],
)
def test_booleans(variable, word):
    key = variable[len('conbool_') :]
    for value in (True, 'yes', 'on', 'True', '1', 1):
        assert accepted(**{variable: value})[key] is True
    for value in (False, 'no', 'off', 'False', '0', 0):
        assert accepted(**{variable: value})[key] is False
    for value in ('maybe', 2, [True], 'yes\nno'):
        wanted = f'true, false or {word}' if word else 'true or false'
        assert refused(**{variable: value}) == [f'{variable}: {value!r} must be {wanted}']
    if word:
        assert accepted(**{variable: word})[key] == accepted(**{variable: f' {word.upper()}'})[key] == word


@pytest.mark.parametrize(
    'variable, value',
    [
        ('conbool_scope', 'some'),
        ('conbool_scope', 'ALL'),
        ('conbool_spam_delivery', 'inbox'),
        ('conbool_mta', 'qmail'),
        ('conbool_state', 'gone'),
        ('conbool_dns_dmarc_minimum_policy', 'monitor'),
        ('conbool_state', 'absent '),
        ('conbool_state', True),
        ('conbool_mta', ['postfix']),
        ('conbool_site_routes', 'mine'),
    ],
)
def test_choices(variable, value):
    (problem,) = refused(**{variable: value})
    assert problem.startswith(f'{variable}: {value!r} ')


def test_empty_strings_count_as_unset_everywhere():
    assert normalise({name: GOOD.get(name, '') for name in SETTINGS})[0] == accepted()
    assert normalise({name: GOOD.get(name) for name in SETTINGS})[0] == accepted()
    assert normalise({name: GOOD.get(name, [''] if SETTINGS[name].many else '') for name in SETTINGS})[0] == accepted()


def test_text_area_is_split_where_a_list_is_expected():
    settings = accepted(
        conbool_domains='a.example, b.example\r\nc.example\n', conbool_networks='192.0.2.0/25\t2001:db8::/32'
    )
    assert settings['domains'] == ['a.example', 'b.example', 'c.example']
    assert settings['networks'] == ['192.0.2.0/25', '2001:db8::/32']


@pytest.mark.parametrize('separator', ['\x0b', '\x85', '\u2028', '\u00a0', ';'])
def test_text_area_is_split_at_the_usual_separators_only(separator):
    (problem,) = refused(conbool_domains=f'a.example{separator}b.example')
    assert problem.startswith('conbool_domains: {!r} '.format(f'a.example{separator}b.example'))


def test_item_of_a_list_is_never_split():
    for item in ('a.example\nb.example', 'a.example b.example', 'a.example,b.example'):
        (problem,) = refused(conbool_domains=[item])
        assert problem.startswith(f'conbool_domains: {item!r} ')


@pytest.mark.parametrize('value', [{'a.example': 1}, b'a.example'])
def test_lists_must_be_lists(value):
    assert refused(conbool_domains=value) == [f'conbool_domains: {readers.shown(value)} must be a list']


def test_dns_settings():
    settings = accepted(
        conbool_domains=['bücher.example', 'example.com'],
        conbool_dns_mx_targets=['MX1.gateway.example.', 'mx1.gateway.example'],
        conbool_dns_dkim_selectors='Selector1 k2._x',
        conbool_dns_ownership_txt={'BÜCHER.example': 'conbool=a b;c', 'example.com': ''},
        conbool_dns_dmarc_minimum_policy='quarantine',
        conbool_dns_spf_addresses=['198.51.100.7'],
        conbool_dns_servers=['127.0.0.1', '2001:DB8::53'],
    )
    assert settings['dns'] == {
        'relay_host': 'mail.conbool.com',
        'mx_targets': ['mx1.gateway.example'],
        'dkim_selectors': ['selector1', 'k2._x'],
        'ownership_txt': {'xn--bcher-kva.example': 'conbool=a b;c'},
        'dmarc_minimum_policy': 'quarantine',
        'spf_addresses': ['198.51.100.7/32'],
        'servers': ['127.0.0.1', '2001:db8::53'],
    }


@pytest.mark.parametrize(
    'variable, value, reason',
    [
        ('conbool_dns_mx_targets', ['192.0.2.1'], "'192.0.2.1' is an IP address"),
        ('conbool_dns_dkim_selectors', ['a..b'], "'a..b' is not a DKIM selector"),
        ('conbool_dns_dkim_selectors', ['a b'], "'a b' contains a blank"),
        ('conbool_dns_servers', ['ns.example.com'], "'ns.example.com' is not an IPv4 or IPv6 address"),
        ('conbool_dns_servers', ['192.0.2.53:53'], "'192.0.2.53:53' is not an IPv4 or IPv6 address"),
        ('conbool_dns_servers', ['fe80::1%eth0'], "'fe80::1%eth0' is not an IPv4 or IPv6 address"),
        ('conbool_dns_ownership_txt', ['x'], "['x'] must be a dictionary"),
        (
            'conbool_dns_ownership_txt',
            'x',
            "'x' must be a dictionary of domain and TXT value, or lines of both: 'x' has no",
        ),
        ('conbool_dns_ownership_txt', 'a.example x\na.example y', "'a.example x\\na.example y' names a.example twice"),
        ('conbool_dns_ownership_txt', {'example.com': 'a\nb'}, "'a\\nb' contains a line break"),
        ('conbool_dns_ownership_txt', {'example.com': 'ä'}, "'ä' must be ASCII"),
        ('conbool_dns_ownership_txt', {'example.com': True}, 'True is a truth value'),
        ('conbool_dns_ownership_txt', {'other.example': 'x'}, "'other.example' is not in conbool_domains"),
        ('conbool_dns_ownership_txt', {'exa mple.com': 'x'}, "'exa mple.com' contains a blank"),
        (
            'conbool_dns_ownership_txt',
            {'example.com': 'x', 'EXAMPLE.com': 'y'},
            "'EXAMPLE.com' is given twice (it means example.com)",
        ),
    ],
)
def test_bad_dns_settings_are_refused(variable, value, reason):
    (problem,) = refused(**{variable: value})
    assert problem.startswith(f'{variable}: {reason}')


def test_all_problems_are_reported_together():
    problems = refused(
        conbool_domains=['a b.com', 'c_d.com'], conbool_networks=['x'], conbool_relay_port=0, conbool_scope='senders'
    )
    assert [problem.partition(':')[0] for problem in problems] == [
        'conbool_domains',
        'conbool_domains',
        'conbool_networks',
        'conbool_relay_port',
        'conbool_scope_senders',
    ]


def test_unknown_variables_are_reported_without_their_value():
    problems = refused(
        conbool_domain='secret1', conbool_vault_password='secret2', conbool_settings={'of': 'an earlier run'}
    )
    assert problems == [
        'conbool_domain: there is no such variable; did you mean conbool_domains?',
        'conbool_vault_password: there is no such variable; names that begin with conbool_ belong to this collection',
    ]


def test_variable_that_could_not_be_evaluated():
    assert refused(conbool_domains=ValueError("'x' is\nundefined")) == [
        "conbool_domains: cannot be evaluated: 'x' is undefined"
    ]


def test_undo_needs_no_inventory_but_checks_what_is_there():
    settings, problems, warnings = normalise({'conbool_state': 'absent', 'conbool_scope': 'senders'})
    assert problems == []
    assert (settings['state'], settings['domains'], settings['networks']) == ('absent', [], [])
    assert refused(conbool_state='absent', conbool_relay_port=0)


def test_long_values_are_cut():
    (problem,) = refused(conbool_domains=['x' * 100000])
    assert len(problem) < 250
    assert '(100002 characters)' in problem


@pytest.mark.parametrize('path', ['reports', '/var/lib/reports', 'a/b.c'])
def test_directory_of_reports_may_be_relative(path):
    assert accepted(conbool_report_dir=path)['report_dir'] == path


@pytest.mark.parametrize('path', ['{{ x }}', 'a b', 'a\nb', '~/reports'])
def test_bad_directory_of_reports_is_refused(path):
    assert refused(conbool_report_dir=path)[0].startswith(f'conbool_report_dir: {readers.shown(path)}')


def test_values_of_a_dictionary_are_not_shown_since_they_may_be_passwords():
    value = {'smtp_sasl_password_maps': 'inline:{x=user:sesame}', 'no name': 'x'}
    assert readers.shown(value) == "the dictionary of 'no name', 'smtp_sasl_password_maps'"
