# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a hostile server may take, and what is known when it stops at a step."""

from __future__ import annotations

from tests.smtp.check import ids

TIMEOUT = 0.5
# How long a check may take whose server is at fault once: each step before it is instant.
PATIENCE = TIMEOUT + 2
ACCEPTS = {'accepts': ['alice@example.com']}
# The step of the conversation, and how it is called in results.
STEPS = {
    'banner': 'banner',
    'EHLO': 'ehlo',
    'STARTTLS': 'starttls',
    'tls': 'handshake',
    'EHLO over TLS': 'ehlo_tls',
    'MAIL': 'probe',
    'RCPT': 'probe',
    'RSET': 'probe',
}
TALKING = [step for step in STEPS if step != 'tls']


def assert_stopped_at(result, step):
    """One finding, of this step; facts of earlier steps known, of later ones not."""
    name = STEPS[step]
    assert ids(result) == [name]
    assert not result['healthy']
    assert result['status'] == result['findings'][0]['finding']
    reached = list(STEPS).index(step)
    assert result['reachable'] is (reached > 1)
    assert result['starttls_offered'] is (True if reached > 1 else None)
    assert result['tls_negotiated'] in ([None] if reached < 2 else [None, False] if reached == 2 else [reached > 3])
    assert result['chain_verified'] is (True if reached > 3 else None)
    assert result['name_verified'] is (True if reached > 3 else None)
    if reached < 5:
        assert result['recipients'] == []
