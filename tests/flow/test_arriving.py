# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row C6: mail that arrives while the playbook changes the server is neither lost nor bounced, and its senders are not
turned away for longer than the mail server cannot help it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fire.stream import Stream
from tests.flow import adapters, playbook
from tests.flow.site import Site

pytestmark = [
    pytest.mark.configures_hosts,
    pytest.mark.servers('postfix', 'sendmail', full=['zimbra', 'kerio', 'kerio_swap']),
]

KNOCK = Path(__file__).with_name('knock.py').read_text(encoding='utf-8')
SECONDS = 90
NOBODY_THERE = re.compile('^(ConnectionRefusedError|ConnectionResetError|SMTPServerDisconnected): ')


@contextmanager
def _knocking(lab, host):
    """Gives a list that has, afterwards, for how many seconds at a time port 25 turned clients away."""
    away = []
    process = lab.start(host, ['python3', '-c', KNOCK, '127.0.0.1'])
    try:
        assert process.stdout.readline() == 'ready\n'
        yield away
        away += json.loads(process.communicate('', timeout=SECONDS)[0])
    finally:
        process.kill()


def _run_under_mail(lab, host, adapter, runs):
    """Playbooks while mail comes and goes."""
    lab.lab.run(host, ['sh', '-ec', adapter.ready_for_mail])
    site = Site(lab.lab, host, adapter)
    with Stream(site, adapter.pace) as stream:
        with _knocking(lab.lab, host) as away:
            for name, variables in runs:
                playbook.apply(lab.lab, host, variables, name)
        account = stream.account()
    # Shown with -rP.
    print(f'{account}; port 25 turned clients away for {away} s')
    assert account.sent > 50 and account.bounced, account.in_full()
    assert (account.lost, account.misplaced, account.given_up, account.unexplained) == (
        {},
        {},
        {},
        {},
    ), account.in_full()
    assert (account.in_clear, account.unverified) == ([], {}), account.in_full()
    # For no longer than the mail server needs to start anew, and nobody is told that his message is refused.
    assert max(away, default=0) <= adapter.away_seconds
    turned_away = [text for texts in account.disturbed.values() for text in texts]
    assert turned_away == [] or adapter.away_seconds, account.in_full()
    assert [text for text in turned_away if not NOBODY_THERE.search(text)] == [], account.in_full()


def test_c6_mail_arriving_during_a_run_is_neither_lost_nor_bounced(lab, own_host, adapter, variables_of):
    variables = variables_of(adapter.whole)
    _run_under_mail(lab, own_host, adapter, [(name, variables) for name in ('site.yml', 'rollback.yml')])


@pytest.mark.servers(full=['kerio_swap'])
def test_c6_mail_of_the_gateway_gets_in_while_its_way_changes(lab, own_host, adapter, variables_of):
    """From mode to mode of Kerio Connect, and back to what was before."""
    ways = [adapters.load(name).variables for name in ('kerio', 'kerio_swap', 'kerio_direct', 'kerio_swap', 'kerio')]
    kept = {name: value for name, value in variables_of(adapter.whole).items() if name not in adapter.variables}
    runs = [('site.yml', {**kept, **variables}) for variables in ways]
    _run_under_mail(lab, own_host, adapter, [*runs, ('rollback.yml', runs[-1][1])])
