# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPF beyond the public vectors: networks as senders, what is asked, and macros."""

from __future__ import annotations

import ipaddress
import string
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import spf_check_host, spf_record
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dns.scripted import ScriptedDns, ask

# Machines that are busy with other tests are slow: a single example may take its time.
settings.register_profile('unhurried', deadline=None)
settings.load_profile('unhurried')

INCLUDE = {
    'a.test': ['TXT "v=spf1 include:spf.test -all"'],
    'spf.test': ['TXT "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 -all"'],
}


def check(zone, network, domain='a.test', **options):
    """(verdict, questions) of a network."""
    script = ScriptedDns(zone)
    verdict = ask(
        script,
        lambda client: spf_check_host.check_network(
            client, network, domain, 'postmaster@' + domain, 'mail.gateway.test'
        ),
        **options,
    )
    return verdict, script.asked


@pytest.mark.parametrize(
    'network', ['192.0.2.3', '192.0.2.0/28', '192.0.2.8/30', '2001:db8::1', '2001:db8::/64', '::ffff:192.0.2.3']
)
def test_a_network_within_the_policy_passes(network):
    verdict, asked = check(INCLUDE, network)
    assert (verdict.result, verdict.path[0], verdict.lookups) == ('pass', 'include:spf.test', 1)
    assert asked == [('a.test', 'TXT'), ('spf.test', 'TXT')]


def test_the_first_part_outside_the_policy_is_named():
    verdict, asked = check(INCLUDE, '192.0.2.0/27')
    assert (verdict.result, str(verdict.client), verdict.path) == ('fail', '192.0.2.16/28', ('-all',))
    assert len(asked) == 2


def test_an_exception_inside_the_network_is_found():
    verdict, _asked = check({'a.test': ['TXT "v=spf1 -ip4:192.0.2.77 +all"']}, '192.0.2.0/24')
    assert (verdict.result, str(verdict.client)) == ('fail', '192.0.2.77/32')


def test_a_network_larger_than_the_one_authorised_fails():
    assert check({'a.test': ['TXT "v=spf1 ip4:192.0.2.0/28 -all"']}, '192.0.0.0/16')[0].result == 'fail'


def test_addresses_of_hosts_count_with_their_prefix():
    zone = {'a.test': ['TXT "v=spf1 a:x.test/28 -all"'], 'x.test': ['A 192.0.2.1', 'A 192.0.2.17']}
    verdict, asked = check(zone, '192.0.2.0/27')
    assert verdict.result == 'pass'
    assert asked == [('a.test', 'TXT'), ('x.test', 'A')]


def test_a_policy_by_single_address_is_asked_for_each():
    zone = {'a.test': ['TXT "v=spf1 exists:%{i}.ok.test -all"']}
    zone.update({f'192.0.2.{last}.ok.test': ['A 127.0.0.2'] for last in range(3)})
    verdict, asked = check(zone, '192.0.2.0/30')
    assert (verdict.result, str(verdict.client)) == ('fail', '192.0.2.3/32')
    assert asked == [('a.test', 'TXT')] + [(f'192.0.2.{last}.ok.test', 'A') for last in range(4)]


def test_too_many_single_addresses_are_not_known():
    zone = {'a.test': ['TXT "v=spf1 exists:%{i1}.ok.test -all"']}
    zone.update({f'{nibble:x}.ok.test': ['A 127.0.0.2'] for nibble in range(16)})
    verdict, asked = check(zone, '2001:db8::/32')
    assert verdict.result == 'temperror' and '2001:db8::/32 has too many' in verdict.reason
    assert len(asked) == 17


@pytest.mark.parametrize('fault', ['TIMEOUT', 'SERVFAIL', 'REFUSED'])
@pytest.mark.parametrize(
    'term, name',
    [
        ('include:x.test', 'x.test'),
        ('a:x.test', 'x.test'),
        ('mx:x.test', 'x.test'),
        ('exists:x.test', 'x.test'),
        ('redirect=x.test', 'x.test'),
    ],
)
def test_a_failed_lookup_is_a_temporary_error(fault, term, name):
    verdict, _asked = check({'a.test': [f'TXT "v=spf1 {term}"'], name: fault}, '192.0.2.3', retries=0)
    assert verdict.result == 'temperror' and name in verdict.reason


def test_a_failed_ptr_lookup_is_no_match():
    zone = {'a.test': ['TXT "v=spf1 ptr ?all"'], '3.2.0.192.in-addr.arpa': 'SERVFAIL'}
    assert check(zone, '192.0.2.3')[0].result == 'neutral'


def test_the_path_leads_through_redirect_and_include():
    zone = {
        'a.test': ['TXT "v=spf1 redirect=b.test"'],
        'b.test': ['TXT "v=spf1 include:spf.test -all"'],
        'spf.test': INCLUDE['spf.test'],
    }
    assert check(zone, '192.0.2.3')[0].path == ('redirect=b.test', 'include:spf.test', 'ip4:192.0.2.0/28')


@pytest.mark.parametrize(
    'record, term',
    [
        (b'v=spf1 ip4:192.0.2.0/33 -all', '/33'),
        (b'v=spf1 redirect=', 'redirect='),
        (b'v=spf1 a:x..test/24/64', 'a:x..test/24/64'),
        (b'v=spf1 exists:%{x}.test', '%{x}'),
        (b'v=spf1 exists:%{i0}.test', '%{i0}'),
        (b'v=spf1 include:%{c}.test', '%{c}'),
        (b'v=spf1 -', '"-"'),
        (b'v=spf1 ip4:192.0.2.01', 'ip4:192.0.2.01'),
        (b'v=spf1 ip6:fe80::1%eth0', 'ip6:'),
        (b'v=spf1 all:x', 'all:x'),
        (b'v=spf1 exp=a.test exp=a.test', 'exp'),
    ],
)
def test_an_error_names_the_term(record, term):
    with pytest.raises(spf_record.SpfSyntaxError) as error:
        spf_record.parse(record)
    assert term in str(error.value)


@pytest.mark.parametrize(
    'hostile',
    [
        'a:x.' + 'a' * 60000 + '_',
        'a:x.' + 'a-' * 30000,
        'a:' + 'a.' * 30000 + '_',
        'exists:' + '%{d}' * 15000 + '!',
        'a/' + '1' * 60000,
        'x' * 60000 + '=%',
        'ip4:' + '1.' * 30000,
        'a:' + '%' * 60000,
    ],
    ids=range(8),
)
def test_a_hostile_record_costs_little_time(hostile):
    start = time.process_time()
    with pytest.raises(spf_record.SpfSyntaxError):
        spf_record.parse(('v=spf1 ' + hostile).encode())
    assert time.process_time() - start < 2


def test_a_hostile_macro_costs_little_time():
    start = time.process_time()
    verdict, asked = check(
        {
            'a.test': [
                'TXT ' + ' '.join(f'"{part}"' for part in ['v=spf1 exists:'] + ['%{s}.%{s9}' * 25] * 200 + [' -all'])
            ]
        },
        '192.0.2.3',
    )
    assert verdict.result == 'fail' and time.process_time() - start < 2
    assert len(asked[1][0]) <= 253


def test_a_macro_may_ask_for_any_number_of_labels():
    assert spf_record.parse(b'v=spf1 exists:%{d' + b'9' * 5000 + b'}').mechanisms[0].name == 'exists'
    assert spf_record.expand('%{d' + '9' * 5000 + '}', {'d': 'a.b'}) == 'a.b'
    assert spf_record.expand('%{d0001}', {'d': 'a.b'}) == 'b'


LABELS = st.lists(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8), min_size=1, max_size=8)


@given(LABELS, st.integers(1, 12), st.booleans())
def test_a_macro_keeps_the_rightmost_labels(labels, digits, reverse):
    value = '.'.join(labels)
    expanded = spf_record.expand('%{{d{}{}}}'.format(digits, 'r' if reverse else ''), {'d': value})
    assert expanded.split('.') == (labels[::-1] if reverse else labels)[-digits:]


@given(LABELS, st.sampled_from('.-+,/_='))
def test_a_macro_splits_at_its_delimiters_and_joins_with_dots(labels, delimiter):
    assert spf_record.expand(f'%{{l{delimiter}}}.x', {'l': delimiter.join(labels)}) == '.'.join(labels + ['x'])


@given(st.text(string.printable.strip(), min_size=1, max_size=30))
def test_an_upper_case_macro_is_url_escaped(value):
    expanded = spf_record.expand('%{L/}', {'l': value.replace('/', '')})
    assert set(expanded) <= set(string.ascii_letters + string.digits + '-._~%')


@given(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=63), min_size=1, max_size=40))
def test_a_long_name_loses_labels_from_the_left(labels):
    name = '.'.join(labels)
    expanded = spf_record.expand('%{d}', {'d': name})
    assert len(expanded) <= 253
    assert name == expanded or name.endswith('.' + expanded) and len(name) > 253


@given(st.text(string.printable, max_size=40))
def test_any_text_is_a_policy_or_a_syntax_error(text):
    try:
        record = spf_record.parse(('v=spf1 ' + text).encode())
    except spf_record.SpfSyntaxError as error:
        assert str(error)
    else:
        assert all(mechanism.result in ('pass', 'fail', 'softfail', 'neutral') for mechanism in record.mechanisms)


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_a_single_address_passes_exactly_within_the_network(address, network, prefix):
    verdict, _asked = check({'a.test': [f'TXT "v=spf1 ip4:{network}/{prefix} -all"']}, str(address))
    within = address in ipaddress.ip_network(f'{network}/{prefix}', strict=False)
    assert verdict.result == ('pass' if within else 'fail')
