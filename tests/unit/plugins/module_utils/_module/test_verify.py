# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module by which a mail server is verified."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import handed, questions, verify
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows import handshake

from tests.unit.fakes.mail_server import SETTINGS, FakeModule, FakeServer


class Hop:
    """One that can tell whether its clients read /etc/hosts, or not."""

    def __init__(self, dns_only):
        self.dns_only = dns_only


def away():
    raise HostError('there is no /etc/conbool-hop')


@pytest.mark.parametrize(
    'dns_only, decides, known',
    [(lambda: True, True, True), (lambda: False, True, False), (away, True, False), (lambda: True, False, False)],
)
def test_the_gateway_is_asked_once_by_whoever_wants_to_know(monkeypatch, dns_only, decides, known):
    asked, given = [], {}

    class Module(FakeModule):
        def __init__(self, **dummy):
            super().__init__()
            self.params = {'settings': dict(SETTINGS, inbound=True)}

        def exit_json(self, **result):
            given.update(result)

    def rows_of(server, settings, shown, more, **options):
        return [identifier for identifier, dummy, question in more for dummy in [question()]]

    server = FakeServer()
    server.module, server.settings, server.hop_decides = None, dict(SETTINGS, inbound=True), decides
    monkeypatch.setattr(handed, 'AnsibleModule', Module)
    monkeypatch.setattr(verify, 'server_of', lambda *dummy: server)
    monkeypatch.setattr(questions, 'HopServer', lambda *dummy: Hop(dns_only))
    monkeypatch.setattr(verify, 'rows_of', rows_of)
    monkeypatch.setattr(verify, 'drift_rows', lambda server, shown: [])
    monkeypatch.setattr(handshake, 'addresses', lambda settings, dns_only: asked.append(dns_only) or ['192.0.2.1'])
    monkeypatch.setattr(handshake, 'examined', lambda params: [({'host': '192.0.2.1'}, None)])
    monkeypatch.setattr(handshake, 'server_rows', lambda settings, result: [])
    verify.main(FakeServer)
    assert given['rows'] == ['gateway', 'drift'] and asked == [known]
