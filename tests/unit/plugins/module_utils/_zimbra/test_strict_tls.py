# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A global TLS level that the hop on loopback does not offer: no mail waits at any moment of a change.

A process of Postfix may go by whatever main.cf has said since the last reload, and is replaced at any moment.
"""

from __future__ import annotations

import pytest

from tests.unit.fakes.zimbra import HOST
from tests.unit.fakes.zimbra_runs import apply, undo

SENDERS = {'scope': 'senders', 'scope_senders': ['@example.com']}


class Processes:
    """What those that route mail, and those that send it, may know at the moment."""

    def __init__(self, zimbra):
        self._zimbra, self._plain = zimbra, zimbra.run_command
        self.moments, self._known = [], [self._now()]
        zimbra.run_command = self.run_command

    def _now(self):
        way = self._zimbra.route('', 'a@example.com', 'a@outside.test')['next_hop']
        return way == '[127.0.0.1]:325', 'conbool_tls' in self._zimbra.main_cf.get('smtp_tls_policy_maps', '')

    def run_command(self, words, **more):
        begun = len(self._zimbra.ran)
        answer = self._plain(words, **more)
        if ('postfix', 'reload', 'norewrite') in self._zimbra.ran[begun:]:
            self._known = []
        self._known.append(self._now())
        to_hop, excepted = zip(*self._known)
        self.moments.append((any(to_hop), all(excepted)))
        return answer

    def waiting(self):
        """Whether some mail is led to the hop by a process that asks it for TLS."""
        return [moment for moment in self.moments if moment == (True, False)]


@pytest.mark.parametrize('policy', [None, 'inline:{partner.test=may}'])
@pytest.mark.parametrize('changes', [{}, SENDERS])
def test_the_exception_is_known_before_mail_is_led_to_the_hop_and_for_as_long(zimbra, changes, policy):
    zimbra.set('servers', HOST, zimbraMtaSmtpTlsSecurityLevel='encrypt')
    zimbra.edit(smtp_tls_policy_maps=policy)
    zimbra._rewrite()
    known = Processes(zimbra)
    apply(zimbra, **changes)
    assert (True, True) in known.moments and not known.waiting()
    assert not apply(zimbra, **changes)[0]['changed']
    undo(zimbra, **changes)
    assert known.moments[-1][0] is False and not known.waiting()
    assert zimbra.main_cf.get('smtp_tls_policy_maps') == policy
