# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Postfix on which whole runs of postfix_config are played."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import server as postfix

from tests.unit.fakes.mail_server import SETTINGS, FakeModule
from tests.unit.fakes.postfix import FakePostfix
from tests.unit.fakes.postfix_server import OPTIONS


@pytest.fixture
def fake(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, 'BASE', str(tmp_path / 'state' / 'postfix'))
    return FakePostfix(tmp_path, monkeypatch)


@pytest.fixture
def bare(fake):
    """A host without any instance."""
    shutil.rmtree(fake.config_dir)
    shutil.rmtree(fake.queue)
    fake.running = False
    return fake


@pytest.fixture(name='server')
def fixture_server(tmp_path, monkeypatch):
    """Makes the adapter of a Postfix, with variables of its role and settings."""
    monkeypatch.setattr(postfix.account, 'problems', lambda module, name: [])
    monkeypatch.setattr(postfix.account, 'there', lambda name: False)

    def make(options=None, **settings):
        options = dict(OPTIONS, config_dir=str(tmp_path), **(options or {}))
        roles = dict(SETTINGS['roles'], postfix_smarthost=options)
        return postfix.PostfixServer(FakeModule(), dict(SETTINGS, roles=roles, **settings))

    return make
