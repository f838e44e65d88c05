# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the programs of the hop are, said once and to everybody."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import server as made

from tests.unit.fakes.mail_server import SETTINGS, FakeModule, FakeServer


class Bundled(FakeServer):
    """A mail server that has a Postfix of its own."""

    hop_sbin_dir = '/opt/bundled/sbin'

    def __init__(self, module, settings):
        super().__init__(settings)
        self.settings = settings


@pytest.mark.parametrize('given, found', [('', '/opt/bundled/sbin'), ('/opt/sbin', '/opt/sbin')])
def test_who_has_a_postfix_of_its_own_says_so_unless_the_user_does(monkeypatch, given, found):
    settings = copy.deepcopy(SETTINGS)
    settings['roles']['outbound_hop']['sbin_dir'] = given
    before, asked = copy.deepcopy(settings), []
    monkeypatch.setattr(made, 'possible', lambda maker, sbin_dir: asked.append(sbin_dir) or True)
    monkeypatch.setattr(made, 'maker_of', lambda module: None)
    server = made.server_of(Bundled, FakeModule(), settings)
    assert server.settings['roles']['outbound_hop']['sbin_dir'] == found
    assert server.settings['roles']['verify'] == before['roles']['verify']
    assert server.hop_possible() and asked == [found]
    # Whoever gave them keeps them as they were.
    assert settings == before
