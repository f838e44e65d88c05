# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a customer's Postfix that are no part of the job, but would make it fail if it went by them."""

from __future__ import annotations

import pytest

from tests.flow import playbook
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix')]

# A relay host on port 465 and a delay between messages to the same destination; and a server that listens on its own
# address only, with TLS for all.
SETTINGS = [
    'relayhost=[relay.invalid]:465',
    'smtp_tls_wrappermode=yes',
    'smtp_tls_security_level=encrypt',
    'default_destination_rate_delay=3s',
    'inet_interfaces=%(ipv4)s',
    'smtpd_tls_security_level=encrypt',
    'mynetworks=127.0.0.0/8',
]
ALICE = 'alice@example.com'
RELEASED = ('X-Conbool-Released: yes',)
MANY = 10


def _case(name, recipient, where, headers=()):
    places = (Place(where, (recipient,)),) if where != 'bounce:alice' else (Place(where),)
    return Case(
        name,
        name,
        'unusual',
        'default',
        {'via': 'sendmail', 'from': ALICE, 'to': [recipient], 'headers': list(headers)},
        expect=places,
    )


CASES = [_case(f'to the gateway {number}', f'unusual{number}@external.test', 'gateway') for number in range(MANY)] + [
    _case('direct', 'unusual@external.test', 'direct', RELEASED),
    _case('back to its sender', 'unusual@bounce.test', 'bounce:alice', RELEASED),
]


def test_mail_finds_its_way_whatever_main_cf_says_of_other_ways(lab, fresh_host, adapter, variables_of):
    settings = [item % {'ipv4': lab.lab.nodes[fresh_host].ipv4} for item in SETTINGS]
    lab.lab.run(fresh_host, ['postconf', '-e', *settings])
    lab.lab.run(fresh_host, ['systemctl', 'restart', 'postfix'])
    playbook.apply(lab.lab, fresh_host, variables_of('outbound_only'))
    outcome = Engine(Site(lab.lab, fresh_host, adapter)).run(CASES)
    assert {result.case.name: result.problems + result.unverified for result in outcome.results if not result.ok} == {}


def test_an_entry_without_transport_is_refused_before_anything_is_changed(lab, fresh_host, variables_of):
    lab.lab.run(
        fresh_host,
        [
            'sh',
            '-ec',
            "echo 'external.test :[mx.external.test]' > /etc/postfix/transport && postmap /etc/postfix/transport",
        ],
    )
    lab.lab.run(fresh_host, ['postconf', '-e', 'transport_maps=hash:/etc/postfix/transport'])
    lab.lab.run(fresh_host, ['postfix', 'reload'])
    outcome = playbook.run(lab.lab, fresh_host, 'site.yml', variables_of('outbound_only'))
    assert outcome.returncode and outcome.changed == []
    assert "transport_maps: external.test has ':[mx.external.test]'" in '\n'.join(outcome.failures)
    lab.lab.run(
        fresh_host,
        [
            'sh',
            '-ec',
            "echo 'external.test smtp:[mx.external.test]' > /etc/postfix/transport && postmap /etc/postfix/transport",
        ],
    )
    playbook.apply(lab.lab, fresh_host, variables_of('outbound_only'))
