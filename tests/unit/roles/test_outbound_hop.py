# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role takes for a mail server that still leads its mail to the hop."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import ROUTE

ROLE = Path(__file__).resolve().parents[3] / 'roles' / 'outbound_hop'
LEAD = yaml.safe_load((ROLE / 'vars' / 'main.yml').read_text(encoding='utf-8'))['__outbound_hop_lead'].replace(
    '{{ outbound_hop_port }}', '10027'
)


def leads(text):
    # As ansible.builtin.find does it: line by line, from the beginning of the line.
    return [line for line in text.splitlines() if re.match(LEAD, line)]


def sendmail_rules(gateway, port):
    return ROUTE % {
        'null_sender': '',
        'bounce': '',
        'scope': '',
        'gateway': gateway,
        'port': port,
        'check': hop.WASH % 10028,
        'before': '',
    }


@pytest.mark.parametrize('scope', ['all', 'senders'])
def test_postfix_that_the_role_has_changed_leads_to_the_hop(scope):
    settings = {'scope': scope, 'scope_senders': ['a@example.com']}
    wanted = outbound_configuration(
        settings,
        {'parameters': {}, 'expanded': {}, 'services': [], 'config_dir': '/etc/postfix'},
        {'address': '127.0.0.1', 'port': 10027, 'wash_submission': False},
    )
    routes = [
        (name, value)
        for name, value in wanted['parameters'].items()
        if name in ('default_transport', 'sender_dependent_default_transport_maps')
    ]
    assert len(routes) == 1
    for name, value in routes:
        assert leads(f'{name} = {value}')
        assert leads(f'  -o {name}={value}')
        assert not leads(f'# {name} = {value}')


def test_sendmail_before_the_hop_leads_to_it_and_before_the_gateway_does_not():
    assert len(leads(sendmail_rules('[127.0.0.1]', 10027))) == 1
    assert not leads(sendmail_rules('[mail.conbool.com]', 25))


@pytest.mark.parametrize(
    'line',
    [
        'conbool-hop  unix  -  -  n  -  -  smtp',
        'transport_maps = hash:/etc/conbool-hop/x',
        'myhostname = conbool-hop.mx.example.com',
        'relayhost = [mail.conbool.com]:25',
    ],
)
def test_what_only_looks_alike_leads_nowhere(line):
    assert not leads(line)
