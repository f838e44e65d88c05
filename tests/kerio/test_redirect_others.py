# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode redirect where sockets stand against it: another mail server at an address of its own, none on loopback."""

from __future__ import annotations

import os
import socket

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import redirect

pytest_plugins = ['tests.kerio.adapter']


@pytest.mark.parametrize(
    # Numbers of processes would be names of tests, and others in each process of a run.
    'address, own, hop, refused',
    [
        ('0.0.0.0', 'another process', 'no process', True),
        ('0.0.0.0', 'this process', 'no process', False),
        # No mail of the gateway is for it.
        ('127.0.0.1', 'another process', 'no process', False),
        # That one does not run is said elsewhere.
        ('0.0.0.0', 'no process', 'no process', False),
        # From mode swap on, until it is changed.
        ('0.0.0.0', 'another process', 'this process', False),
    ],
)
def test_its_mail_would_be_led_to_the_hop(redirected, monkeypatch, address, own, hop, refused):
    kerio = redirected()
    processes = {'another process': os.getppid(), 'this process': os.getpid(), 'no process': None}
    monkeypatch.setattr(redirect, 'pid', lambda: processes[own])
    monkeypatch.setattr(redirect.instance, 'master', lambda queue: (processes[hop], True))
    with socket.create_server((address, 0)) as other:
        port = other.getsockname()[1]
        kerio.settings['roles']['inbound_firewall']['port'] = port
        found = [
            problem for problem in kerio.wanted().problems if f'port {port} is held by pid {os.getpid()}' in problem
        ]
    assert len(found) == refused
    assert not refused or 'at 0.0.0.0 as well' in found[0] and 'kerio_smarthost_inbound' in found[0]


def test_a_server_that_does_not_listen_on_loopback_is_refused(redirected):
    kerio = redirected()
    server = kerio.server()
    found = server.facts()
    found.native['site'].service('SMTP')['listeners'] = [{'type': 'RealIpAddress', 'address': '192.0.2.5', 'port': 25}]
    assert any('the hop hands mail on by 127.0.0.1' in each for each in server.wanted(found, False).problems)
