# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as typed, in the DNS, and in certificates."""

from __future__ import annotations

import idna
import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.names import host, mailbox, matching_name
from hypothesis import given
from hypothesis import strategies as st


def certificate(*dns, addresses=(), common_name=None):
    subject = (
        ((('organizationName', 'Conbool'),), (('commonName', common_name),))
        if common_name
        else ((('organizationName', 'Conbool'),),)
    )
    return {
        'subject': subject,
        'subjectAltName': tuple(('DNS', name) for name in dns) + tuple(('IP Address', name) for name in addresses),
    }


@pytest.mark.parametrize(
    'typed, canonical',
    [
        ('mail.conbool.com', 'mail.conbool.com'),
        ('MAIL.Conbool.COM.', 'mail.conbool.com'),
        ('localhost', 'localhost'),
        ('mx_1.example.com', 'mx_1.example.com'),
        ('192.0.2.1', '192.0.2.1'),
        ('2001:DB8:0::1', '2001:db8::1'),
        ('Bücher.example', 'xn--bcher-kva.example'),
        ('faß.de', 'xn--fa-hia.de'),
        ('mail。例え.テスト', 'mail.xn--r8jz45g.xn--zckzah'),
        ('ＭＡＩＬ.example', 'mail.example'),
    ],
)
def test_host_is_what_the_dns_is_asked_for(typed, canonical):
    assert host(typed) == canonical


@pytest.mark.parametrize(
    'typed',
    [
        'bücher.example',
        'Faß.DE',
        'straße.example',
        'ÄÖÜ.example',
        'λόγος.example',
        'ΟΔΟΣ.example',
        '例え.テスト',
        'пример.рф',
    ],
)
def test_host_agrees_with_idna_2008(typed):
    assert host(typed) == idna.encode(typed, uts46=True).decode()


@pytest.mark.parametrize(
    'typed',
    [
        '',
        '.',
        'a..b',
        '.example',
        '-a.example',
        'a-.example',
        'a b',
        'a\nb',
        'a\r\nMAIL FROM:<>',
        'a/b',
        '127.1',
        'example.123',
        '*.example.com',
        'a@b',
        '[192.0.2.1]',
        '192.0.2.1:25',
        'fe80::1%eth0',
        'x' * 64 + '.example',
        '.'.join(['abcdefgh'] * 29),
        'ü' * 60 + '.example',
        'bü cher.example',
        'bü\ncher',
        '℀.example',
    ],
)
def test_host_refuses(typed):
    with pytest.raises(ValueError):
        host(typed)


@given(st.text())
def test_host_gives_what_can_be_sent_or_refuses(typed):
    try:
        name = host(typed)
    except ValueError:
        return
    assert name.isascii() and name.isprintable() and ' ' not in name and host(name) == name


@pytest.mark.parametrize(
    'typed, canonical',
    [
        ('alice@example.com', 'alice@example.com'),
        ("O'Hara+x=y@Bücher.example", "O'Hara+x=y@xn--bcher-kva.example"),
    ],
)
def test_mailbox(typed, canonical):
    assert mailbox(typed) == canonical


@pytest.mark.parametrize(
    'typed',
    [
        '',
        'alice',
        '@example.com',
        'alice@',
        'a b@example.com',
        'a>@example.com',
        'a\r\nDATA@example.com',
        'bücher@example.com',
        '"a b"@example.com',
        'a' * 65 + '@example.com',
        'alice@192.0.2.1',
        'alice@a@example.com',
    ],
)
def test_mailbox_refuses(typed):
    with pytest.raises(ValueError):
        mailbox(typed)


@pytest.mark.parametrize(
    'wanted, cert, match',
    [
        ('mail.conbool.com', certificate('mail.conbool.com'), 'DNS:mail.conbool.com'),
        ('mail.conbool.com', certificate('other.example', 'MAIL.CONBOOL.COM'), 'DNS:MAIL.CONBOOL.COM'),
        ('mail.conbool.com', certificate('conbool.com'), None),
        ('mail.conbool.com', certificate('evilmail.conbool.com'), None),
        ('mail.conbool.com', certificate('mail.conbool.com.evil.example'), None),
        ('mail.conbool.com', certificate('mail.conbool.com\0.evil.example'), None),
        # Wildcards: the whole first label, exactly one.
        ('mail.conbool.com', certificate('*.conbool.com'), 'DNS:*.conbool.com'),
        ('a.mail.conbool.com', certificate('*.conbool.com'), None),
        ('conbool.com', certificate('*.conbool.com'), None),
        ('conbool.com', certificate('*.com'), None),
        ('mail.conbool.com', certificate('m*.conbool.com', '*ail.conbool.com', 'mail.*.com', '*.*.com', '*'), None),
        ('xn--bcher-kva.example.com', certificate('*.example.com'), 'DNS:*.example.com'),
        ('xn--bcher-kva.example.com', certificate('xn--*.example.com'), None),
        # The common name: only without any DNS name.
        ('mail.conbool.com', certificate(common_name='mail.conbool.com'), 'CN:mail.conbool.com'),
        ('mail.conbool.com', certificate('other.example', common_name='mail.conbool.com'), None),
        (
            'mail.conbool.com',
            certificate(addresses=['192.0.2.1'], common_name='mail.conbool.com'),
            'CN:mail.conbool.com',
        ),
        ('mail.conbool.com', certificate(common_name='Mail Gateway'), None),
        ('mail.conbool.com', certificate(), None),
        # Addresses: only as addresses, however they are written.
        ('192.0.2.1', certificate(addresses=['192.0.2.1']), 'IP:192.0.2.1'),
        ('192.0.2.1', certificate('192.0.2.1', common_name='192.0.2.1'), None),
        ('2001:db8::1', certificate(addresses=['<invalid>', '2001:DB8:0:0:0:0:0:1\n']), 'IP:2001:DB8:0:0:0:0:0:1'),
        ('mail.conbool.com', certificate(addresses=['192.0.2.1']), None),
    ],
)
def test_matching_name(wanted, cert, match):
    assert matching_name(cert, wanted) == match
