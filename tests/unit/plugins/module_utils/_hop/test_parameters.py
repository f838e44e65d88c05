# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of Postfix's parameters, and what becomes of each in the hop."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import (
    parameters,
    parameters_left,
    parameters_taken,
    parameters_unread,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.hop import identity

from tests.unit.fakes.hop import configure, service

FILES = (parameters_taken.GROUPS, parameters_left.GROUPS, parameters_unread.GROUPS)


def test_each_parameter_is_there_once_with_a_known_kind_and_a_reason():
    names = Counter(name for groups in FILES for dummy, dummy, text in groups for name in text.split())
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if not re.match(r'[A-Za-z0-9_]+\Z', name)] == []
    assert {kind for groups in FILES for kind, dummy, dummy in groups} == set(parameters.KINDS)
    assert all(len(why.split()) >= 3 for groups in FILES for dummy, why, dummy in groups)
    # 3.1 has 774, 3.10 has 867.
    assert len(names) > 860
    assert set(parameters.ALWAYS) <= set(parameters.of_kind('mta', 'client', 'direct', 'mx'))


def test_every_parameter_that_the_hop_sets_is_in_the_list_as_its_own_or_as_the_mtas():
    ours = set(parameters.of_kind('hop'))
    taken = set(parameters.of_kind('mta', 'client', 'direct', 'mx'))
    assert set(configure()['parameters']) - ours - taken == set()


@pytest.mark.parametrize('name', ['smtp_sasl_auth_enable', 'smtp_sasl_password_maps', 'smtp_fallback_relay'])
def test_what_is_left_out_stays_out_whatever_the_mta_has(name):
    assert parameters.PARAMETERS[name].kind == 'not'
    configuration = configure(mta={name: 'texthash:/etc/postfix/secret'})
    assert 'secret' not in str(configuration)


@pytest.mark.parametrize(
    'name', ['smtp_destination_rate_delay', 'my-relay_destination_recipient_limit', 'policy_time_limit']
)
def test_names_that_postfix_makes_of_services_are_known(name):
    assert parameters.known(name)


@pytest.mark.parametrize('name', ['smtp_new_in_the_next_version', 'destination_rate_delay', 'smtp_time_limits'])
def test_any_other_name_is_not(name):
    assert not parameters.known(name)


def test_what_is_known_of_a_sendmail_is_taken_over():
    known = identity(
        {
            'options': {'maxhopcount': '60', 'maxmessagesize': '1000'},
            'client_ports': [],
            'host_name': 'mx.example.com',
        }
    )
    assert known['hopcount_limit'] == '61'
    assert configure(mta=known)['parameters']['hopcount_limit'] == '63'


def test_a_header_does_not_lower_what_is_asked_of_the_gateway():
    assert service(configure(version='3.10.13'), 'gateway')['options']['tls_required_enable'] == 'no'
    # Another name than those that a Postfix knows is an error there.
    assert 'tls_required_enable' not in service(configure(version='3.9.1'), 'gateway')['options']
