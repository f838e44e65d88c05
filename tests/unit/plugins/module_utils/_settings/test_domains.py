# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosted domains and their loop headers."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

from tests.unit.fakes.settings import accepted, refused


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
        (5, 'has no dot'),
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
