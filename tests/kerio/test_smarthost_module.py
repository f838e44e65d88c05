# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kerio_smarthost and kerio_verify as Ansible runs them, as far as they go without a host."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import smarthost
from ansible_collections.conbool.smtp_relay.plugins.modules import kerio_smarthost, kerio_verify

from lab.kerio import company
from lab.kerio.double import PASSWORD

pytest_plugins = ['tests.kerio.adapter']


@pytest.fixture(name='call')
def fixture_call(host, capsys, monkeypatch):
    """call(MODULE, kerio, **options) -> (exit status, result); neither in it nor in the host's log is a secret."""
    logged = []
    monkeypatch.setattr(AnsibleModule, 'log', lambda self, text, log_args=None: logged.append((text, log_args)))

    def call(module, kerio, **options):
        server = kerio.server()
        arguments = {'settings': server.settings, **kerio.params, **options, '_ansible_check_mode': True}
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            module.main()
        said = capsys.readouterr()
        # What it was called with is shown by -vvv, and not logged.
        assert 'Invoked with' not in str(logged)
        shown = said.out + said.err + str(logged)
        assert [secret for secret in kerio.double.secrets() if secret in shown] == []
        return left.value.code, json.loads(said.out)

    return call


def brief(rows):
    return {(row['id'], row['status']) for row in rows}


def test_preflight(host, call, tmp_path):
    kerio = host(open_465=False, settings={'site_routes': 'override'})
    status, result = call(kerio_smarthost, kerio, stage='preflight')
    assert (status, result['changed']) == (0, False)
    rows = result['rows']
    assert {('mta.ok', 'green'), ('mta.account', 'green'), ('inbound.direct', 'green')} <= brief(rows)
    # Nobody listens on port 25 here, where the double's would be; that of a test is elsewhere.
    assert {identifier for identifier, status in brief(rows) if status == 'red'} <= {'hop.return', 'queue.space'}


def test_preflight_of_a_server_that_is_too_old(host, call):
    status, result = call(kerio_smarthost, host('8.5'), stage='preflight')
    (row,) = result['rows']
    assert (status, row['id'], row['status']) == (0, 'mta.failed', 'red')
    assert 'Kerio Connect 9.0 or newer is needed' in row['finding']


def test_preflight_without_a_password(host, call):
    kerio = host()
    kerio.params = {}
    (row,) = call(kerio_smarthost, kerio, stage='preflight')[1]['rows']
    assert row['status'] == 'red' and 'kerio_smarthost_password is empty' in row['finding']


def two_factors(kerio):
    company.person(kerio.double.state, 'admin').update(_two_factors=True, _application_password='second-secret')
    kerio.options['user'] = 'admin'
    kerio.params['password'] = company.PASSWORD


def switched_off(kerio):
    kerio.double.state.data['remote']['isEnabled'] = False


@pytest.mark.parametrize(
    'prepare, cause',
    [
        (two_factors, 'has to show a second factor (2FA)'),
        (switched_off, 'remote administration is probably switched off'),
    ],
)
def test_preflight_names_why_nobody_gets_in(host, call, prepare, cause):
    kerio = host()
    prepare(kerio)
    (row,) = call(kerio_smarthost, kerio, stage='preflight')[1]['rows']
    assert (row['id'], row['status']) == ('mta.failed', 'red') and cause in row['finding']


def test_a_wrong_password_is_tried_once(host, call):
    """A few failures block the address, for the administrator as well."""

    def prepare(state):
        state.data['security']['antiHammering'].update(failedLoginsToBlock=2, minutesToBlock=3)

    kerio = host(prepare=prepare)
    kerio.params['password'] = 'mistyped'
    rows = call(kerio_verify, kerio)[1]['rows']
    said = [row['finding'] for row in rows if 'refused the log-in of Admin' in row['finding']]
    assert len(said) == 4 and len(set(said)) == 1 and 'wrong user name or password' in said[0]
    kerio.params['password'] = PASSWORD
    assert kerio.server().facts().version


def test_verify_tells_what_is_wrong(host, call, monkeypatch):
    kerio = host(open_465=False, settings={'site_routes': 'override'})
    # Neither is on the host of a test.
    kerio.settings['roles']['inbound_firewall']['state'] = 'absent'
    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: False)
    monkeypatch.setattr(smarthost.hop, 'problems', lambda *dummy: [])
    monkeypatch.setattr(smarthost.hop, 'present', lambda *dummy: ({'changed': False}, []))
    assert ('route.bypass', 'red') in brief(call(kerio_verify, kerio)[1]['rows'])
    kerio.apply()
    rows = call(kerio_verify, kerio)[1]['rows']
    found = brief(rows)
    assert {('route.ok', 'green'), ('queue.ok', 'green'), ('route.counted', 'green')} <= found
    assert not {('route.bypass', 'red'), ('inbound.door', 'red'), ('drift.kerio_smarthost', 'red')} & found
    kerio.double.state.service('SMTP')['group']['isUsed'] = False
    rows = call(kerio_verify, kerio)[1]['rows']
    (drift,) = [row for row in rows if row['id'] == 'drift.kerio_smarthost']
    assert drift['status'] == 'red' and 'service SMTP' in drift['finding'] + drift['target']
