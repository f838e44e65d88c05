# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went by the route for outbound mail goes by the one that was there before; and what is sent to the hop."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration

from tests.unit.fakes.outbound import SETTINGS

PARAMETERS = {
    'default_transport': 'smtp',
    'sender_dependent_default_transport_maps': '',
}
ROUTE = 'conbool-hop:[127.0.0.1]:10027'


def configure(parameters=None, scope='all', senders=(), address='127.0.0.1', **info):
    values = dict(PARAMETERS, **(parameters or {}))
    known = {'config_dir': '/etc/postfix', 'parameters': values, 'expanded': values, 'services': []}
    return outbound_configuration(
        dict(SETTINGS, scope=scope, scope_senders=list(senders)),
        dict(known, **info),
        {'address': address, 'port': 10027, 'wash_submission': False},
    )


@pytest.mark.parametrize('address, family', [('127.0.0.1', 'ipv4'), ('::1', 'ipv6')])
def test_the_client_for_the_hop_reaches_nothing_but_loopback_over_either_family(address, family):
    options = configure({'smtp_bind_address_enforce': 'no'}, address=address)['services'][0]['options']
    assert (options['smtp_bind_address'], options['smtp_bind_address6']) == ('127.0.0.1', '::1')
    assert options['smtp_bind_address_enforce'] == 'yes'
    # Before 3.7.
    options = configure(address=address)['services'][0]['options']
    assert options['inet_protocols'] == family and 'smtp_bind_address_enforce' not in options
    assert address in (options['smtp_bind_address'], options['smtp_bind_address6'])


def test_the_client_for_the_hop_leaves_to_the_last_one_what_is_done_once():
    options = configure()['services'][0]['options']
    for name in ('smtp_header_checks', 'smtp_body_checks', 'smtp_generic_maps', 'smtp_reply_filter'):
        assert options[name] == ''
    assert (options['smtp_delivery_status_filter'], options['smtp_line_length_limit']) == ('', '0')
    assert (options['smtp_always_send_ehlo'], options['smtp_never_send_ehlo']) == ('yes', 'no')


def test_tables_that_cannot_be_looked_into_are_named():
    warnings = configure(opaque_transport_maps=['regexp:/etc/postfix/transport.regexp', 'proxy:mysql:/t.cf'])[
        'warnings'
    ]
    assert len(warnings) == 2 and 'transport_maps: regexp:/etc/postfix/transport.regexp cannot be looked' in warnings[0]


PROBES = {
    'address_verify_default_transport': '$default_transport',
    'address_verify_sender_dependent_default_transport_maps': '$sender_dependent_default_transport_maps',
    'address_verify_transport_maps': '$transport_maps',
}
BY_SENDER = 'hash:/etc/postfix/by_sender'


@pytest.mark.parametrize(
    'more, originals, probe',
    [
        ({}, {}, 'smtp'),
        ({'default_transport': 'out:[relay]'}, {}, 'out:[relay]'),
        ({'address_verify_default_transport': 'verify:'}, {}, 'verify:'),
        # Led to the hop already; the first one has lost what was set here, the last one the record as well.
        ({'default_transport': ROUTE}, {'default_transport': 'out:[relay]'}, 'out:[relay]'),
        ({'default_transport': ROUTE}, {'default_transport': None}, 'smtp'),
        ({'default_transport': ROUTE, 'address_verify_default_transport': 'out:'}, {}, 'out:'),
        ({'default_transport': ROUTE}, {}, 'smtp'),
    ],
)
def test_probes_ask_whom_they_asked_before(more, originals, probe):
    parameters = configure(parameters=dict(PROBES, **more), originals=originals)['parameters']
    assert parameters == {'default_transport': ROUTE, 'address_verify_default_transport': probe}


@pytest.mark.parametrize('present', [BY_SENDER, f'texthash:/etc/postfix/conbool_senders, {BY_SENDER}'])
def test_probes_of_a_scope_pass_its_table(present):
    by_sender = 'sender_dependent_default_transport_maps'
    parameters = configure(scope='senders', senders=['@example.com'], parameters=dict(PROBES, **{by_sender: present}))[
        'parameters'
    ]
    assert parameters == {
        by_sender: f'texthash:/etc/postfix/conbool_senders, {BY_SENDER}',
        'address_verify_' + by_sender: BY_SENDER,
    }
