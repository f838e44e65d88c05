# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml: a preflight that is not green leaves the host alone."""

from __future__ import annotations

import time

import pytest

from tests.checks.conftest import BROKEN, KERIO, NO_KERIO, PLAIN
from tests.flow import snapshot


@pytest.fixture(scope='module', name='before')
def fixture_before(lab):
    return snapshot.take(lab, PLAIN)


@pytest.fixture(name='kerio')
def fixture_kerio(lab):
    lab.run('internet', ['sh', '-c', KERIO])
    yield 'internet'
    lab.run('internet', ['sh', '-c', NO_KERIO])


def test_enforce_leaves_a_host_as_it_is_and_so_does_a_change_that_lacks_a_password(lab, play, before, silent, kerio):
    began = time.monotonic()
    report = play(
        'site.yml',
        {
            'broken': {'conbool_domains': ['example.com', BROKEN]},
            'silent': {'conbool_dns_servers': [silent.address]},
            'kerio': {
                'node': kerio,
                'conbool_preflight': 'warn',
                'conbool_tls_client_cert': '',
                'conbool_tls_client_key': '',
            },
        },
    )
    assert time.monotonic() - began < 90
    assert report.outcome.returncode != 0 and report.outcome.changed == []
    assert snapshot.differences(before, snapshot.take(lab, PLAIN)) == []
    assert {name: entry['result'] for name, entry in report.content['hosts'].items()} == dict.fromkeys(
        ['broken', 'silent', 'kerio'], 'failed'
    )
    assert 'mx.bypass ' + BROKEN in report.host('broken')['reason']
    assert 'mx.unknown (2 times)' in report.host('silent')['reason'] and silent.asked() > 0
    assert report.bad('silent') == dict.fromkeys(
        ('mx.unknown', 'spf.no_addresses', 'dkim.unknown', 'dmarc.unknown'), 'unknown'
    )
    # With a preflight that only warns, the change itself refuses.
    assert 'kerio_smarthost_password is empty' in report.host('kerio')['reason']
    assert report.bad('kerio') == {'mta.failed': 'red'}
    assert not any('verify' in entry for entry in report.content['hosts'].values())


def test_check_mode_on_a_fresh_host_and_skip_asks_nothing(lab, play, before, silent):
    report = play(
        'site.yml',
        {'fresh': {}, 'skip': {'conbool_preflight': 'skip', 'conbool_dns_servers': [silent.address]}},
        '--check',
    )
    assert report.outcome.returncode == 0, report.output
    assert report.outcome.changed != []
    assert snapshot.differences(before, snapshot.take(lab, PLAIN)) == []
    assert (
        report.host('fresh')['preflight']['green']
        and report.host('fresh')['result'] == report.host('skip')['result'] == 'done'
    )
    assert silent.asked() == 0 and 'preflight' not in report.host('skip')
    # The host is as it was, so there is nothing to verify.
    assert 'verify' not in report.host('fresh')
