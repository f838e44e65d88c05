# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One part undone by a variable: it is as if it had never been there, the others go on working, and it comes back."""

from __future__ import annotations

import pytest

from tests.flow import playbook, snapshot
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.playbook import WHOLE
from tests.flow.site import Site

pytestmark = pytest.mark.configures_hosts

OUT = 'parts@external.test'
BY_FIREWALL, BY_SERVER = '^ConnectionRefusedError', '^554 5\\.7\\.1 .*its gateway only'
INBOX, SPAM = 'mailbox:alice', 'spam:alice'
# The variables that take a part away; who turns an outsider away then, and where flagged mail of the gateway goes.
PARTS = {
    'inbound': ({'conbool_inbound': False}, None, INBOX),
    'firewall': ({'inbound_firewall_state': 'absent'}, BY_SERVER, SPAM),
    'spam': ({'spam_delivery_state': 'absent'}, BY_FIREWALL, INBOX),
}


def case(name, place, inject, refused=None):
    return Case(name, name, 'parts', WHOLE, inject, (place,), refused=refused)


def _mail(lab, host, adapter, refused, flagged):
    to_alice = {'from': OUT, 'to': ['alice@example.com']}
    batch = Engine(Site(lab, host, adapter)).batch(
        [
            case(
                'to the outside',
                Place('gateway', (OUT,)),
                {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]},
            ),
            case('from the gateway', Place(INBOX), {'via': 'gateway', **to_alice}),
            case('flagged', Place(flagged), {'via': 'gateway', 'headers': ['X-Conbool-Flag: YES'], **to_alice}),
            case('from an outsider', Place('nowhere' if refused else INBOX), {'via': 'internet', **to_alice}, refused),
        ]
    )
    batch.send()
    batch.must_be(lambda case: case.expect)
    return batch.problems


@pytest.mark.parametrize('part', PARTS)
def test_c3_a_part_goes_and_comes_back_while_the_others_work(lab, fresh_host, adapter, variables_of, part):
    taken_away, refused, flagged = PARTS[part]
    whole = variables_of(WHOLE)
    without = {**whole, **taken_away}
    playbook.apply(lab.lab, fresh_host, without)
    never_there = snapshot.take(lab.lab, fresh_host)
    playbook.apply(lab.lab, fresh_host, whole)
    complete = snapshot.take(lab.lab, fresh_host)
    assert snapshot.differences(never_there, complete)

    playbook.apply(lab.lab, fresh_host, without)
    assert snapshot.differences(never_there, snapshot.take(lab.lab, fresh_host)) == []
    assert _mail(lab.lab, fresh_host, adapter, refused, flagged) == {}

    playbook.apply(lab.lab, fresh_host, whole)
    assert snapshot.differences(complete, snapshot.take(lab.lab, fresh_host)) == []
    assert _mail(lab.lab, fresh_host, adapter, BY_FIREWALL, SPAM) == {}
