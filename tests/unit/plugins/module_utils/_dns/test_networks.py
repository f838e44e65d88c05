# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks for a firewall: complete and sane, or an error."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import networks as dns_networks

from tests.dns.scripted import ScriptedDns, ask

ZONE = {
    'spf.test': ['TXT "v=spf1 include:_four.spf.test include:_six.spf.test -all"'],
    '_four.spf.test': ['TXT "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ip4:198.51.100.7 ~all"'],
    '_six.spf.test': ['TXT "v=spf1 ip6:2001:db8::/48 ip6:2001:db8::/64 ?all"'],
    'mail.test': ['A 192.0.2.1', 'A 192.0.2.0', 'AAAA 2001:db8::1'],
}


def networks(zone, *names, record='spf', **options):
    """(networks, questions)"""
    script = ScriptedDns({**ZONE, **zone})
    return (
        ask(script, lambda client: dns_networks.networks_of(client, list(names), record), retries=0, **options),
        script.asked,
    )


def policy(text, **others):
    return {'a.test': [f'TXT "v=spf1 {text}"'], **others}


def test_a_policy_is_listed_and_merged():
    found, asked = networks({}, 'spf.test')
    assert found == ['192.0.2.0/24', '198.51.100.7/32', '2001:db8::/48']
    assert asked == [('spf.test', 'TXT'), ('_four.spf.test', 'TXT'), ('_six.spf.test', 'TXT')]


def test_addresses_of_a_host():
    found, asked = networks({}, 'mail.test', record='address')
    assert found == ['192.0.2.0/31', '2001:db8::1/128']
    assert asked == [('mail.test', 'A'), ('mail.test', 'AAAA')]


@pytest.mark.parametrize(
    'terms, found',
    [
        ('a:mail.test -all', ['192.0.2.0/31', '2001:db8::1/128']),
        ('a:mail.test/28//64 -all', ['192.0.2.0/28', '2001:db8::/64']),
        ('mx:a.test -all', ['192.0.2.0/31', '2001:db8::1/128']),
        ('redirect=_four.spf.test', ['192.0.2.0/24', '198.51.100.7/32']),
        ('ip4:192.0.2.1 -all redirect=_four.spf.test', ['192.0.2.1/32']),
        # The first mechanism that matches decides.
        ('-ip4:192.0.2.0/25 ip4:192.0.2.0/24 -all', ['192.0.2.128/25']),
        ('ip4:192.0.2.0/24 -ip4:192.0.2.0/25 -all', ['192.0.2.0/24']),
        ('?include:_four.spf.test ip4:192.0.2.0/23 -all', ['192.0.3.0/24']),
        ('-ip4:192.0.2.0/25 redirect=_four.spf.test', ['192.0.2.128/25', '198.51.100.7/32']),
        ('ip4:203.0.113.1 ip4:192.0.2.1 ip6:2001:db8::/32', ['192.0.2.1/32', '203.0.113.1/32', '2001:db8::/32']),
    ],
)
def test_what_a_policy_stands_for(terms, found):
    zone = policy(terms)
    zone['a.test'].append('MX 10 mail.test.')
    assert networks(zone, 'a.test')[0] == found


def test_several_names_are_merged():
    assert networks(policy('ip4:192.0.3.0/24'), 'a.test', '_four.spf.test')[0] == ['192.0.2.0/23', '198.51.100.7/32']


@pytest.mark.parametrize(
    'zone, reason',
    [
        ({'a.test': 'TIMEOUT'}, 'could not be looked up: no answer'),
        ({'a.test': 'SERVFAIL'}, 'could not be looked up: SERVFAIL'),
        ({'a.test': 'REFUSED'}, 'could not be looked up: REFUSED'),
        ({}, 'a.test has no SPF record'),
        ({'a.test': ['TXT "hello"']}, 'a.test has no SPF record'),
        ({'a.test': ['TXT "v=spf1 -all"', 'TXT "v=spf1 +all"']}, 'more than one SPF record'),
        (policy('-all'), 'a.test names no network'),
        (policy('-ip4:192.0.2.0/24 ip4:192.0.2.1'), 'a.test names no network'),
        (policy('+all'), 'authorises the whole Internet'),
        (policy('ip4:0.0.0.0/0'), '0.0.0.0/0 covers far too many'),
        (policy('ip4:0.0.0.0/1 ip4:128.0.0.0/1'), '0.0.0.0/0 covers far too many'),
        (policy('ip4:64.0.0.0/7'), '64.0.0.0/7 covers far too many'),
        (policy('ip4:64.0.0.0/8 ip4:65.0.0.0/8'), '64.0.0.0/7 covers far too many'),
        (policy('ip6:2000::/15'), '2000::/15 covers far too many'),
        (policy('ip6:::/0'), '::/0 covers far too many'),
        (policy('ip4:127.0.0.1'), 'loopback'),
        (policy('ip4:224.0.0.0/8'), 'multicast'),
        (policy('ip4:192.0.2.0/33'), 'the prefix length'),
        (policy('ptr'), 'cannot be listed'),
        (policy('exists:%{i}.test'), 'cannot be listed'),
        (policy('a:%{d}'), 'cannot be listed'),
        (policy('redirect=%{d}.test'), 'cannot be listed'),
        (policy('include:gone.test ip4:192.0.2.1'), 'gone.test has no SPF record'),
        (policy('include:b.test ip4:192.0.2.1', **{'b.test': 'SERVFAIL'}), 'TXT of b.test could not be looked up'),
        (policy('a:gone.test ip4:192.0.2.1'), 'gone.test has no address'),
        (
            policy('a:b.test ip4:192.0.2.1', **{'b.test': ['A 192.0.2.1', 'TIMEOUT']}),
            'AAAA of b.test could not be looked up',
        ),
        (policy('mx:mail.test ip4:192.0.2.1'), 'has no MX record'),
        (
            {'a.test': ['TXT "v=spf1" ' + ' '.join('" ip4:192.0.2.%s"' % (number % 250) for number in range(301))]},
            'more than 300 mechanisms',
        ),
        (policy('include:a.test'), 'more than 10 DNS lookups'),
    ],
)
def test_an_answer_that_cannot_be_right_is_an_error(zone, reason):
    with pytest.raises(dns_networks.NetworksError) as error:
        networks(zone, 'a.test')
    assert reason in str(error.value)


@pytest.mark.parametrize(
    'zone, reason',
    [
        ({}, 'has no address'),
        ({'a.test': ['TXT "x"']}, 'has no address'),
        ({'a.test': ['A 192.0.2.1', 'TIMEOUT']}, 'AAAA of a.test'),
        ({'a.test': ['AAAA 2001:db8::1', 'TIMEOUT']}, 'A of a.test'),
        ({'a.test': ['A 127.0.0.1']}, 'loopback'),
        ({'a.test': ['A 0.0.0.0']}, 'unspecified'),
    ],
)
def test_addresses_that_cannot_be_right_are_an_error(zone, reason):
    with pytest.raises(dns_networks.NetworksError) as error:
        networks(zone, 'a.test', record='address')
    assert reason in str(error.value)


def test_one_bad_name_spoils_the_list():
    with pytest.raises(dns_networks.NetworksError, match='gone.test'):
        networks({}, 'spf.test', 'gone.test')


def test_the_deadline_is_an_error():
    with pytest.raises(dns_networks.NetworksError, match='the deadline passed'):
        networks({}, 'spf.test', deadline=0)
