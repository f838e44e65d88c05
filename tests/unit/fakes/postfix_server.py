# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Postfix as everything else sees it, whose commands are played."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import server as postfix

OPTIONS = {
    'client_ca_file': '',
    'inbound_services': [],
    'wash_submission': False,
    'wash_services': [],
    'wash_port': 326,
    'flag_port': 327,
    'release_port': 328,
    'return_port': 329,
}
INFO = {
    'version': '3.7.11',
    'running': True,
    'queue_directory': '/var/spool/postfix',
    'deliveries': [],
    'config_dir': '/etc/postfix',
    'owners': ['postfix_smarthost_inbound'],
    'parameters': {},
    'expanded': {
        'mynetworks': '127.0.0.0/8 10.0.0.0/24',
        'message_size_limit': '0',
        'smtpd_tls_security_level': 'may',
        'smtpd_tls_cert_file': '/etc/ssl/server.pem',
    },
    'services': [
        {
            'name': 'smtp',
            'type': 'inet',
            'private': 'n',
            'unprivileged': '-',
            'chroot': 'y',
            'wakeup': '-',
            'max_processes': '-',
            'command': 'smtpd',
            'options': {},
        }
    ],
}
PARTS = ['postfix_smarthost_return', 'postfix_smarthost_outbound', 'postfix_smarthost_inbound']


class Instance:
    """A Postfix whose parameters are these, and whose tables are empty."""

    config_dir = '/etc/postfix'

    def __init__(self, **parameters):
        self._parameters = dict(parameters, queue_directory='/var/spool/postfix')

    def parameters(self, config_dir, names, expand=True):
        return {name: self._parameters[name] for name in names or self._parameters}, []

    def run(self, name, *arguments):
        return 1, b'', b''


def told(server, monkeypatch, *services, expanded=None, running=True):
    """Return the rows of a preflight and of a verification, and what a run warns of and refuses."""
    values = dict(INFO['expanded'], inet_interfaces='all', **(expanded or {}))
    info = dict(INFO, services=[*INFO['services'], *services], parameters=values, expanded=values, running=running)
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (info, []))
    monkeypatch.setattr(server, '_instance', Instance)
    facts = server.facts()
    before, after = ([(row['id'], row['target']) for row in rows] for rows in (server.obstacles(facts), server.doors()))
    found = server.wanted(facts, False)
    return before, after, found.warnings, found.problems


SMTPD = dict(INFO['services'][0], name='2525')
DOOR = ('inbound.door', '2525/inet')
