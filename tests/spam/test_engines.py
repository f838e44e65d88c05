# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real spam engines score what they did before, and what was released at the gateway not at all."""

from __future__ import annotations

import pytest

from tests.flow import playbook, snapshot
from tests.spam.server import ENGINES

RELEASED = ['X-Conbool-Released: yes']
FORGED = (
    'Received: from mail.conbool.com (mail.conbool.com [{address}])\r\n\tby mx.example.com (Postfix) with ESMTPS id 1'
    ' for <alice@example.com>;\r\n\tSun, 22 Nov 2026 14:00:00 +0000'
)


@pytest.mark.parametrize('engine', sorted(ENGINES))
def test_released_mail_is_not_scored(scorer, engine):
    # With the milters, Postfix does not ask about mail of programs on the server.
    _only_released_mail_is_not_scored(scorer, engine, programs=engine == 'amavis')


def test_released_mail_is_not_scored_with_sendmail(sendmail):
    _only_released_mail_is_not_scored(sendmail, 'spamass-milter', programs=True)


def _only_released_mail_is_not_scored(server, engine, programs):
    gateway, internet = server.lab.gateway, server.lab.internet
    server.use(engine)
    before = snapshot.take(server.lab, server.host)
    # Without the rule the same message is spam.
    assert server.score(gateway, RELEASED)[0]
    server.rule('present')
    assert server.score(gateway)[0]
    assert server.score(gateway, RELEASED) == (False, 'INBOX')
    assert server.score(gateway, ['X-Conbool-Released: no', 'x-conbool-released:\r\n YES ']) == (False, 'INBOX')
    assert server.score(gateway, ['X-Conbool-Released: no'])[0]
    forged = FORGED.format(address=server.lab.addresses['gateway'][0])
    assert server.score(internet, RELEASED, source='lan')[0]
    assert server.score(internet, [forged, *RELEASED], source='lan')[0]
    if programs:
        assert server.score(None, [forged, *RELEASED])[0]

    server.rule('absent')
    # What the engines themselves keep, and their pid files, come and go.
    left = [
        line
        for line in snapshot.differences(before, snapshot.take(server.lab, server.host))
        if not line.startswith(('/var/', '/run/'))
    ]
    assert left == []
    assert server.score(gateway, RELEASED)[0]


def test_a_site_that_trusts_gateway_and_lan(scorer):
    """trusted_networks and internal_networks of the site do not let the LAN vouch for a Received header of the
    gateway."""
    scorer.use('spamass-milter')
    addresses = scorer.lab.addresses
    listed = ' '.join(addresses['gateway'] + addresses['lan'])
    scorer.shell(f"printf 'trusted_networks {listed}\\ninternal_networks {listed}\\n' >/etc/spamassassin/site.cf")
    try:
        playbook.apply(scorer.lab, scorer.host, scorer.variables)
        scorer.shell('systemctl restart spamd')
        scorer.use('spamass-milter')
        assert scorer.score(scorer.lab.gateway, RELEASED) == (False, 'INBOX')
        forged = FORGED.format(address=addresses['gateway'][0])
        assert scorer.score(scorer.lab.internet, [forged, *RELEASED], source='lan')[0]
    finally:
        scorer.shell('rm /etc/spamassassin/site.cf')
