# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of main.cf does not hold for the client that hands mail to the hop."""

from __future__ import annotations

import pytest

from tests.unit.fakes.outbound import ROUTE, configure


def test_what_main_cf_asks_of_a_relay_host_is_not_asked_of_the_hop():
    options = configure()['services'][0]['options']
    assert (options['smtp_tls_security_level'], options['smtp_tls_wrappermode'], options['smtp_sasl_auth_enable']) == (
        'none',
        'no',
        'no',
    )


@pytest.mark.parametrize(
    'parameters, expected',
    [
        ({'default_destination_rate_delay': '5s'}, {'conbool-hop_destination_rate_delay': '0s'}),
        ({'default_transport_rate_delay': '1m'}, {'conbool-hop_transport_rate_delay': '0s'}),
        ({'default_destination_concurrency_limit': '2'}, {'conbool-hop_destination_concurrency_limit': '20'}),
        (
            {
                'default_destination_rate_delay': '0s',
                'default_destination_concurrency_limit': '20',
                'default_transport_rate_delay': '0',
            },
            {},
        ),
        ({'default_destination_concurrency_limit': '50'}, {}),
    ],
)
def test_a_limit_for_each_destination_is_none_for_all_of_them_together(parameters, expected):
    assert configure(parameters=parameters)['parameters'] == dict(expected, default_transport=ROUTE)


def test_an_entry_that_keeps_the_default_transport_is_a_problem():
    assert configure()['problems'] == []
    problems = configure(
        kept=[{'table': 'hash:/etc/postfix/transport', 'key': 'partner.example', 'value': ':[gw.partner.example]'}]
    )['problems']
    assert len(problems) == 1
    for text in (
        'partner.example',
        "':[gw.partner.example]'",
        'hash:/etc/postfix/transport',
        "'smtp:[gw.partner.example]'",
    ):
        assert text in problems[0]
