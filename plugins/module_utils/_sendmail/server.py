# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail as a mail server that uses the gateway, by its own rules or through the outbound hop. Private to this
collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    Hop,
    MailServer,
    Part,
    Route,
    Verdict,
    Wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import (
    complaints,
    host_in_brackets,
    warnings,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.converge import converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.daemon import Daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import OWNER, Paths, facts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.hop import identity
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import MAILER, render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.routes import (
    DIRECT,
    Look,
    Queue,
    header_action,
    route,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.running import (
    lost_pid_file,
    map_rows,
    running_rows,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

TIMEOUT = 30


class SendmailServer(MailServer):
    """The Sendmail of this host."""

    NAME = 'sendmail'
    BYPASS_HINT = 'mailertable and rules of your own in sendmail.mc win over it.'

    @property
    def _paths(self) -> Paths:
        return Paths(self.options['paths'])

    @property
    def hop_decides(self) -> bool:
        return self.options['decision'] == 'hop'

    def _hop(self) -> dict[str, Any] | None:
        """Return C(address), C(port) and C(wash_port) of the hop, None where Sendmail decides by itself."""
        if not self.hop_decides:
            return None
        hop = self.settings['roles']['outbound_hop']
        return {'address': hop['address'], 'port': hop['port'], 'wash_port': self.options['wash_port']}

    def _program(self) -> Program:
        return Program(self.module.run_command, self._paths.sendmail, self._paths.m4_command)

    def _cf(self) -> SendmailCf:
        return SendmailCf(decode(read_file(self._paths.cf).data or b''))

    def lock_directories(self) -> list[str]:
        return [self._paths.config_dir]

    def facts(self) -> Facts:
        info = facts(self.module.run_command, self._paths, self.settings['domains'], 'conbool_domains')
        return Facts(
            version=info['version'],
            running=info['running'],
            queue_directory=info['queue_directory'],
            deliveries=info['deliveries'],
            relay_networks=info['relay_networks'],
            relay_networks_from='relay-domains (class R) or the access map (Connect:)',
            relay_networks_row='firewall.relay_networks',
            parts=[OWNER] if OWNER in info['file_owners'] else [],
            native=info,
            lost=self._lost(info),
        )

    def _lost(self, info: Mapping[str, Any]) -> str:
        if info['running']:
            return ''
        strangers = Daemon(self.module.run_command, info['pid_file'], info['queue_directory']).strangers()
        return lost_pid_file(info['pid_file'], strangers) if strangers else ''

    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        hop, info, settings = self._hop(), facts.native, self.settings
        problems = complaints(settings, info, hop and hop['address'])
        if problems:
            return Wanted(problems=problems)
        content = render(settings, info, self.options['system_ca_file'], settings['wash_networks'], flag, hop)
        routes = [
            {'recipient': recipient, 'mailer': MAILER} for recipient in ('someone@' + OUTSIDE, 'someone@[192.0.2.1]')
        ]
        return Wanted(
            warnings=warnings(settings, info),
            hop=Hop({'expanded': identity(info)}, own_programs=True, wash_port=hop['wash_port']) if hop else None,
            parts=[self._part('present', content, routes)],
        )

    def _part(self, state: str, content: str | None = None, routes: Iterable[dict[str, str]] = ()) -> Part:
        options = {
            'paths': self.options['paths'],
            'content': content,
            'routes': list(routes),
            'state': state,
            'timeout': TIMEOUT,
        }
        return Part(OWNER, lambda module: converge(module, options))

    def undo(self) -> list[Part]:
        return [self._part('absent')]

    def leads_to_hop(self) -> list[str]:
        port = self.settings['roles']['outbound_hop']['port']
        leads = re.compile(r'[^#\n]*\{conbool_port\} \$@ ' + f'{port} ')
        text = decode(read_file(self._paths.cf).data or b'')
        return [self._paths.cf] if any(map(leads.match, text.split('\n'))) else []

    def _way(self, sender: str, recipient: str) -> dict[str, str]:
        return route(self._program(), self._paths.cf, sender, recipient)

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        hop = self._hop()
        host, port = (
            (hop['address'], hop['port'])
            if hop
            else (
                self.settings['relay_host'],
                self.settings['relay_port'],
            )
        )
        gateway = f'{host_in_brackets(host)}:{port}'
        seen = [self._way(sample['sender'], sample['recipient']) for sample in samples]
        return [
            Route(
                '{}:{}'.format(found['mailer'], found['next_hop']) if found['next_hop'] else found['mailer'],
                found['next_hop'] == gateway,
            )
            for found in seen
        ]

    def null_sender_through(self) -> bool:
        # What goes direct is the hop's affair.
        return self.hop_decides or not self.settings['bypass_null_sender']

    def headers(self, lines: list[str]) -> list[Verdict] | None:
        if self.hop_decides:
            return None
        program, cf = self._program(), self._cf()
        said = [header_action(program, self._paths.cf, cf.header_checks, line) for line in lines]
        return [Verdict(action == DIRECT, f'the mail server says {action!r}') for action in said]

    def running(self) -> list[dict[str, Any]]:
        program, paths = self._program(), self._paths
        rows = running_rows(self.module.run_command, program, paths)
        return rows + map_rows(program, paths, self.settings, self.hop_decides)

    def queue(self) -> Look:
        hop = self._hop()
        return Look(Queue(self._cf().queue_directory), hop['address'] if hop else self.settings['relay_host'])
