# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that cannot be used are named before anything is sent."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import canonical, expectations

from tests.smtp.check import EXPECT, OPTIONS


@pytest.mark.parametrize(
    'option, value, named',
    [
        ('hosts', [], 'hosts: is empty'),
        ('hosts', ['mail.conbool.com', 'a b'], "hosts: 'a b' is neither a host name nor an IP address"),
        ('hosts', [''], "hosts: '' is neither"),
        ('port', 0, 'port: 0 is not between 1 and 65535'),
        ('port', 65536, 'port: 65536'),
        ('timeout', 0.0, 'timeout: 0.0 is not'),
        ('timeout', float('nan'), 'timeout: nan is not'),
        ('deadline', float('inf'), 'deadline: inf is not'),
        ('concurrency', 0, 'concurrency: 0 is not'),
        ('source_address', 'eth0', "source_address: 'eth0' is not an IP address"),
        ('helo_name', 'x\r\nQUIT', r"helo_name: 'x\r\nQUIT' is neither"),
        ('helo_name', '192.0.2.1', "helo_name: '192.0.2.1' is an IP address where a name is needed"),
        ('tls_name', '*.conbool.com', "tls_name: '*.conbool.com' is neither"),
        ('mail_from', 'alice', "mail_from: 'alice' is not an address"),
    ],
)
def test_bad_options_are_named(option, value, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        canonical(dict(OPTIONS, **{option: value}), EXPECT)


@pytest.mark.parametrize(
    'expect, named',
    [
        ({'accepts': ['a b@example.com']}, "expect.accepts: 'a b@example.com' has a local part"),
        ({'refuses': ['example.com']}, "expect.refuses: 'example.com' is not an address"),
        ({'accepts': ['a@EXAMPLE.com'], 'refuses': ['a@example.com']}, 'a@example.com cannot be in both'),
    ],
)
def test_bad_expectations_are_named(expect, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        expectations(dict(EXPECT, **expect))


def test_values_become_what_is_sent():
    expect = expectations(dict(EXPECT, accepts=['a@Bücher.example'], refuses=['b@external.test']))
    settings = canonical(dict(OPTIONS, hosts=['Bücher.example', '2001:DB8::1'], tls_name='Mail.Conbool.com.'), expect)
    assert settings['hosts'] == ['xn--bcher-kva.example', '2001:db8::1']
    assert settings['tls_name'] == 'mail.conbool.com'
    assert settings['recipients'] == ['a@xn--bcher-kva.example', 'b@external.test']


def test_empty_text_counts_as_unset():
    settings = canonical(dict(OPTIONS, tls_name='', source_address='', helo_name=''), EXPECT)
    assert (settings['tls_name'], settings['source_address'], settings['helo_name']) == ('', '', '')
