# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Debian's own checks would make of the gateway, in the configuration of a real Exim as it was before us."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.judging import judging

from tests.exim.host import MACROS

CHECKS = 'CHECK_RCPT_SPF = yes\nCHECK_RCPT_IP_DNSBLS = list.test\nCHECK_RCPT_VERIFY_SENDER = yes\n'
SPF = [('inbound.judged', 'green')] * 2
REFUSED = [('access.client', 'red')]


@pytest.mark.parametrize(
    'text, files, wanted',
    [
        ('', {}, []),
        # SPF twice, for a failure and for DNS that is away; a block list only marks there.
        (CHECKS, {}, SPF),
        (CHECKS, {'local_host_blacklist': 2}, REFUSED + SPF),
        # Exim offers it to everybody unless somebody says otherwise.
        ('MAIN_TLS_ADVERTISE_HOSTS = 10.0.0.0/8\n', {}, REFUSED),
        # Of one address of two, nobody can say that it is the gateway.
        (CHECKS, {'local_host_blacklist': 1, 'host_local_deny_exceptions': 1}, SPF),
        (CHECKS, {'local_host_blacklist': 2, 'host_local_deny_exceptions': 2}, []),
    ],
)
def test_what_judges_the_gateway_is_named_until_the_gateway_is_excepted(exim, text, files, wanted):
    assert exim.made(files={MACROS: text}).returncode == 0
    networks = exim.settings['networks']
    try:
        for name, count in files.items():
            exim.sh(f'cat >/etc/exim4/{name}', text='\n'.join(networks[:count]) + '\n')
        found = judging(exim.program(), exim.settings)
    finally:
        exim.sh('cd /etc/exim4 && rm -f local_host_blacklist host_local_deny_exceptions')
    assert [(row['id'], row['status']) for row in found] == wanted
