# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row C7: whatever single thing of ours somebody breaks, verify is red and says what to run, and site.yml repairs it or
names it."""

from __future__ import annotations

import pytest

from tests.sabotage.conftest import names_it, says_what_to_do, table

GATEWAY = {
    'down': 'gateway.connect',
    'no_starttls': 'gateway.starttls_offered',
    'wrong_name': 'gateway.name',
    'unknown_ca': 'gateway.chain',
    'expired': 'gateway.chain',
}
# What comes next finds the queues empty.
FLUSH = 'sleep 1; if [ -d /etc/conbool-hop ]; then postqueue -c /etc/conbool-hop -f; else sendmail -q; fi; sleep 4'


@pytest.mark.parametrize('server', ['postfix', pytest.param('sendmail', marks=pytest.mark.full)])
def test_a_gateway_that_takes_no_mail_is_red_and_so_is_what_waits_for_it(machines, server):
    machine = machines.of(server)
    assert machine.verify() == []
    try:
        for mode, identifier in GATEWAY.items():
            machine.lab.gateway.set(mode)
            assert identifier in [entry[0] for entry in machine.verify()], mode
        machine.lab.run(
            machine.name, ['sh', '-c', 'echo hello | sendmail -f alice@example.com waits@external.test; sleep 4']
        )
        machine.lab.gateway.set()
        # The gateway is well again; what was put off does not know yet.
        assert [entry[0] for entry in machine.verify()] == ['queue.stuck']
    finally:
        machine.lab.gateway.set()
        machine.lab.run(machine.name, ['sh', '-c', FLUSH])


def _parameters():
    # Hosts of one mail server at a time.
    for breakage in sorted(table(), key=lambda breakage: breakage.server):
        marks = [] if breakage.sample else [pytest.mark.full]
        if breakage.unnoticed:
            marks.append(pytest.mark.xfail(reason=breakage.unnoticed, strict=True))
        yield pytest.param(breakage.server, breakage, id=f'{breakage.server}-{breakage.name}', marks=marks)


@pytest.mark.parametrize('server, breakage', _parameters())
def test_it_is_noticed_and_repaired_or_named(machines, server, breakage):
    assert breakage.server == server
    found = machines.outcome(breakage)
    assert found['broken'], found
    assert found['verify'], f'verify is green: {found}'
    assert says_what_to_do(found['verify']), found
    if breakage.only:
        assert found['after'] and names_it(found), f'{breakage.only}: {found}'
    else:
        assert not found['after'], f'site.yml has not repaired it: {found}'
    assert not found.get('spoilt'), found
