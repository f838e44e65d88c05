# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's certificate is not for clients, and is renewed with another key."""

from __future__ import annotations

import json

import pytest

from tests.flow import playbook

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix', full=['sendmail'])]

MESSAGE = b'From: x@external.test\r\nSubject: flow-renewed\r\n\r\nhello\r\n'


def test_a_renewed_key_is_learnt_and_the_former_one_is_kept(lab, fresh_host, variables_of, tmp_path):
    lab, host = lab.lab, fresh_host
    variables = dict(variables_of('default'), conbool_preflight='skip', conbool_report_dir=str(tmp_path))

    def accepted(*certificates):
        replies = [
            lab.gateway.send(host, 'x@external.test', ['alice@example.com'], MESSAGE, client_cert=name)
            for name in certificates
        ]
        assert all(reply['accepted'] or '450' in str(reply) for reply in replies), replies
        return [name for name, reply in zip(certificates, replies) if reply['accepted']]

    def known():
        playbook.run(lab, host, 'verify.yml', variables)
        rows = json.loads((tmp_path / 'verify.json').read_text())['hosts'][host]['verify']['rows']
        return [row['status'] for row in rows if row['id'] == 'inbound.certificate']

    every = ('server_only', 'renewed', 'unknown_ca')
    try:
        playbook.apply(lab, host, variables)
        assert accepted(*every) == ['server_only'] and known() == ['green']
        lab.gateway.set('renewed')
        assert accepted(*every) == ['server_only'] and known() == ['red']
        # What cannot be verified is not learnt, and what was learnt stays.
        lab.gateway.set('unknown_ca')
        assert playbook.apply(lab, host, variables).changed == []
        lab.gateway.set('renewed')
        assert playbook.apply(lab, host, variables).changed
        assert accepted(*every) == ['server_only', 'renewed'] and known() == ['green']
        assert playbook.apply(lab, host, variables).changed == []
    finally:
        lab.gateway.set()
    # Nor is anything forgotten by a gateway that is away, or shows one of several keys.
    assert playbook.apply(lab, host, variables).changed == []
    lab.gateway.set('down')
    try:
        assert playbook.apply(lab, host, variables).changed == []
        assert accepted(*every) == ['server_only', 'renewed']
    finally:
        lab.gateway.set()
