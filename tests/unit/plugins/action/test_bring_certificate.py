# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate and key of the controller: handed over as they are, and shown nowhere."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.conbool.smtp_relay.plugins.action import bring_certificate
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import not_known

from tests.unit.fakes.asked import Asked, run

KEY = '-----BEGIN PRIVATE KEY-----\nc2VzYW1l\n-----END PRIVATE KEY-----\n'


@pytest.fixture(name='sources')
def fixture_sources(tmp_path):
    (tmp_path / 'pem').write_text('a certificate\n', encoding='utf-8')
    (tmp_path / 'key').write_text(KEY, encoding='utf-8')
    return {
        'conbool_tls_client_cert': '/etc/ssl/relay.pem',
        'conbool_tls_client_cert_source': str(tmp_path / 'pem'),
        'conbool_tls_client_key': '/etc/ssl/relay.key',
        'conbool_tls_client_key_source': str(tmp_path / 'key'),
    }


def test_certificate_and_key_are_handed_over_as_they_are_and_shown_nowhere(sources):
    asked = Asked(client_certificate={'changed': True, 'paths': ['/etc/ssl/relay.key']})
    result = run(bring_certificate, asked, sources)
    content = {'cert_content': 'a certificate\n', 'key_content': KEY}
    assert asked.calls == [
        ('client_certificate', {'cert': '/etc/ssl/relay.pem', 'key': '/etc/ssl/relay.key', **content})
    ]
    assert result == {'changed': True, 'paths': ['/etc/ssl/relay.key']}
    asked = Asked(
        client_certificate={'failed': True, 'changed': False, 'msg': 'the key does not belong to the certificate'}
    )
    result = run(bring_certificate, asked, sources)
    # With no_log at the task nobody would see why.
    assert result['msg'] == 'the key does not belong to the certificate' and KEY not in json.dumps(result)


def test_a_host_that_repeats_what_it_is_sent_shows_no_key(sources):
    sent = 'params = ' + json.dumps({'ANSIBLE_MODULE_ARGS': {'key_content': KEY}})
    asked = Asked(
        client_certificate={'failed': True, 'msg': 'no JSON', 'module_stdout': sent, 'module_stderr': 'sh: no'}
    )
    result = run(bring_certificate, asked, sources)
    assert (result['msg'], result['module_stderr']) == (not_known('no JSON'), 'sh: no')
    assert 'c2VzYW1l' not in json.dumps(result)


def test_a_key_of_a_vault_is_decrypted_into_no_file(sources, tmp_path, monkeypatch):
    secret = VaultSecret(b'sesame')
    key = tmp_path / 'key'
    key.write_bytes(VaultLib().encrypt(KEY, secret))
    monkeypatch.setattr(DataLoader, '_create_content_tempfile', Mock(side_effect=AssertionError('a file')))
    monkeypatch.setattr('tests.unit.fakes.asked.DataLoader', lambda: _loader(secret))
    asked = Asked(client_certificate={'changed': True, 'paths': []})
    run(bring_certificate, asked, sources)
    assert asked.calls[0][1]['key_content'] == KEY


def _loader(secret):
    loader = DataLoader()
    loader.set_vault_secrets([('default', secret)])
    return loader


def test_an_undo_needs_neither(sources):
    asked = Asked(client_certificate={'changed': True, 'paths': []})
    run(bring_certificate, asked, {'conbool_state': 'absent'})
    assert asked.calls == [('client_certificate', {'state': 'absent'})]


@pytest.mark.parametrize(
    'more, words',
    [
        ({'conbool_tls_client_key_source': ''}, 'conbool_tls_client_key_source: names no file'),
        ({'conbool_tls_client_cert_source': '/no/such'}, 'conbool_tls_client_cert_source: /no/such cannot be read'),
        # In DER.
        ({'conbool_tls_client_cert_source': '/bin/true'}, 'conbool_tls_client_cert_source: /bin/true cannot be read'),
    ],
)
def test_a_source_that_is_not_there_is_named_and_nothing_is_written(sources, more, words):
    asked = Asked()
    result = run(bring_certificate, asked, {**sources, **more})
    assert result['failed'] and words in result['msg'] and len(result['problems']) == 1 and asked.calls == []
