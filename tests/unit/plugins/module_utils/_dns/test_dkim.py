# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a DKIM key is, or why it is none."""

from __future__ import annotations

import base64

import pytest

from tests.unit.fakes.dns_zones import KEY, rows_of, rsa, txt


@pytest.mark.parametrize(
    'record, reason',
    [
        ('v=DKIM1; k=rsa', 'p= is missing'),
        ('v=DKIM2; p=x', 'v= must come first'),
        ('p=x; v=DKIM1', 'v= must come first'),
        ('hello', '"hello" is not a tag'),
        ('k=dsa; p=x', 'k=dsa'),
        ('p=x; p=y', 'p occurs twice'),
        ('h=sha1; p=x', 'h=sha1'),
        ('s=web; p=x', 's=web'),
        ('p=a', 'base64'),
        ('p=?!', 'base64'),
        ('p=AAAA', 'not an RSA key'),
        ('p=' + rsa(2048)[:200], 'its end is missing'),
        ('p=' + base64.b64encode(base64.b64decode(rsa(1024)) + b'x').decode(), 'something behind'),
        ('k=ed25519; p=AAAA', '3 bytes'),
    ],
)
def test_why_a_key_is_unusable(record, reason):
    rows, _asked = rows_of('dkim', {KEY: txt(record)}, dkim_selectors=['s1'])
    assert rows[0]['id'] == 'dkim.unparsable' and reason in rows[0]['finding']


@pytest.mark.parametrize(
    'record, finding',
    [
        ('p=' + rsa(2048), 'selector s1 has a 2048 bit RSA key'),
        ('k=ed25519; p=' + base64.b64encode(bytes(32)).decode(), 'selector s1 has a 256 bit Ed25519 key'),
    ],
)
def test_a_key_is_described(record, finding):
    assert rows_of('dkim', {KEY: txt(record)}, dkim_selectors=['s1'])[0][0]['finding'] == finding
