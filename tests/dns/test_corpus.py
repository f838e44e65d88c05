# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a real BIND that serves domains in every state."""

from __future__ import annotations

import asyncio
import socket

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import run

from tests.dns import corpus

VARIANTS = corpus.load()[0]


@pytest.fixture(scope='module', name='report')
def fixture_report(nameserver):
    wanted = run.Expectations(**corpus.GATEWAY)
    return asyncio.run(
        run.run(
            [variant.domain for variant in VARIANTS],
            corpus.CHECKS,
            wanted,
            nameservers=[nameserver],
            timeout=10,
            retries=0,
        )
    )


def test_the_corpus_is_large_enough():
    assert len(VARIANTS) >= 60


@pytest.mark.parametrize('variant', VARIANTS, ids=lambda variant: variant.name)
def test_variant(report, variant):
    found = {check: [] for check in corpus.CHECKS}
    for row in report['rows']:
        if row['domain'] == variant.domain:
            found[row['id'].partition('.')[0]].append(row['id'])
    assert found == variant.expect


def test_a_silent_name_server_is_unknown_within_the_deadline():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(('127.0.0.1', 0))
        wanted = run.Expectations(**corpus.GATEWAY)
        report = asyncio.run(
            run.run(
                [variant.domain for variant in VARIANTS],
                corpus.CHECKS,
                wanted,
                nameservers=['127.0.0.1'],
                port=silent.getsockname()[1],
                timeout=0.2,
                retries=1,
                deadline=1.5,
            )
        )
    assert report['summary']['unknown'] == len(VARIANTS)
    assert {row['status'] for row in report['rows']} == {'unknown'}
