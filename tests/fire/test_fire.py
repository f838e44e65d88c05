# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row C6 and more: a steady stream in both directions, whatever happens to playbook and servers. Every message is
accounted for."""

from __future__ import annotations

import re

import pytest

from tests.fire.stream import Stream
from tests.fire.trouble import CHANGE, DELIVERIES_AT_ONCE, SHORT_TURN, TURN, Trouble
from tests.flow import playbook
from tests.flow.playbook import WHOLE
from tests.flow.site import Site

TURNS_AT_MOST = 30
# Messages that a run of a playbook may make wait for a second: 0.1 seconds without a listener, seven messages a second.
MET_NOBODY = 3
NOBODY_THERE = re.compile('^(ConnectionRefusedError|ConnectionResetError|SMTPServerDisconnected): ')
A_WAITING_MESSAGE = """timeout 20 sh -c 'until find /var/spool/conbool-hop/deferred -type f | grep -q .; do sleep 0.1; done'
    rm "$(find /var/spool/conbool-hop/deferred -type f | head -n 1)"
"""
# As if the playbook restarted Postfix where it says that it reloads it.
RESTART_FOR_RELOAD = """mv /usr/sbin/postfix /usr/sbin/postfix.real && cat > /usr/sbin/postfix << 'END' && chmod 0755 /usr/sbin/postfix
#!/bin/sh
case "$*" in
*reload) /usr/sbin/postfix.real ${*%reload} stop && sleep 3 && exec /usr/sbin/postfix.real ${*%reload} start ;;
*) exec /usr/sbin/postfix.real "$@" ;;
esac
END
"""


@pytest.fixture(name='site')
def fixture_site(lab, host, adapter):
    return Site(lab.lab, host, adapter)


# One turn of everything is some 4,000 messages in six minutes.
LENGTHS = {'briefly': (SHORT_TURN, 800), 'at length': (TURN, 2000)}
FIRES = [
    ('postfix', 'briefly'),
    pytest.param('postfix', 'at length', marks=pytest.mark.full),
    # Without a hop, and it starts itself anew where others are reloaded.
    pytest.param('exim', 'at length', marks=pytest.mark.full),
]


@pytest.mark.parametrize('adapter, length', FIRES, indirect=['adapter'])
def test_c6_every_message_is_accounted_for(site, variables_of, request, record_property, length):
    steps, messages = LENGTHS[length]
    # The option exists only when this directory was named on the command line.
    messages = request.config.getoption('--fire-messages', None) or messages
    with Stream(site) as stream:
        trouble = Trouble(stream, variables_of)
        for dummy in range(TURNS_AT_MOST):
            trouble.turn(steps)
            if stream.sent >= messages:
                break
        account = stream.account()
    record_property('account', f'{account}, in {trouble.runs} runs of a playbook')
    assert account.sent >= messages, account.in_full()
    assert account.given_up == {}, account.in_full()
    # Neither lost nor elsewhere, and only what has no mailbox came back to its sender.
    assert account.lost == {}, account.in_full()
    assert account.misplaced == {}, account.in_full()
    # Who is killed between taking a message and saying so is sent it again, and who is killed between hearing that and
    # noting it sends it again: SMTP prefers two copies to none (RFC 5321 6.1, RFC 1047). Not more of them than a kill
    # can cut off, and none elsewhere.
    assert account.unexplained == {}, account.in_full()
    assert len(account.doubled) <= len(stream.windows) * DELIVERIES_AT_ONCE, account.in_full()
    # The playbook's work, killed or not, turns no client away; or, as few as meet nobody while the mail server starts
    # itself anew. Nobody is told that his message is refused.
    turned_away = [text for texts in account.disturbed.values() for text in texts]
    assert turned_away == [] or site.adapter.away_seconds, account.in_full()
    assert [text for text in turned_away if not NOBODY_THERE.search(text)] == [], account.in_full()
    assert len(turned_away) <= trouble.runs * MET_NOBODY, account.in_full()
    assert account.in_clear == []
    assert account.greetings and not account.missed, account.in_full()
    assert account.unverified == {}, account.in_full()
    # One that had less to do than was measured, since a run that was killed had done it, ends before its time. The first of
    # each kind follows a run that was left in peace.
    assert all(trouble.modules_killed[name] for name in CHANGE), trouble.modules_killed


# Of the account, not of the product: by default its unit tests say so.
@pytest.mark.full
@pytest.mark.parametrize('adapter', ['postfix'], indirect=True)
def test_what_goes_wrong_is_noticed(site, variables_of):
    variables = variables_of(WHOLE)
    with Stream(site) as stream:
        with stream.window('gateway down'), site.gateway_is('down'):
            site.lab.run(site.host, ['sh', '-ec', A_WAITING_MESSAGE])
        account = stream.account()
    assert len(account.lost) == 1, account.in_full()
    assert (account.given_up, account.disturbed, account.unexplained) == ({}, {}, {}), account.in_full()

    site.lab.run(site.host, ['sh', '-ec', RESTART_FOR_RELOAD])
    with Stream(site) as stream:
        playbook.run(site.lab, site.host, 'site.yml', dict(variables, conbool_wash_networks=[]))
        account = stream.account()
    assert any('refused' in text.lower() for texts in account.disturbed.values() for text in texts), account.in_full()
    assert account.lost == {}, account.in_full()
