# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Postfix's files leads mail to the hop."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration

from tests.unit.fakes.outbound import SETTINGS


@pytest.mark.parametrize('table', ['senders', 'override', 'outside'])
def test_a_table_of_ours_leads_to_the_hop(server, tmp_path, table):
    (tmp_path / 'main.cf').write_text(f'transport_maps = regexp:/etc/postfix/conbool_{table}, x\n', encoding='utf-8')
    assert server().leads_to_hop() == [str(tmp_path / 'main.cf')]


@pytest.mark.parametrize('scope', ['all', 'senders'])
def test_a_configuration_in_front_of_the_hop_leads_to_it(server, tmp_path, scope):
    found = outbound_configuration(
        dict(SETTINGS, scope=scope, scope_senders=['a@example.com']),
        {'parameters': {}, 'expanded': {}, 'services': [], 'config_dir': '/etc/postfix'},
        {'address': '127.0.0.1', 'port': 325, 'wash_submission': False},
    )
    routes = [
        item
        for item in found['parameters'].items()
        if item[0] in ('default_transport', 'sender_dependent_default_transport_maps')
    ]
    assert len(routes) == 1
    name, value = routes[0]
    for text, leads in ((f'{name} = {value}', True), (f'  -o {name}={value}', True), (f'# {name} = {value}', False)):
        (tmp_path / 'master.cf').write_text(f'smtp inet n\n{text}\n', encoding='utf-8')
        assert server().leads_to_hop() == [str(tmp_path / 'master.cf')] * leads


@pytest.mark.parametrize(
    'line',
    [
        'conbool-hop  unix  -  -  n  -  -  smtp',
        'transport_maps = hash:/etc/conbool-hop/x',
        'myhostname = conbool-hop.mx.example.com',
        'relayhost = [mail.conbool.com]:25',
    ],
)
def test_what_only_looks_alike_leads_nowhere(server, tmp_path, line):
    (tmp_path / 'main.cf').write_text(line + '\n', encoding='utf-8')
    assert server().leads_to_hop() == []
