# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kerio_probe: the form of answers, and nothing that stands in them."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.probe import shape
from ansible_collections.conbool.smtp_relay.plugins.modules import kerio_probe

from lab.kerio import company

pytest_plugins = ['tests.kerio.adapter']

# Every text that somebody has set, or that tells who somebody is.
OWN = (
    'example',
    'alice',
    'Partner',
    'partner',
    'provider',
    'company',
    'lottery',
    'Newsletter',
    'Branch',
    '10.2.0.0',
    'secret',
)


@pytest.fixture(name='probed')
def fixture_probed(host, capsys):
    """probed(kerio) -> (exit status, result)."""

    def call(kerio):
        arguments = {'settings': kerio.server().settings, **kerio.params}
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            kerio_probe.main()
        return left.value.code, json.loads(capsys.readouterr().out)

    return call


def prepare(state):
    company.settle(state)
    company.group(state, 'Branch', {'type': 'Network', 'addr1': '10.2.0.0', 'addr2': '255.255.0.0'})


@pytest.mark.parametrize('version', ['9.2', '10.0.8', 'next'])
def test_it_tells_the_form_and_nothing_else(host, probed, version):
    kerio = host(version, prepare=prepare)
    kerio.double.state.control.forbid_sets = 'a probe'
    status, result = probed(kerio)
    found = result['answers']
    assert (status, result['changed']) == (0, False)
    assert found['Smtp.get']['server']['readerHops'] == 30 and found['Smtp.get']['server']['useSSL'] == 'boolean'
    rule = found['Smtp.getRelayDeliveryRuleList']['list'][0]
    assert rule['description'] == 'text' and rule['condition']['test'] == 'word RelayCondSender'
    assert rule['id'].startswith('id keriodb://rule/') and rule['authentication']['password'] == 'empty text'
    columns = found['columns of Smtp.getRelayDeliveryRuleList']['columns']
    assert {'word hostName', 'word condition'} <= set(columns)
    lists = ('Content.getCustomRuleList', 'IpAddressGroups.get')
    assert all(len(found[f'columns of {name}']['columns']) > 3 for name in lists)
    assert found['Version.getProductVersion']['productVersion']['releaseType'] == 'word Final'
    assert found['a method that is none'] == {'refused': -32601}
    assert found['a parameter too few'] == {'refused': -32602}
    told = json.dumps(found)
    assert [text for text in (*OWN, *kerio.double.secrets()) if text in told] == []


def test_calls_that_hang_are_told_so(host, probed, monkeypatch):
    kerio = host(prepare=prepare, unknown_method='hang')
    monkeypatch.setattr('ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.probe.PATIENCE', 0.5)
    assert probed(kerio)[1]['answers']['a method that is none'] == {'silent': True}


def test_without_a_password_nothing_is_asked(host, probed):
    kerio = host()
    kerio.params = {}
    status, result = probed(kerio)
    assert status == 1 and 'kerio_smarthost_password is empty' in result['msg']


@pytest.mark.parametrize(
    'name, value, form',
    [
        ('type', 'Host', 'word Host'),
        ('type', 'mail.example.com', 'text'),
        ('status', 'deferred: alice is away', 'text'),
        ('description', 'Host', 'text'),
        ('id', 'keriodb://ipgroup/Branch 12', 'id keriodb://ipgroup/xxxxxx?00'),
        ('value', 30, 'number'),
        ('tagScore', 50, 50),
        ('columns', ['a1', 'b2', 'c3', 'd4'], ['word a1', 'word b2', 'word c3', 'word d4']),
        ('x', [1, 2, 3, 4], ['number', 'number', 'number', '...']),
        ('x', None, 'null'),
    ],
)
def test_forms(name, value, form):
    assert shape(value, name) == form
