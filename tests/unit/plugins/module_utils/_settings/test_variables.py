# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule for the conbool_* variables; each error must name the variable and the value."""

from __future__ import annotations

import unicodedata

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS, normalise
from hypothesis import example, given
from hypothesis import strategies as st

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}
KEY_PEM = '-----BEGIN PRIVATE KEY-----\nTOPSECRET\n-----END PRIVATE KEY-----'


def accepted(**variables):
    settings, problems, warnings = normalise({**GOOD, **variables})
    assert problems == []
    return settings


def refused(**variables):
    settings, problems, warnings = normalise({**GOOD, **variables})
    assert settings is None
    return problems


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
        'scope': 'all',
        'scope_senders': [],
        'inbound': True,
        'inbound_require_certificate': True,
        'bypass_calendar': True,
        'bypass_null_sender': True,
        'spam_delivery': 'auto',
        'mta': 'auto',
        'state': 'present',
        'preflight': 'enforce',
        'report_dir': 'conbool-reports',
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
    'given_value, result',
    [
        ('Example.COM.', 'example.com'),
        ('bücher.example', 'xn--bcher-kva.example'),
        ('BÜCHER.example', 'xn--bcher-kva.example'),
        ('XN--BCHER-KVA.example', 'xn--bcher-kva.example'),
        ('straße.example', 'xn--strae-oqa.example'),
        ('例え。テスト', 'xn--r8jz45g.xn--zckzah'),
        ('ab--cd.example', 'ab--cd.example'),
        ('a' * 63 + '.example', 'a' * 63 + '.example'),
    ],
)
def test_domains_become_lower_case_a_labels(given_value, result):
    assert accepted(conbool_domains=[given_value])['domains'] == [result]


@pytest.mark.parametrize(
    'domain, reason',
    [
        ('example.com\nrelayhost = evil.test', 'control character'),
        ('example.com\n', 'control character'),
        ('example.com\x00', 'control character'),
        ('example.com\u2028', 'control character'),
        ('example.com\u2029', 'control character'),
        ('exa\x85mple.com', 'control character'),
        ('\ud800.com', 'control character'),
        ('example.com/24', "contains '/'"),
        ('exa mple.com', 'blank'),
        (' example.com', 'blank'),
        ('example\u00a0.com', 'blank'),
        ('@example.com', "contains '@'"),
        ('a_b.com', "contains '_'"),
        ('$mydomain.com', "contains '$'"),
        ('*.example.com', 'wildcard'),
        ('example', 'no dot'),
        ('.', 'not a valid name'),
        ('example..com', 'not a valid name'),
        ('.example.com', 'not a valid name'),
        ('example.com..', 'not a valid name'),
        ('-a.com', 'not a valid name'),
        ('a-.com', 'not a valid name'),
        ('a' * 64 + '.com', 'not a valid name'),
        ('a.' * 126 + 'com', 'not a valid name'),
        ('192.0.2.1', 'IP address'),
        ('[192.0.2.1]', 'IP address'),
        ('2001:db8::1', 'IP address'),
        ('１９２.0.2.1', 'IP address'),
        ('192.0.2.256', 'last part is a number'),
        ('xn--a.com', 'internationalised'),
        ('ü..com', 'internationalised'),
        ('ü_.com', 'internationalised'),
        ('ü' * 2000 + '.com', 'longer than'),
        ('   ', 'is empty'),
        (5, 'must be text'),
        (True, 'must be text'),
        (['a.com'], 'must be text'),
        ({'a': 'b'}, 'must be text'),
        (None, 'must be text'),
        ('', 'is empty'),
    ],
)
def test_bad_domains_are_refused(domain, reason):
    (problem,) = refused(conbool_domains=['example.com', domain])
    assert problem.startswith('conbool_domains: ' + readers.shown(domain))
    assert reason in problem
    assert problem.isprintable()


def test_domain_listed_twice_after_normalisation():
    assert refused(conbool_domains=['bücher.example', 'xn--bcher-kva.EXAMPLE.']) == [
        "conbool_domains: 'xn--bcher-kva.example' is listed twice"
    ]


def test_domains_with_equal_loop_headers():
    (problem,) = refused(conbool_domains=['a-b.com', 'a.b.com'])
    assert (
        problem
        == "conbool_domains: 'a.b.com' has the same loop header X-Conbool-a-b-com as 'a-b.com': the gateway cannot tell"
        " them apart"
    )


def test_loop_headers_are_aligned_with_domains():
    settings = accepted(conbool_domains=['z.example', 'bücher.example', 'sub.example.co.uk'])
    assert settings['domains'] == ['z.example', 'xn--bcher-kva.example', 'sub.example.co.uk']
    assert settings['loop_headers'] == [
        'X-Conbool-z-example',
        'X-Conbool-xn--bcher-kva-example',
        'X-Conbool-sub-example-co-uk',
    ]


@pytest.mark.parametrize('empty', [[], '', None, [''], ['', None], ' \n'])
def test_no_domain(empty):
    (problem,) = refused(conbool_domains=empty)
    assert problem == 'conbool_domains: [] names no hosted domain: list at least one, such as example.com'


@pytest.mark.parametrize(
    'value, result',
    [
        (['192.0.2.7'], ['192.0.2.7/32']),
        (['2001:DB8:0::/48'], ['2001:db8::/48']),
        (['192.0.2.0/255.255.255.0'], ['192.0.2.0/24']),
        (['192.0.2.0/24', '192.0.2.64/26', '192.0.2.5'], ['192.0.2.0/24']),
        (['2001:db8::/32', '198.51.100.0/25', '198.51.100.128/25'], ['198.51.100.0/24', '2001:db8::/32']),
        (['10.0.0.0/8'], ['10.0.0.0/8']),
    ],
)
@pytest.mark.parametrize(
    'variable, key',
    [
        ('conbool_networks', 'networks'),
        ('conbool_smtp_allowed_networks', 'allowed_networks'),
    ],
)
def test_networks_are_canonical(variable, key, value, result):
    assert accepted(**{variable: value})[key] == result


@pytest.mark.parametrize(
    'network, reason',
    [
        ('192.0.2.7/24', 'write 192.0.2.0/24 for the network or 192.0.2.7 for the one address'),
        ('2001:db8::1/64', 'write 2001:db8::/64 for the network or 2001:db8::1 for the one address'),
        ('0.0.0.0/0', '/8 or longer'),
        ('::/0', '/16 or longer'),
        ('8.0.0.0/7', '/8 or longer'),
        ('2000::/15', '/16 or longer'),
        ('127.0.0.1', 'loopback'),
        ('127.0.0.0/8', 'loopback'),
        ('::1', 'loopback'),
        ('224.0.0.0/8', 'multicast'),
        ('239.1.2.3', 'multicast'),
        ('ff02::1', 'multicast'),
        ('169.254.1.0/24', 'link-local'),
        ('169.0.0.0/8', 'link-local'),
        ('fe80::/16', 'link-local'),
        ('0.0.0.0', 'unspecified'),
        ('::', 'unspecified'),
        ('255.255.255.255', 'reserved'),
        ('::ffff:192.0.2.0/120', 'IPv4 network written as IPv6'),
        ('mail.conbool.com', 'contains'),
        ('any', 'contains'),
        ('all', 'contains'),
        ('192.0.2.0/33', 'is not an IPv4 or IPv6 network'),
        ('192.0.2', 'is not an'),
        ('10/8', 'is not an'),
        ('010.0.0.0/8', 'is not an'),
        ('192.0.2.0/', 'is not an'),
        ('192.0.2.0/+24', "contains '+'"),
        ('192.0.2.0/24/24', 'is not an'),
        ('!192.0.2.0/24', "contains '!'"),
        ('192.0.2.0-192.0.2.9', "contains '-'"),
        ('fe80::1%eth0', "contains '%'"),
        ('١٩٢.0.2.0/24', 'contains'),
        ('192.0.2.0/24\n', 'control character'),
        ('192.0.2.0 /24', 'blank'),
        (3221225985, 'must be text'),
        (None, 'must be text'),
        ('', 'is empty'),
    ],
)
@pytest.mark.parametrize(
    'variable',
    ['conbool_networks', 'conbool_smtp_allowed_networks', 'conbool_wash_networks', 'conbool_dns_spf_addresses'],
)
def test_bad_networks_are_refused(variable, network, reason):
    (problem,) = refused(**{variable: ['198.51.100.0/24', network]})
    assert problem.startswith(f'{variable}: {network!r} ')
    assert reason in problem


def test_networks_that_are_washed_are_canonical():
    settings = accepted(conbool_wash_networks='10.20.1.0/24\n10.20.0.0/24, 2001:DB8:2:0::/64 10.20.0.5')
    assert settings['wash_networks'] == ['10.20.0.0/23', '2001:db8:2::/64']


@pytest.mark.parametrize(
    'gateway, washed, words',
    [
        ('192.0.2.0/28', '192.0.2.0/24', "'192.0.2.0/24' overlaps 192.0.2.0/28 of conbool_networks"),
        ('192.0.2.0/28', '192.0.2.8', "'192.0.2.8/32' overlaps 192.0.2.0/28 of"),
        ('2001:db8:1::/64', '2001:db8::/32', "'2001:db8::/32' overlaps 2001:db8:1::/64 of"),
    ],
)
def test_networks_of_the_gateway_cannot_be_washed(gateway, washed, words):
    (problem,) = refused(conbool_networks=[gateway], conbool_wash_networks=['10.20.0.0/16', washed])
    assert problem.startswith('conbool_wash_networks: ') and words in problem


def test_networks_are_required_for_inbound_only():
    assert refused(conbool_networks='') == [
        'conbool_networks: [] must hold the addresses of the gateway because conbool_inbound is true'
    ]
    assert accepted(conbool_networks='', conbool_inbound='no')['networks'] == []


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
        (5, 'must be text'),
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


def test_scope_senders():
    settings, problems, warnings = normalise(
        {
            **GOOD,
            'conbool_domains': ['example.com', 'bücher.example'],
            'conbool_scope': 'senders',
            'conbool_scope_senders': ["Alice.O'Brien+x@Example.COM", '@bücher.example', "alice.o'brien+x@example.com"],
        }
    )
    assert problems == [] and warnings == []
    assert settings['scope_senders'] == ["alice.o'brien+x@example.com", '@xn--bcher-kva.example']


@pytest.mark.parametrize(
    'sender, reason',
    [
        ('example.com', 'must be an address'),
        ('alice', 'must be an address'),
        ('*@example.com', "contains '*'"),
        ('a?@example.com', "contains '?'"),
        ('/^a/@example.com', "contains '/' '^'"),
        ('a%b@example.com', "contains '%'"),
        ('a b@example.com', 'blank'),
        ('a@b@example.com', "contains '@'"),
        ('"a b"@example.com', 'blank'),
        ('"a"@example.com', "contains '\"'"),
        ('.a@example.com', 'RFC 5321'),
        ('a..b@example.com', 'RFC 5321'),
        ('a' * 65 + '@example.com', 'RFC 5321'),
        ('alice@', 'is empty'),
        ('@', 'is empty'),
        ('alice@example', 'no dot'),
        ('ä@example.com', "contains 'ä'"),
        ('a#@example.com', "contains '#'"),
        ('<a@example.com>', "contains '<'"),
        ('a@example.com\nb@example.com', 'control character'),
        (7, 'must be text'),
        ('alice@[192.0.2.1]', 'IP address'),
        ('$(id)@example.com', "contains '$'"),
        ('a,b@example.com', "contains ','"),
        ('a@*.example.com', 'wildcard'),
    ],
)
def test_bad_senders_are_refused(sender, reason):
    (problem,) = refused(conbool_scope='senders', conbool_scope_senders=[sender])
    assert problem.startswith(f'conbool_scope_senders: {readers.shown(sender)} ')
    assert reason in problem


def test_scope_senders_needs_senders():
    assert refused(conbool_scope='senders') == [
        'conbool_scope_senders: [] must name at least one sender because conbool_scope is senders'
    ]


@pytest.mark.parametrize(
    'scope, sender, warning',
    [
        ('all', '@example.com', 'has no effect because conbool_scope is all'),
        ('senders', 'a@exmaple.com', "the domain of 'a@exmaple.com' is not in conbool_domains"),
    ],
)
def test_doubtful_scopes_give_a_warning(scope, sender, warning):
    settings, problems, warnings = normalise({**GOOD, 'conbool_scope': scope, 'conbool_scope_senders': [sender]})
    assert problems == []
    assert len(warnings) == 1 and warning in warnings[0]


@pytest.mark.parametrize(
    'variable',
    ['conbool_inbound', 'conbool_inbound_require_certificate', 'conbool_bypass_calendar', 'conbool_bypass_null_sender'],
)
def test_booleans(variable):
    key = variable[len('conbool_') :]
    for value in (True, 'yes', 'on', 'True', '1', 1):
        assert accepted(**{variable: value})[key] is True
    for value in (False, 'no', 'off', 'False', '0', 0):
        assert accepted(**{variable: value})[key] is False
    for value in ('maybe', 2, [True], 'yes\nno'):
        assert refused(**{variable: value}) == [f'{variable}: {value!r} must be true or false']


@pytest.mark.parametrize(
    'variable, value',
    [
        ('conbool_scope', 'some'),
        ('conbool_scope', 'ALL'),
        ('conbool_spam_delivery', 'inbox'),
        ('conbool_mta', 'exim'),
        ('conbool_state', 'gone'),
        ('conbool_dns_dmarc_minimum_policy', 'monitor'),
        ('conbool_state', 'absent '),
        ('conbool_state', True),
        ('conbool_mta', ['postfix']),
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


@pytest.mark.parametrize('value', [{'a.example': 1}, 5, True, b'a.example'])
def test_lists_must_be_lists(value):
    assert refused(conbool_domains=value) == [f'conbool_domains: {value!r} must be a list']


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
        ('conbool_dns_ownership_txt', 'x', "'x' must be a dictionary"),
        ('conbool_dns_ownership_txt', {'example.com': 'a\nb'}, "'a\\nb' contains a line break"),
        ('conbool_dns_ownership_txt', {'example.com': 'ä'}, "'ä' must be ASCII"),
        ('conbool_dns_ownership_txt', {'example.com': 5}, '5 must be text'),
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


def strings_in(value):
    if isinstance(value, dict):
        return [text for item in [*value, *value.values()] for text in strings_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return [value] if isinstance(value, str) else []


HOSTILE = st.text(st.sampled_from('aZ9.-@/:_*$ \n\r\t\0\x85\u2028\ufeffüß。'), max_size=25)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=25) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=12) | st.just('example.com'), inner, max_size=2),
    max_leaves=4,
)
PLAUSIBLE = st.builds(
    lambda text, noise, at: text[:at] + noise + text[at:],
    st.sampled_from(
        ['example.com', '192.0.2.0/24', '/etc/ssl/relay.pem', 'alice@example.com', 'senders', '25', 'yes', 'k1']
    ),
    HOSTILE,
    st.integers(0, 20),
)


@given(
    st.dictionaries(
        st.sampled_from(list(SETTINGS)), ANYTHING | PLAUSIBLE | st.lists(PLAUSIBLE, max_size=2), min_size=1, max_size=6
    )
)
@example({'conbool_dns_ownership_txt': {'example.com': 'a\nb'}})
@example({'conbool_tls_ca_file': '/etc/x\n'})
def test_no_accepted_value_contains_a_control_character(variables):
    settings, problems, warnings = normalise({**GOOD, **variables})
    assert (settings is None) == bool(problems)
    for text in strings_in(settings):
        assert text.isascii() and text.isprintable() and text
    for message in problems + warnings:
        assert not any(unicodedata.category(character) in ('Cc', 'Cs', 'Zl', 'Zp') for character in message)


@given(PLAUSIBLE | HOSTILE)
def test_accepted_names_are_stable_and_safe(name):
    try:
        once = readers.host_name(name)
    except ValueError:
        return
    assert readers.host_name(once) == once
    assert set(once) <= set('abcdefghijklmnopqrstuvwxyz0123456789.-')


def test_gateway_by_address_is_known_to_dns_by_the_name_of_its_certificate():
    assert (
        accepted(conbool_relay_host='192.0.2.25', conbool_tls_name='mail.conbool.com')['dns']['relay_host']
        == 'mail.conbool.com'
    )


@pytest.mark.parametrize('path', ['reports', '/var/lib/reports', 'a/b.c'])
def test_directory_of_reports_may_be_relative(path):
    assert accepted(conbool_report_dir=path)['report_dir'] == path


@pytest.mark.parametrize('path', ['{{ x }}', 'a b', 'a\nb', '~/reports'])
def test_bad_directory_of_reports_is_refused(path):
    assert refused(conbool_report_dir=path)[0].startswith(f'conbool_report_dir: {readers.shown(path)}')
