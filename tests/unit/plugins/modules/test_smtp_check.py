# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp import check
from ansible_collections.conbool.smtp_relay.plugins.modules import smtp_check

from tests.smtp.hostile import Certificates, HostileServer, Peer


@pytest.fixture(scope='module')
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp('certificates'))


@pytest.fixture
def run(capsys):
    """Run the module; return its exit status and its result."""

    def module(**arguments):
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            smtp_check.main()
        return left.value.code, json.loads(capsys.readouterr().out)

    return module


def test_healthy_server(run, certificates):
    with HostileServer(certificates.context()) as server:
        status, result = run(
            host='127.0.0.1',
            port=server.port,
            ca_file=certificates.ca_file,
            tls_name='mail.conbool.com',
            expect={'accepts': ['alice@example.com'], 'refuses': ['x@external.test'], 'min_days_left': 14},
        )
    assert status == 0
    assert (result['status'], result['healthy'], result['changed']) == ('SMTP reachable', True, False)
    assert result['servers'][0]['status'] == 'SMTP reachable'


def test_without_expect_nothing_fails(run, certificates):
    with HostileServer(certificates.expired()) as server:
        status, result = run(host='127.0.0.1', port=server.port, ca_file=certificates.ca_file)
    assert status == 0 and not result['healthy'] and not result.get('failed')
    assert result['status'].startswith(f'127.0.0.1 port {server.port}: the certificate expired')


@pytest.mark.parametrize('expect', [{}, {'min_days_left': 3}])
def test_with_expect_a_finding_fails_with_the_facts(run, certificates, expect):
    with HostileServer(certificates.expired()) as server:
        status, result = run(hosts=['127.0.0.1'], port=server.port, ca_file=certificates.ca_file, expect=expect)
    assert status == 1 and result['failed']
    assert 'the certificate expired' in result['msg'] and result['msg'] == result['status']
    assert result['servers'][0]['certificate']['days_left'] < 0


def test_one_bad_server_fails_all_and_the_results_of_the_others_are_there(run, certificates):
    with HostileServer(certificates.context('127.0.0.1')) as server:
        status, result = run(
            hosts=['127.0.0.1', '127.0.0.2'], port=server.port, ca_file=certificates.ca_file, expect={}
        )
    assert status == 1
    assert [row['healthy'] for row in result['servers']] == [True, False]
    assert result['msg'].startswith('127.0.0.2 port')


@pytest.mark.parametrize('check_mode', [True, False])
def test_check_mode_is_the_same(run, certificates, check_mode):
    with HostileServer(certificates.context()) as server:
        _status, result = run(host='127.0.0.1', port=server.port, _ansible_check_mode=check_mode)
        assert server.connections == 2
    assert not result.get('skipped') and result['servers'][0]['name_verified'] is True


@pytest.mark.parametrize(
    'arguments, named',
    [
        ({'hosts': []}, 'hosts: is empty'),
        ({'host': 'mail.conbool.com\nx'}, r"hosts: 'mail.conbool.com\nx' is neither"),
        ({'host': '127.0.0.1', 'port': 0}, 'port: 0'),
        ({'host': '127.0.0.1', 'expect': {'accepts': ['nobody']}}, "expect.accepts: 'nobody'"),
        ({'host': '127.0.0.1', 'ca_file': '/nonexistent'}, 'ca_file: /nonexistent'),
        (
            {'host': '127.0.0.1', 'client_cert': '/nonexistent', 'client_key': '/nonexistent2'},
            'client_cert: /nonexistent, client_key: /nonexistent2',
        ),
        (
            {'host': '127.0.0.1', 'client_cert': '/nonexistent'},
            'parameters are required together: client_cert, client_key',
        ),
    ],
)
def test_bad_options_are_named_and_no_server_is_asked(run, monkeypatch, arguments, named):
    monkeypatch.setattr(check, 'examine_all', lambda *_arguments: pytest.fail('a server was asked'))
    status, result = run(**arguments)
    assert status == 1 and named in result['msg']


def test_options_that_awx_sends_empty_count_as_unset(run, certificates):
    with HostileServer(certificates.context()) as server:
        status, result = run(
            host='127.0.0.1',
            port=server.port,
            ca_file='',
            client_cert='',
            client_key='',
            tls_name='',
            source_address='',
            helo_name='',
        )
    assert status == 0 and result['servers'][0]['matched_name'] == 'IP:127.0.0.1'


def test_what_a_server_sends_is_returned_as_harmless_text(run):
    with HostileServer(
        at={'banner': b'220 \x1b[31m{{ lookup("pipe", "id") }}\xff\x00\r\n', 'EHLO': Peer.hang_up}
    ) as server:
        status, result = run(host='127.0.0.1', port=server.port)
    assert status == 0
    assert result['servers'][0]['banner'] == '220 ?[31m{{ lookup("pipe", "id") }}\ufffd?'


def test_documented_facts_are_those_returned(run, certificates):
    documented = yaml.safe_load(smtp_check.RETURN)['servers']['contains']
    with HostileServer(certificates.context()) as server:
        _status, result = run(
            host='127.0.0.1', port=server.port, expect={'chain_verified': False, 'accepts': ['a@example.com']}
        )
    facts = result['servers'][0]
    assert set(facts) == set(documented)
    assert set(facts['certificate']) == set(documented['certificate']['contains'])
    assert set(facts['recipients'][0]) == set(documented['recipients']['contains'])
