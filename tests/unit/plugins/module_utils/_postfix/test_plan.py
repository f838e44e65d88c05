# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two owners cannot want one thing."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import empty
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import (
    PlanError,
    refuse_conflicts,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import Request, Table

from tests.unit.fakes.plans import service


@pytest.mark.parametrize(
    'kind, records, message',
    [
        (
            'parameters',
            {'parameters': {'relayhost': {}}},
            'parameter relayhost: wanted by owner_id us, but already set by owner_id them',
        ),
        ('tables', {'tables': {'t': {}}}, 'table t: wanted by'),
        ('services', {'services': {'hop/unix': {}}}, 'service hop/unix: wanted by'),
        ('services', {'service_options': {'hop/unix': {'o': {}}}}, 'service hop/unix: wanted by'),
        ('options', {'service_options': {'587/inet': {'o': {}}}}, 'option o of service submission/inet: wanted by'),
        ('options', {'services': {'587/inet': {}}}, 'service submission/inet: wanted by'),
    ],
)
def test_two_owners_of_one_thing_are_refused(kind, records, message):
    wanted = {
        'parameters': {'relayhost': 'x'},
        'tables': {'t': Table('t', 'texthash', '', 0o644)},
        'services': {'hop/unix': service()},
        'options': {'587/inet': {'label': 'submission/inet', 'optional': False, 'options': {'o': '1'}}},
    }
    given = dict({'parameters': {}, 'services': {}, 'options': {}, 'tables': {}}, **{kind: wanted[kind]})
    request = Request('us', **given)
    with pytest.raises(PlanError, match=message):
        refuse_conflicts(request, {'them': dict(empty(), **records)})


def test_different_options_of_one_entry_may_have_different_owners():
    request = Request('us', {}, {}, {'587/inet': {'label': 'x', 'optional': False, 'options': {'o': '1'}}}, {})
    refuse_conflicts(request, {'them': dict(empty(), service_options={'587/inet': {'p': {}}})})
