# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parameter an attribute becomes: the product and the double say the same, each from its own table."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.parameters import (
    PARAMETERS,
    UNORDERED,
    expected,
    same,
)

from lab.zimbra import configd, schema

TABLE = Path(configd.__file__).parent / 'data' / 'parameters.txt'
# Exist in the daemon's table only: no such attribute is in Zimbra's schema.
MISSPELT = {'zimbraMtaSmtpMandatoryTlsProtocols', 'zimbraPostconfProtocol'}


def of_the_double():
    """Attribute to parameter, of those that are written in any case and are all that the parameter depends on."""
    lines = [line.split() for line in TABLE.read_text(encoding='utf-8').splitlines() if line and line[0] != '#']
    times = Counter(line[1] for line in lines)
    return {line[3]: line[1] for line in lines if line[2] == 'attribute' and len(line) == 4 and times[line[1]] == 1}


def test_the_tables_are_equal():
    assert {name: parameter for name, parameter in of_the_double().items() if name not in MISSPELT} == PARAMETERS


def test_only_parameters_of_several_values_have_no_order():
    known = json.loads(Path(schema.__file__).with_name('schema.json').read_text(encoding='utf-8'))
    several = {parameter for name, parameter in PARAMETERS.items() if known.get(name, {}).get('multi')}
    # Of this one, Zimbra takes one value only.
    assert several - {'relayhost'} <= set(UNORDERED) <= set(PARAMETERS.values())


LISTS = 'smtpd_client_restrictions'


@pytest.mark.parametrize(
    'name, values, written, equal',
    [
        ('x', ['TRUE'], 'yes', True),
        ('x', ['False'], 'no', True),
        ('x', [], '', True),
        ('notify_classes', ['a', 'b'], 'b, a', True),
        (LISTS, ['reject_a, reject_b'], 'reject_b, reject_a', False),
        (LISTS, ['reject_a, reject_b'], 'reject_a  reject_b', True),
        (LISTS, ['check_x { unix:/y, timeout=1 }, permit'], 'check_x { unix:/y, timeout=1 }, permit', True),
        (LISTS, ['a'], 'a, b', False),
        (LISTS, ['reject'], '', False),
    ],
)
def test_what_main_cf_says_is_compared(name, values, written, equal):
    assert same(name, expected(values), written) is equal
