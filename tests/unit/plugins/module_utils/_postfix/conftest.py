# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Postfix on which whole runs of postfix_config are played."""

from __future__ import annotations

import shutil

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal

from tests.unit.fakes.postfix import FakePostfix


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
