# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a DMARC policy is inherited from."""

from __future__ import annotations

import asyncio

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import dmarc
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.client import DnsClient
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns.run import CHECKS, Expectations

from tests.dns.scripted import ScriptedDns
from tests.unit.fakes.dns_zones import txt


def test_the_tree_walk_asks_at_most_eight_names():
    assert dmarc.parents('1.2.3.4.5.6.7.8.9.test') == [
        '4.5.6.7.8.9.test',
        '5.6.7.8.9.test',
        '6.7.8.9.test',
        '7.8.9.test',
        '8.9.test',
        '9.test',
        'test',
    ]
    assert dmarc.parents('a.test') == ['test']


@pytest.mark.parametrize(
    'zone, source',
    [
        ({'_dmarc.b.test': 'p=reject', '_dmarc.test': 'p=none'}, 'test'),
        ({'_dmarc.b.test': 'p=reject; psd=n', '_dmarc.test': 'p=none'}, 'b.test'),
        ({'_dmarc.b.test': 'p=reject', '_dmarc.test': 'p=none; psd=y'}, 'b.test'),
        ({'_dmarc.a.b.test': 'p=reject', '_dmarc.test': 'p=none; psd=y'}, 'test'),
        ({'_dmarc.a.b.test': 'p=reject', '_dmarc.b.test': 'p=none; psd=u'}, 'b.test'),
    ],
)
def test_the_organisational_domain(zone, source):
    script = ScriptedDns({name: txt('v=DMARC1; ' + tags) for name, tags in zone.items()})

    async def run():
        return await CHECKS['dmarc'](
            DnsClient(['192.0.2.53'], exchange=script.exchange), 'x.a.b.test', Expectations('gw.test')
        )

    rows = asyncio.run(run())
    assert rows[0]['finding'].endswith('inherited from ' + source)
