# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for all of it: a host that stays as it is delivered, and one that has the gateway."""

from __future__ import annotations

import os
import socket

import pytest

from lab.engine import CLONE
from tests.checks import runs

PLAIN, RELAYED = 'postfix-debian12', 'postfix-debian13'
BROKEN = 'broken.test'
# Past the gateway, and nothing else of what is asked for.
BROKEN_ZONE = '@ MX 10 mail.conbool.com.\n@ MX 20 mx.external.test.\n'
KERIO = 'mkdir -p /opt/kerio/mailserver && touch /opt/kerio/mailserver/mailserver.cfg /opt/kerio/mailserver/mailserver'
NO_KERIO = 'rm -r /opt/kerio'


@pytest.fixture(scope='module', name='lab')
def fixture_lab(borrowed):
    with borrowed.hosts(PLAIN, RELAYED) as lab:
        lab.add_zone(BROKEN, BROKEN_ZONE)
        yield lab
        lab.gateway.reset()


@pytest.fixture(scope='module', name='variables')
def fixture_variables(lab):
    """The inventory of a company whose checks are all green."""
    return {
        'conbool_domains': ['example.com', 'sub.example.co.uk'],
        'conbool_inbound': False,
        'conbool_dns_servers': [lab.addresses['resolver'][0]],
        'conbool_dns_dkim_selectors': ['conbool'],
        'conbool_tls_ca_file': '/etc/ssl/lab/ca.pem',
        'conbool_tls_client_cert': '/etc/ssl/lab/client.pem',
        'conbool_tls_client_key': '/etc/ssl/lab/client.key',
        'preflight_queue_megabytes': 100,
    }


@pytest.fixture(name='play')
def fixture_play(lab, variables, tmp_path):
    """play(playbook, {name: variables, ...}, *options): see runs.play; each name stands for the plain host unless it
    says otherwise."""
    return lambda playbook, hosts, *options: runs.play(
        lab, playbook, {name: {'node': PLAIN, **variables, **more} for name, more in hosts.items()}, tmp_path, *options
    )


@pytest.fixture(name='gateway')
def fixture_gateway(lab):
    yield lab.gateway
    lab.gateway.set()


class SilentServer:
    """A name server that takes every question and answers none."""

    # Two clones may ask one at the same time, and so may two processes of one.
    address = '127.{}.{}.{}'.format(
        *bytes.fromhex(CLONE)[:2], 53 + int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:])
    )

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((self.address, 53))

    def asked(self):
        """How many questions came since the last time."""
        number = 0
        while True:
            try:
                self._socket.recv(4096)
            except BlockingIOError:
                return number
            number += 1

    def close(self):
        self._socket.close()


@pytest.fixture(name='silent')
def fixture_silent():
    server = SilentServer()
    yield server
    server.close()
