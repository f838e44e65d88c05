# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module inbound_firewall as Ansible runs it: with its own options, or with the settings, as its role hands them."""

from __future__ import annotations

import copy
import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.modules import inbound_firewall

from tests.unit.fakes.mail_server import SETTINGS
from tests.unit.fakes.toy import ROOT

NETWORKS = {'networks': ['192.0.2.0/24'], 'allowed_networks': ['10.0.0.0/8']}
ABSENT = {'roles': {'inbound_firewall': {'state': 'absent'}}}
CLIENTS = {'roles': {'outbound_hop': {'clients': ['10.1.0.0/24'], 'listen_port': 2525}}}


@pytest.fixture(name='asked')
def fixture_asked(monkeypatch, capsys, tmp_path):
    """Run the module; return what is asked of the firewall, and the options that an answer has, where it has any."""
    seen = []

    def converge(module, asked):
        seen.append((asked, module.params))
        return {}, []

    monkeypatch.setattr(inbound_firewall, 'converge', converge)
    real = inbound_firewall.run
    monkeypatch.setattr(inbound_firewall, 'run', lambda module, folders, work: real(module, [str(tmp_path)], work))

    def ask(**arguments):
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            inbound_firewall.main()
        answer = json.loads(capsys.readouterr().out)
        assert left.value.code == 0, answer
        return seen.pop()

    return ask


def settings(*, roles=None, **more):
    found = copy.deepcopy({**SETTINGS, 'inbound': True, **NETWORKS, **more})
    for role, options in (roles or {}).items():
        found['roles'][role].update(options)
    return found


@pytest.mark.parametrize(
    'more, state, networks, port, variable',
    [
        ({}, 'present', ['192.0.2.0/24', '10.0.0.0/8'], 25, 'inbound_firewall_port'),
        ({'state': 'absent'}, 'absent', None, 25, 'inbound_firewall_port'),
        (ABSENT, 'absent', None, 25, 'inbound_firewall_port'),
        ({'inbound': False}, 'absent', None, 25, 'inbound_firewall_port'),
        # Mail servers on other machines come, whether or not there is mail from the gateway.
        ({**CLIENTS, 'inbound': False}, 'present', ['10.1.0.0/24'], 2525, 'outbound_hop_listen_port'),
        ({**CLIENTS, 'state': 'absent'}, 'absent', None, 2525, 'outbound_hop_listen_port'),
    ],
)
def test_the_settings_say_who_gets_to_which_port(asked, more, state, networks, port, variable):
    found, told = asked(settings=settings(**more))
    assert (found['state'], found['port'], found['names']['port']) == (state, port, variable)
    assert networks in (None, found['networks'])
    # Where connections are turned, whoever does that decides; and the answer is not filled with all settings.
    assert found['redirect_port'] is None and 'settings' not in told


def test_without_settings_its_own_options_count(asked):
    found, told = asked(networks=['192.0.2.0/24'], port=2525, redirect_port=327, redirect_networks=['192.0.2.1'])
    assert (found['networks'], found['port'], found['redirect_port']) == (['192.0.2.0/24'], 2525, 327)
    assert told['port'] == 2525


def test_the_role_hands_on_the_settings_and_decides_nothing():
    folder = ROOT / 'roles/inbound_firewall'
    (task,) = yaml.safe_load((folder / 'tasks/main.yml').read_text())
    assert task['conbool.smtp_relay.inbound_firewall'] == {'settings': '{{ conbool_settings }}'}
    assert not (folder / 'vars').exists()
