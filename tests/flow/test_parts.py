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
BY_FIREWALL, BY_POSTFIX = '^ConnectionRefusedError', '^554 5\\.7\\.1 .*its gateway only'
AT_GATEWAY, IN_MAILBOX, NOWHERE = Place('gateway', (OUT,)), Place('mailbox:alice'), Place('nowhere')


def outward():
    return Case('outward', 'to the outside', 'parts', WHOLE, {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]}, (AT_GATEWAY,))


def from_gateway():
    return Case('from-gateway', 'from the gateway', 'parts', WHOLE, {'via': 'gateway', 'from': OUT, 'to': ['alice@example.com']}, (IN_MAILBOX,))


def from_outsider(refused):
    return Case('from-outsider', 'from the internet', 'parts', WHOLE, {'via': 'internet', 'from': OUT, 'to': ['alice@example.com']},
                (NOWHERE if refused else IN_MAILBOX,), refused=refused)


# The variables that take a part away, and what becomes of an outsider's mail then; what is left of the others is the same for all.
PARTS = {
    'inbound': ({'conbool_inbound': False}, None),
    'firewall': ({'inbound_firewall_state': 'absent'}, BY_POSTFIX),
}


def _mail(lab, host, adapter, refused):
    batch = Engine(Site(lab, host, adapter)).batch([outward(), from_gateway(), from_outsider(refused)])
    batch.send()
    batch.must_be(lambda case: case.expect)
    return batch.problems


@pytest.mark.parametrize('part', PARTS)
def test_c3_a_part_goes_and_comes_back_while_the_others_work(lab, fresh_host, adapter, variables_of, part):
    taken_away, refused_then = PARTS[part]
    whole = variables_of(WHOLE)
    without = {**whole, **taken_away}
    playbook.apply(lab.lab, fresh_host, without)
    never_there = snapshot.take(lab.lab, fresh_host)
    playbook.apply(lab.lab, fresh_host, whole)
    complete = snapshot.take(lab.lab, fresh_host)
    assert snapshot.differences(never_there, complete)
    assert _mail(lab.lab, fresh_host, adapter, BY_FIREWALL) == {}

    playbook.apply(lab.lab, fresh_host, without)
    assert snapshot.differences(never_there, snapshot.take(lab.lab, fresh_host)) == []
    assert _mail(lab.lab, fresh_host, adapter, refused_then) == {}
    assert playbook.apply(lab.lab, fresh_host, without).changed == []

    playbook.apply(lab.lab, fresh_host, whole)
    assert snapshot.differences(complete, snapshot.take(lab.lab, fresh_host)) == []
    assert _mail(lab.lab, fresh_host, adapter, BY_FIREWALL) == {}
