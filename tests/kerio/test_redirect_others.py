# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode redirect on a host that has another mail server, at an address of its own."""

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import redirect

from .test_redirect import fixture_redirected  # noqa: F401

pytest_plugins = ['tests.kerio.adapter']


@pytest.mark.parametrize(
    'address, own, refused',
    [
        ('0.0.0.0', os.getppid(), True),
        ('0.0.0.0', os.getpid(), False),
        # No mail of the gateway is for it.
        ('127.0.0.1', os.getppid(), False),
        # That one does not run is said elsewhere.
        ('0.0.0.0', None, False),
    ],
)
def test_its_mail_would_be_led_to_the_hop(redirected, monkeypatch, address, own, refused):
    kerio = redirected()
    monkeypatch.setattr(redirect, 'pid', lambda: own)
    with socket.create_server((address, 0)) as other:
        port = other.getsockname()[1]
        kerio.settings['roles']['inbound_firewall']['port'] = port
        found = [
            problem for problem in kerio.wanted().problems if f'port {port} is held by pid {os.getpid()}' in problem
        ]
    assert len(found) == refused
    assert not refused or 'at 0.0.0.0 as well' in found[0] and 'kerio_smarthost_inbound' in found[0]
