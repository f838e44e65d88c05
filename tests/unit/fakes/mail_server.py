# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server without a host, the hop in front of the gateway, and settings for both."""

from __future__ import annotations

import contextlib
import copy

from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    MailServer,
    Part,
    QueueLook,
    Route,
    Verdict,
    Wanted,
)

SETTINGS = {
    'state': 'present',
    'domains': ['example.com', 'sub.example.co.uk'],
    'loop_headers': ['X-Conbool-example-com', 'X-Conbool-sub-example-co-uk'],
    'networks': ['192.0.2.0/28'],
    'allowed_networks': [],
    'wash_networks': [],
    'scope': 'all',
    'scope_senders': [],
    'site_routes': 'keep',
    'inbound': False,
    'inbound_require_certificate': True,
    'inbound_trust': False,
    'inbound_certificate_fingerprints': [],
    'bypass_calendar': True,
    'bypass_null_sender': True,
    'relay_host': 'mail.conbool.com',
    'relay_port': 25,
    'relay_destination': '[mail.conbool.com]:25',
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'tls_client_cert': None,
    'tls_client_key': None,
    'spam_delivery': 'auto',
    'roles': {
        'outbound_hop': {
            'config_dir': '/etc/conbool-hop',
            'queue_directory': '/var/spool/conbool-hop',
            'data_directory': '/var/lib/conbool-hop',
            'address': '',
            'port': 325,
            'return_address': '',
            'sbin_dir': '',
            'direct_tls_security_level': '',
            'parameters': {},
            'drain_timeout': 60,
            'listen': [],
            'listen_port': 25,
            'clients': [],
            'clients_without_tls': [],
            'tls_cert': '',
            'tls_key': '',
            'hostname': '',
            'message_size_limit': 0,
            'return_routes': {},
        },
        'remote_smarthost': {'mail_server': '', 'inbound_port': 327},
        'inbound_firewall': {'state': 'present', 'backend': 'auto', 'port': 25},
        'spam_delivery': {'state': 'present', 'folder': 'Junk', 'dovecot_directory': '/etc/dovecot'},
        'preflight': {'queue_megabytes': 1024, 'certificate_days': 14, 'queue_directories': []},
        'verify': {'queue_seconds': 0},
    },
}


class FakeModule:
    """What is used of AnsibleModule."""

    def __init__(self, check_mode=False, diff=False):
        self.check_mode, self._diff, self.params = check_mode, diff, {}
        self.run_command = self.get_bin_path = None


class FakeLook(QueueLook):
    """A queue with these messages, those that were put off, and those that a person has to see."""

    def __init__(self, messages=(), put_off=(), fails=None, stuck=()):
        self.found, self.fails, self.waiting = (list(messages), list(put_off)), fails, list(stuck)

    def begin(self):
        if self.fails:
            raise self.fails

    def end(self):
        return self.found

    def stuck(self):
        return self.waiting


class FakeServer(MailServer):
    """A mail server that does what it is told, and keeps what was done to it in C(done)."""

    NAME = 'fake'
    BYPASS_HINT = 'a hint'
    hop_decides = True

    def __init__(self, settings=None, **given):
        super().__init__(FakeModule(), dict(copy.deepcopy(SETTINGS), **(settings or {})))
        self.given, self.done = given, []

    def lock_directories(self):
        return ['/etc']

    def facts(self):
        return Facts('1.0', True, '/var/spool/fake', [], [], 'somewhere', 'firewall.somewhere')

    def part(self, name, fails=None, changed=True):
        def converge(module):
            self.done.append(name)
            if fails:
                raise fails
            return {'changed': changed, 'diff': [{'before': '', 'after': name}]}, [name + ' warns']

        return Part(name, converge)

    def wanted(self, facts, flag):
        return self.given.get('wanted', Wanted(parts=[self.part('one'), self.part('two', changed=False)]))

    def undo(self):
        return self.given.get('undo', [self.part('undo')])

    def leads_to_hop(self):
        return self.given.get('leads_to_hop', [])

    def routes(self, samples):
        through = self.given.get('through', lambda sample: sample['hop'])
        return [Route('this way', through(sample)) for sample in samples]

    def headers(self, lines):
        direct = self.given.get('direct', lambda line: line in self.given['marks'])
        return [Verdict(direct(line), 'it says so') for line in lines]

    def knows(self, certificate):
        return self.given.get('knows', '')

    def queue(self):
        return self.given.get('queue', FakeLook())

    def obstacles(self, facts):
        return self.given.get('obstacles', [])

    def doors(self):
        return self.given.get('doors', [])

    def arrivals(self):
        return self.given.get('arrivals', [])

    def stale(self):
        with contextlib.suppress(KeyError):
            raise self.given['stale']
        return []
