# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose mail goes to the gateway."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise

from tests.unit.fakes.settings import GOOD, refused


def test_scope_senders():
    settings, problems, warnings = normalise(
        {
            **GOOD,
            'conbool_domains': ['example.com', 'bücher.example'],
            'conbool_scope': 'senders',
            'conbool_scope_senders': ["Alice.O'Brien+x@Example.COM", '@bücher.example', "alice.o'brien+x@example.com"],
        }
    )
    assert problems == [] and warnings == []
    assert settings['scope_senders'] == ["alice.o'brien+x@example.com", '@xn--bcher-kva.example']


@pytest.mark.parametrize(
    'sender, reason',
    [
        ('example.com', 'must be an address'),
        ('alice', 'must be an address'),
        ('*@example.com', "contains '*'"),
        ('a?@example.com', "contains '?'"),
        ('/^a/@example.com', "contains '/' '^'"),
        ('a%b@example.com', "contains '%'"),
        ('a b@example.com', 'blank'),
        ('a@b@example.com', "contains '@'"),
        ('"a b"@example.com', 'blank'),
        ('"a"@example.com', "contains '\"'"),
        ('.a@example.com', 'RFC 5321'),
        ('a..b@example.com', 'RFC 5321'),
        ('a' * 65 + '@example.com', 'RFC 5321'),
        ('alice@', 'is empty'),
        ('@', 'is empty'),
        ('alice@example', 'no dot'),
        ('ä@example.com', "contains 'ä'"),
        ('a#@example.com', "contains '#'"),
        ('<a@example.com>', "contains '<'"),
        ('a@example.com\nb@example.com', 'control character'),
        (7, 'must be an address'),
        ('alice@[192.0.2.1]', 'IP address'),
        ('$(id)@example.com', "contains '$'"),
        ('a,b@example.com', "contains ','"),
        ('a@*.example.com', 'wildcard'),
    ],
)
def test_bad_senders_are_refused(sender, reason):
    (problem,) = refused(conbool_scope='senders', conbool_scope_senders=[sender])
    assert problem.startswith(f'conbool_scope_senders: {readers.shown(sender)} ')
    assert reason in problem


def test_scope_senders_needs_senders():
    assert refused(conbool_scope='senders') == [
        'conbool_scope_senders: [] must name at least one sender because conbool_scope is senders'
    ]


@pytest.mark.parametrize(
    'scope, sender, warning',
    [
        ('all', '@example.com', 'has no effect because conbool_scope is all'),
        ('senders', 'a@exmaple.com', "the domain of 'a@exmaple.com' is not in conbool_domains"),
    ],
)
def test_doubtful_scopes_give_a_warning(scope, sender, warning):
    settings, problems, warnings = normalise({**GOOD, 'conbool_scope': scope, 'conbool_scope_senders': [sender]})
    assert problems == []
    assert len(warnings) == 1 and warning in warnings[0]
