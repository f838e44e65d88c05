# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail as a mail server that uses the gateway, by its own rules or through the outbound hop. Private to this
collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import FileRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    Hop,
    MailServer,
    Part,
    Route,
    Verdict,
    Wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import addresses, shown_by_gateway
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import arrival_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import certificates
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
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.hop import identity, leads, users
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import MAILER, render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.routes import (
    DIRECT,
    Queue,
    SendmailQueueLook,
    header_action,
    route,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.running import (
    map_rows,
    running_rows,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.site_rules import SiteRules
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

TIMEOUT = 30
# What has it take mail of other hosts.
LISTEN = (
    'Take Addr=127.0.0.1 and Addr=::1 of port 25 out of DAEMON_OPTIONS in sendmail.mc, build sendmail.cf anew, and'
    ' restart Sendmail.'
)
NO_PROGRAMS = (
    'there is no Postfix on this host of which the outbound hop could be made, and apt knows of none (apt-get update)'
)
NATIVE = (
    "sendmail_smarthost_decision: auto leaves the decision to Sendmail's own rules. They do not see a calendar part"
    ' that is nested in a message, as it is in the invitations and replies of Outlook, Google, Apple and Thunderbird:'
    ' those go to the gateway. The outbound hop would see them, but: {}'
)


def _refused(settings: Mapping[str, Any]) -> list[str]:
    return (
        [
            'conbool_inbound_trust: Sendmail cannot let a client past checks of its own that are not known here. Set it'
            ' to false, and name the networks of conbool_networks where each check has its exceptions (access map:'
            ' "Connect:ADDRESS OK").'
        ]
        if settings['inbound_trust'] and settings['inbound']
        else []
    )


class SendmailServer(MailServer):
    """The Sendmail of this host."""

    NAME = 'sendmail'
    # With C(auto): whether the hop decides, None as long as nobody has asked.
    _chosen: bool | None = None
    BYPASS_HINT = 'mailertable and rules of your own in sendmail.mc win over it.'

    @property
    def _paths(self) -> Paths:
        return Paths(self.options['paths'])

    @property
    def hop_decides(self) -> bool:
        if self.options['decision'] != 'auto':
            return self.options['decision'] == 'hop'
        if self._chosen is None:
            # What is on the host is judged as it is: a hop that could be had by now is missed by nobody.
            text = decode(read_file(self._paths.cf).data or b'')
            self._chosen = leads(text) or (MAILER not in SendmailCf(text).mailers and self.hop_possible())
        return self._chosen

    def _choose(self, info: dict[str, Any]) -> list[str]:
        """With C(auto), have the hop decide unless there can be none, or something stands against it that does not
        stand against Sendmail's own rules.

        Returns:
            Why it does not.
        """
        if self.options['decision'] != 'auto':
            return []
        against = complaints(self.settings, info, hop_address(self.settings)) if self.hop_possible() else [NO_PROGRAMS]
        self._chosen = not against or (against != [NO_PROGRAMS] and bool(complaints(self.settings, info)))
        return [] if self._chosen else against

    def _hop(self) -> dict[str, Any] | None:
        """Return C(address), C(port) and C(wash_port) of the hop, None where Sendmail decides by itself."""
        if not self.hop_decides:
            return None
        hop = self.settings['roles']['outbound_hop']
        return {
            'address': hop_address(self.settings),
            'port': hop['port'],
            'wash_port': self.options['wash_port'],
        }

    @property
    def hop_wash(self) -> tuple[str, int]:
        return 'sendmail_smarthost_wash_port', self.options['wash_port']

    def _program(self) -> Program:
        return Program(self.module.run_command, self._paths.sendmail, self._paths.m4_command)

    def _cf(self) -> SendmailCf:
        return SendmailCf(decode(read_file(self._paths.cf).data or b''))

    def lock_directories(self) -> list[str]:
        return [self._paths.config_dir]

    def places(self) -> list[str]:
        return [self._paths.mc, self._paths.cf, self._paths.m4]

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
            certificate_files=[name for name in info['options'].get('servercertfile', '').split(',') if name],
            parts=[OWNER] if OWNER in info['file_owners'] else [],
            native=info,
            lost=self._lost(info),
        )

    def _lost(self, info: Mapping[str, Any]) -> str:
        if info['running']:
            return ''
        return Daemon(self.module.run_command, info['pid_file'], info['queue_directory']).left_behind()

    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        info, settings = facts.native, self.settings
        against = self._choose(info)
        hop = self._hop()
        problems = complaints(settings, info, hop and hop['address']) + _refused(settings)
        problems += certificates.of_keys(settings, info, facts.gateway) if settings['inbound'] else []
        if problems:
            return Wanted(problems=problems)
        m4 = read_file(self._paths.m4).data
        known = certificates.learnt(info, decode(m4 or b''), facts.gateway, FileRecord(OWNER).wrote(self._paths.m4, m4))
        content = render(settings, info, self.options['system_ca_file'], settings['wash_networks'], flag, hop, known)
        routes = [
            {'recipient': recipient, 'mailer': MAILER} for recipient in ('someone@' + OUTSIDE, 'someone@[192.0.2.1]')
        ]
        return Wanted(
            warnings=warnings(settings, info) + self._said(against) + certificates.warnings(settings, info, known),
            hop=self._hop_of(facts) if hop else None,
            parts=[self._part('present', content, routes)],
        )

    def _hop_of(self, facts: Facts) -> Hop:
        variable, port = self.hop_wash
        return Hop(
            {'expanded': identity(facts.native)},
            own_programs=True,
            wash_port=port,
            wash_variable=variable,
            users=users(facts.native),
        )

    def _said(self, against: list[str]) -> list[str]:
        if not against or not self.settings['bypass_calendar']:
            return []
        return [NATIVE.format(' | '.join(against))]

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
        text = decode(read_file(self._paths.cf).data or b'')
        return [self._paths.cf] if leads(text) else []

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

    def knows(self, certificate: Shown) -> str:
        cf = decode(read_file(self._paths.cf).data or b'')
        explicit = bool(self.settings['inbound_certificate_fingerprints'])
        if certificate.has(
            certificates.members(cf, certificates.NAMED if explicit else certificates.LEARNT), key=False
        ):
            return 'certificate'
        named = certificates.by_name(certificate, self.settings['tls_name'], cf)
        return 'name' if named and not explicit else ''

    def running(self) -> list[dict[str, Any]]:
        program, paths = self._program(), self._paths
        rows = running_rows(self.module.run_command, program, paths)
        return rows + map_rows(program, paths, self.settings, None if self.hop_decides else addresses(self.settings))

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        self._choose(facts.native)
        rules = SiteRules(self._program(), self._paths.cf, self.settings)
        rows = rules.client_rows()
        if self.settings['inbound'] and self.settings['inbound_certificate_fingerprints']:
            keys = certificates.of_keys(self.settings, facts.native, shown_by_gateway(self.settings))
            rows += [row('gateway.key', self.settings['relay_host'], RED, text) for text in keys]
        return rows if self.hop_decides else rows + rules.server_rows(addresses(self.settings), ours=False)

    def arrivals(self) -> list[dict[str, Any]]:
        cf, pid_file = self._cf(), self._program().describe(self._paths.cf)['pid_file']
        daemon = Daemon(self.module.run_command, pid_file, cf.queue_directory)
        # One that was left behind listens all the same; that nothing reloads it has a row of its own.
        pid = daemon.pid if daemon.running else next(iter(daemon.strangers()), None)
        return arrival_rows(self.settings['roles']['inbound_firewall']['port'], pid, LISTEN)

    def queue(self) -> SendmailQueueLook:
        hop = self._hop()
        return SendmailQueueLook(
            Queue(self._cf().queue_directory), hop['address'] if hop else self.settings['relay_host']
        )
