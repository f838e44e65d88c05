# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only this host's own notices are its own."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.senders import own_senders

from tests.unit.fakes.hop import configure, rules, table

OWN = 'double-bounce@mx.example.com'


def of(**mta):
    configuration = configure(mta=mta)
    return sorted(table(configuration, 'senders')['entries']), rules(configuration, 'own_mail')


def test_the_default():
    senders, own = of()
    assert senders == ['<>', OWN]
    assert [bool(pattern.search(OWN)) for pattern, dummy in own] == [False, True]


@pytest.mark.parametrize(
    'sender',
    ['double-bounce@elsewhere.test', 'double-bounce@mxxexample.com', f'x{OWN}', f'{OWN}.test', 'double-bounce@'],
)
def test_nobody_elses(sender):
    senders, own = of()
    assert sender not in senders and not any(pattern.search(sender) for pattern, dummy in own)


def test_the_mail_servers_and_the_hops():
    assert own_senders({'double_bounce_sender': 'Nobody', 'myorigin': 'Example.com', 'myhostname': 'mx'}) == [
        'double-bounce@example.com',
        'nobody@example.com',
    ]
    senders, own = of(double_bounce_sender='nobody', myorigin='example.com')
    assert senders == ['<>', 'double-bounce@example.com', 'nobody@example.com']
    assert not any(pattern.search('nobody@example.com') for pattern, dummy in own)


def test_the_origin_can_be_in_a_file(tmp_path):
    (tmp_path / 'mailname').write_text('Mail.example.org \nmore\n')
    assert of(myorigin=str(tmp_path / 'mailname'))[0] == ['<>', 'double-bounce@mail.example.org']
    assert of(myorigin=str(tmp_path / 'missing'))[0] == ['<>', OWN]
