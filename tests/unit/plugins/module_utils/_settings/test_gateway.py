# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the gateway is, how it is known, and what it is shown."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS

from tests.unit.fakes.settings import accepted, refused

KEY_PEM = '-----BEGIN PRIVATE KEY-----\nTOPSECRET\n-----END PRIVATE KEY-----'


@pytest.mark.parametrize(
    'host, result, destination',
    [
        ('Gateway.Example.', 'gateway.example', '[gateway.example]:25'),
        ('gäteway.example', 'xn--gteway-bua.example', '[xn--gteway-bua.example]:25'),
        ('192.0.2.1', '192.0.2.1', '[192.0.2.1]:25'),
        ('2001:DB8::0:1', '2001:db8::1', '[2001:db8::1]:25'),
    ],
)
def test_relay_host(host, result, destination):
    settings = accepted(conbool_relay_host=host, conbool_tls_name='gateway.example')
    assert (settings['relay_host'], settings['relay_destination']) == (result, destination)


@pytest.mark.parametrize(
    'host, reason',
    [
        ('[mail.conbool.com]', 'without brackets'),
        ('[mail.conbool.com]:25', 'without brackets'),
        ('mail.conbool.com:25', 'conbool_relay_port'),
        ('mail.conbool.com 25', 'blank'),
        (' mail.conbool.com', 'blank'),
        ('mail.conbool.com\nx=y', 'control character'),
        ('mail,evil.test', "contains ','"),
        ('smtp:mail.conbool.com', 'conbool_relay_port'),
        ('mail', 'no dot'),
        ('$relay.test', "contains '$'"),
        ('0.0.0.0', 'one host'),
        ('::', 'one host'),
        ('224.0.0.1', 'one host'),
        ('192.0.2.256', 'last part is a number'),
        (['mail.conbool.com'], 'must be text'),
        (False, 'must be text'),
    ],
)
def test_bad_relay_hosts_are_refused(host, reason):
    (problem,) = refused(conbool_relay_host=host)
    assert problem.startswith(f'conbool_relay_host: {host!r} ')
    assert reason in problem


def test_address_as_relay_host_needs_a_tls_name():
    (problem,) = refused(conbool_relay_host='192.0.2.1')
    assert problem.startswith("conbool_relay_host: '192.0.2.1' is an IP address, so conbool_tls_name must")
    settings = accepted(conbool_relay_host='192.0.2.1', conbool_tls_name='Gateway.Example')
    assert settings['tls_name'] == 'gateway.example'
    assert settings['dns']['mx_targets'] == ['gateway.example']


@pytest.mark.parametrize('value', [1, 65535, '25', '0025'])
def test_ports(value):
    assert accepted(conbool_relay_port=value)['relay_port'] == int(value)


@pytest.mark.parametrize(
    'value',
    [0, -1, 65536, '0', '65536', '-1', '+25', '25 ', '25\n', '٢٥', 25.0, True, False, 'smtp', [25], '1e3', '0x19'],
)
def test_bad_ports_are_refused(value):
    assert refused(conbool_relay_port=value) == [
        f'conbool_relay_port: {value!r} must be a whole number from 1 to 65535'
    ]


@pytest.mark.parametrize('value', ['192.0.2.1', '*.conbool.com', 'a b.example', 'mail.conbool.com\n'])
def test_bad_tls_names_are_refused(value):
    (problem,) = refused(conbool_tls_name=value)
    assert problem.startswith(f'conbool_tls_name: {value!r} ')


@pytest.mark.parametrize(
    'path, reason',
    [
        ('relay.pem', 'absolute'),
        ('~/relay.pem', 'absolute'),
        ('/etc/ssl/', 'absolute'),
        ('/etc/ssl/a b.pem', 'blank'),
        ('/etc/$name', "contains '$'"),
        ('/etc/a.pem\nsmtp_tls_security_level = none', 'control character'),
        ('/etc/a,b', "contains ','"),
        ("/etc/a'b", 'contains "\'"'),
        ('/etc/a"b', "contains '\"'"),
        ('/etc/{a}', "contains '{' '}'"),
        ('/etc/a;b', "contains ';'"),
        ('/etc/a#b', "contains '#'"),
        ('/etc/a\\b', 'contains'),
        ('/etc/ä', "contains 'ä'"),
        ('/etc/`id`', "contains '`'"),
        ('/etc/a%n', "contains '%'"),
        ('/' + 'a' * 2000, 'longer than'),
        (5, 'must be the absolute path'),
    ],
)
@pytest.mark.parametrize('variable', ['conbool_tls_ca_file', 'conbool_tls_client_cert', 'conbool_tls_client_key'])
def test_bad_paths_are_refused(variable, path, reason):
    (problem,) = refused(**{variable: path})
    assert problem.startswith(f'{variable}: {readers.shown(path)} ')
    assert reason in problem


@pytest.mark.parametrize('variable', list(SETTINGS))
def test_a_key_given_as_value_is_never_shown(variable):
    problems = (
        refused(**{variable: KEY_PEM})
        + refused(**{variable: [KEY_PEM]})
        + refused(**{variable: {'example.com': KEY_PEM}})
    )
    assert all(
        problem == variable + ': (PEM text, not shown) must not be the content of a key or certificate'
        for problem in problems
    )
    assert len(problems) == 3


def test_client_certificate_and_key_both_or_neither():
    cert, key = '/etc/ssl/relay.pem', '/etc/ssl/relay.key'
    assert refused(conbool_tls_client_cert=cert) == [
        "conbool_tls_client_cert: '/etc/ssl/relay.pem' needs conbool_tls_client_key as well (give both or neither)"
    ]
    assert refused(conbool_tls_client_key=key) == [
        "conbool_tls_client_key: '/etc/ssl/relay.key' needs conbool_tls_client_cert as well (give both or neither)"
    ]
    settings = accepted(
        conbool_tls_client_cert=cert, conbool_tls_client_key=key, conbool_tls_ca_file='/etc/ssl/ca+x_1@2-3.pem'
    )
    assert (settings['tls_client_cert'], settings['tls_client_key'], settings['tls_ca_file']) == (
        cert,
        key,
        '/etc/ssl/ca+x_1@2-3.pem',
    )


def test_gateway_by_address_is_known_to_dns_by_the_name_of_its_certificate():
    assert (
        accepted(conbool_relay_host='192.0.2.25', conbool_tls_name='mail.conbool.com')['dns']['relay_host']
        == 'mail.conbool.com'
    )
