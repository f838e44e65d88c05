# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dns_check and checkdmarc judge the same domains alike, apart from differences that corpus.yml explains.

Compared is whether a record is broken. What only dns_check can say is left out: whether the policy authorises the
gateway, whether DMARC is strict enough, and everything about DKIM.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from checkdmarc.dmarc import check_dmarc
from checkdmarc.smtp import check_mx
from checkdmarc.spf import check_spf

from tests.dns import corpus

DOCUMENT = Path(__file__).resolve().parents[2] / 'docs' / 'dns_check_vs_checkdmarc.md'
VARIANTS = corpus.load()[0]
DIFFERENCES = [(variant.name, check, reason) for variant in VARIANTS for check, reason in variant.differs.items()]
BROKEN = {
    'mx': {
        'mx.no_domain',
        'mx.missing',
        'mx.null',
        'mx.null_mixed',
        'mx.elsewhere',
        'mx.bypass',
        'mx.cname',
        'mx.dangling',
        'mx.address',
    },
    'spf': {'spf.missing', 'spf.multiple', 'spf.permerror'},
    'dmarc': {'dmarc.missing', 'dmarc.multiple', 'dmarc.invalid', 'dmarc.fallback'},
}


def broken_for_checkdmarc(domain, nameserver):
    """The checks that checkdmarc fails."""
    # All its queries must go to the lab: given a resolver instead, its DNSSEC check would ask the system's name
    # servers.
    options = {'nameservers': [nameserver], 'timeout': 10, 'retries': 0}
    mx = check_mx(domain, approved_mx_hostnames=[corpus.GATEWAY['relay_host']], **options)
    complaints = [warning for warning in mx.get('warnings', []) if '(PTR)' not in warning]
    return {
        'mx': 'error' in mx or bool(complaints),
        'spf': not check_spf(domain, **options)['valid'],
        'dmarc': not check_dmarc(domain, **options)['valid'],
    }


@pytest.mark.parametrize('variant', VARIANTS, ids=lambda variant: variant.name)
def test_same_verdict(nameserver, variant):
    theirs = broken_for_checkdmarc(variant.domain, nameserver)
    ours = {check: bool(BROKEN[check].intersection(variant.expect[check])) for check in theirs}
    assert {check for check in theirs if ours[check] != theirs[check]} == set(variant.differs)


@pytest.mark.parametrize('name, check, reason', DIFFERENCES)
def test_the_difference_is_documented(name, check, reason):
    assert f'| `{name}` | {check.upper()} | {reason} |' in DOCUMENT.read_text(encoding='utf-8')
