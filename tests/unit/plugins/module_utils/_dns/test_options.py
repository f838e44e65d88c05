# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of dns_check are refused by name and value before anything is asked."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import options as dns_options

DEFAULTS = {
    'domains': ['example.com'],
    'checks': None,
    'relay_host': 'mail.conbool.com',
    'mx_targets': [],
    'spf_addresses': [],
    'dkim_selectors': [],
    'dmarc_minimum_policy': 'none',
    'ownership': {},
    'nameservers': [],
    'port': 53,
    'timeout': 3.0,
    'retries': 2,
    'deadline': None,
    'concurrency': 50,
    'wait': False,
    'fail_on': ['red'],
}


def read(**params):
    return dns_options.read({**DEFAULTS, **params})


def test_defaults():
    options = read()
    wanted = options.pop('wanted')
    assert options == {
        'domains': ['example.com'],
        'checks': ['mx', 'spf', 'dmarc'],
        'wait': False,
        'nameservers': [],
        'port': 53,
        'timeout': 3.0,
        'retries': 2,
        'deadline': 60.0,
        'concurrency': 50,
    }
    assert (wanted.relay_host, wanted.mx_targets, wanted.spf_addresses) == (
        'mail.conbool.com',
        ['mail.conbool.com'],
        [],
    )


def test_values_become_canonical():
    options = read(
        domains=['Example.COM.', 'bücher.example', 'xn--bcher-kva.example'],
        mx_targets=['MX.example.net'],
        dkim_selectors=['S1', 's1'],
        spf_addresses=['192.0.2.1', '192.0.2.0/28', '2001:DB8::1', '2001:db8::/64'],
        ownership={'Bücher.example': 'x=1'},
        nameservers=['192.0.2.53'],
    )
    wanted = options['wanted']
    assert options['domains'] == ['example.com', 'xn--bcher-kva.example']
    assert options['checks'] == ['mx', 'spf', 'dkim', 'dmarc', 'ownership']
    assert (wanted.mx_targets, wanted.dkim_selectors) == (['mx.example.net'], ['s1'])
    assert wanted.spf_addresses == ['192.0.2.1', '192.0.2.0/28', '2001:db8::1', '2001:db8::/64']
    assert wanted.ownership == {'xn--bcher-kva.example': 'x=1'}


@pytest.mark.parametrize('wait, deadline, seconds', [(False, None, 60), (True, None, 600), (True, 5.0, 5)])
def test_deadline(wait, deadline, seconds):
    assert read(wait=wait, deadline=deadline)['deadline'] == seconds


def test_a_relay_host_by_address():
    wanted = read(relay_host='192.0.2.1', mx_targets=['mx.example.com'])['wanted']
    assert (wanted.mx_targets, wanted.spf_addresses) == (['mx.example.com'], ['192.0.2.1'])


@pytest.mark.parametrize(
    'params, message',
    [
        ({'domains': []}, 'domains: is empty'),
        ({'domains': ['example.com/24']}, "domains: 'example.com/24'"),
        ({'domains': ['exa mple.com']}, "domains: 'exa mple.com'"),
        ({'domains': ['192.0.2.1']}, "domains: '192.0.2.1'"),
        ({'domains': ['user@example.com']}, "domains: 'user@example.com'"),
        ({'domains': ['']}, "domains: ''"),
        ({'checks': []}, 'checks: is empty'),
        ({'checks': ['dkim']}, 'dkim_selectors: is needed'),
        ({'checks': ['ownership']}, 'ownership: is needed'),
        ({'relay_host': 'mail.conbool.com:25'}, "relay_host: 'mail.conbool.com:25'"),
        ({'relay_host': '192.0.2.1'}, 'mx_targets: is needed'),
        ({'mx_targets': ['mail']}, "mx_targets: 'mail'"),
        ({'spf_addresses': ['192.0.2.1/24']}, "spf_addresses: '192.0.2.1/24' has host bits set"),
        ({'spf_addresses': ['0.0.0.0/0']}, "spf_addresses: '0.0.0.0/0'"),
        ({'dkim_selectors': ['a b']}, "dkim_selectors: 'a b'"),
        ({'ownership': {'other.example': 'x'}}, 'ownership: other.example is not in domains'),
        ({'ownership': {'example.com': True}}, 'ownership[example.com]: True'),
        ({'nameservers': ['dns.example.com']}, "nameservers: 'dns.example.com'"),
        ({'port': 0}, 'port: 0'),
        ({'port': 65536}, 'port: 65536'),
        ({'timeout': 0.0}, 'timeout: 0.0 must be above 0 and at most 60'),
        ({'timeout': float('nan')}, 'timeout: nan'),
        ({'retries': -1}, 'retries: -1 must be at least 0 and at most 10'),
        ({'deadline': 0.0}, 'deadline: 0.0'),
        ({'deadline': float('inf')}, 'deadline: inf'),
        ({'concurrency': 0}, 'concurrency: 0'),
    ],
)
def test_bad_values_are_named(params, message):
    with pytest.raises(dns_options.OptionError) as error:
        read(**params)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    'name, canonical',
    [
        ('_spf.Example.com', '_spf.example.com'),
        ('spf._msg.bücher.example.', 'spf._msg.xn--bcher-kva.example'),
        ('example.com', 'example.com'),
    ],
)
def test_names_of_records_may_have_underscores(name, canonical):
    assert dns_options.record_name(name) == canonical


@pytest.mark.parametrize(
    'name', ['__spf.example.com', '_.example.com', 'sp_f.example.com', 'example.com/24', '_spf', '']
)
def test_other_underscores_are_refused(name):
    with pytest.raises(ValueError):
        dns_options.record_name(name)
