# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim as a mail server that uses the gateway, and decides by itself which mail does. Private to this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import certificates, compatibility
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.acl import not_asked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program, Way
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.converge import (
    PID_FILE,
    Wish,
    converge,
    made_differs,
    marks,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.daemon import Daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import (
    CONFIG_DIR,
    MADE,
    client_paths,
    hand_path,
    is_by_hand,
    own_paths,
    present,
    template_path,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import facts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.includes import OWNER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.judging import judging
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.layout import by_hand, configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.queue import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.stranger import unread
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import GATEWAY_ROUTER, TRANSPORT, render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import FileRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import (
    Facts,
    MailServer,
    Part,
    Route,
    Verdict,
    Wanted,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import shown_by_gateway
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import arrival_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import certain_routes

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

TARGET = 'mail server'
RESTART = 'Restart Exim: systemctl restart exim4.'
LISTEN = (
    'Empty dc_local_interfaces in /etc/exim4/update-exim4.conf.conf (dpkg-reconfigure exim4-config), and restart Exim.'
)
LISTEN_BY_HAND = 'Take loopback only out of local_interfaces in /etc/exim4/exim4.conf, and restart Exim.'
MAKE = 'Run site.yml: it has update-exim4.conf make it anew, and Exim read it.'
NAME = 'Change that line as it says, and run site.yml.'
SPOOL = 'spool_directory'


class EximServer(MailServer):
    """The Exim of this host."""

    NAME = 'exim'
    BYPASS_HINT = (
        'Routers of your own in front of conbool_gateway win over it: see exim4 -bt, and conf.d/router or exim4.conf.'
    )
    hop_decides = False

    def _program(self) -> Program:
        return Program(self.module.run_command)

    def _daemon(self) -> Daemon:
        return Daemon(self._program().options(PID_FILE)[PID_FILE] if is_by_hand() else '')

    def lock_directories(self) -> list[str]:
        return [CONFIG_DIR]

    def places(self) -> list[str]:
        return [*own_paths(), template_path(), hand_path(), MADE]

    def facts(self) -> Facts:
        info = facts(self.module.run_command, self.settings['domains'])
        certificate = info['site']['tls_certificate']
        return Facts(
            version=info['version'],
            running=info['running'],
            queue_directory=info['queue_directory'],
            deliveries=info['deliveries'],
            relay_networks=info['relay_networks'],
            relay_networks_from='relay_from_hosts' if info['by_hand'] else 'dc_relay_nets (relay_from_hosts)',
            relay_networks_row='firewall.relay_networks',
            certificate_files=[certificate] if certificate.startswith('/') and '$' not in certificate else [],
            parts=info['parts'],
            native=info,
            lost=Daemon(info['site']['pid_file_path'] if info['by_hand'] else '').lost(),
        )

    def wanted(self, facts: Facts, flag: bool) -> Wanted:
        info, settings = facts.native, self.settings
        problems = compatibility.complaints(settings, info) + certificates.complaints(settings, facts.gateway)
        if problems:
            return Wanted(problems=problems)
        main = present()
        intact = any(FileRecord(OWNER).wrote(path, encode(main)) for path in own_paths())
        known = certificates.learnt(main, facts.gateway, intact)
        sources = [settings['tls_client_cert'], settings['tls_client_key']]
        files = dict(zip(client_paths(), (read_file(path).data for path in sources))) if all(sources) else {}
        texts = render(settings, info['site'], flag, known, client_paths() if files else None)
        # That a file is missing is said by who looks at all of them.
        files = {path: data for path, data in files.items() if data is not None}
        wish = Wish(texts, files, info['site']['exim_group'], self._senders(), info['site'].get('hand', {}))
        said = compatibility.warnings(settings, info) + certificates.warnings(settings, known)
        return Wanted(warnings=said, parts=[Part(OWNER, lambda module: converge(module, wish))])

    def _senders(self) -> list[str]:
        """Return senders whose mail has to go to the gateway: one is enough where all are alike."""
        found = [sample['sender'] for sample in certain_routes(self.settings) if sample['hop'] and sample['sender']]
        return found[:1] if self.settings['scope'] == 'all' else found

    def undo(self) -> list[Part]:
        return [Part(OWNER, lambda module: converge(module, Wish()))]

    def leads_to_hop(self) -> list[str]:
        return []

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        program, found = self._program(), []
        for sample in samples:
            way = program.way(sample['sender'], sample['recipient'])
            words = f'router {way.router}, transport {way.transport}, {way.host}' if way.router else way.said
            found.append(Route(words, way.transport == TRANSPORT and self._leads_there(program, way)))
        return found

    def _leads_there(self, program: Program, way: Way) -> bool:
        """Return whether a way ends at the gateway. Of a name that is an alias, Exim says what it stands for."""
        host = self.settings['relay_host']
        return way.host == host or program.router(way.router).get('route_list', '').startswith(f'* {host}::')

    def null_sender_through(self) -> bool:
        return not self.settings['bypass_null_sender']

    def headers(self, lines: list[str]) -> list[Verdict]:
        return [
            Verdict(direct, 'Exim says that it goes {}'.format('direct' if direct else 'to the gateway'))
            for direct in marks(self._program(), lines)
        ]

    def queue(self) -> Look:
        program = self._program()
        found = program.options(SPOOL, 'message_logs')
        return Look(program, found[SPOOL], f'R={GATEWAY_ROUTER}', bool(found['message_logs']))

    def knows(self, certificate: Shown) -> str:
        return certificates.knows(certificate, self.settings, present(), self._program().describe()[1])

    def obstacles(self, facts: Facts) -> list[dict[str, Any]]:
        found = compatibility.complaints(self.settings, facts.native)
        if self.settings['inbound_certificate_fingerprints']:
            found += certificates.complaints(self.settings, shown_by_gateway(self.settings))
        run = self.module.run_command
        with configuration(run, by_hand(run)) as base:
            judged = judging(base, self.settings)
        return [row('mta.refused', TARGET, RED, text) for text in found] + judged

    def arrivals(self) -> list[dict[str, Any]]:
        listen = LISTEN_BY_HAND if is_by_hand() else LISTEN
        return arrival_rows(self.settings['roles']['inbound_firewall']['port'], self._daemon().pid, listen)

    def running(self) -> list[dict[str, Any]]:
        daemon = self._daemon()
        if not daemon.running:
            lost = daemon.lost()
            if lost:
                return [row('running.pid_file', TARGET, RED, lost, RESTART)]
            return [row('running.stopped', TARGET, RED, 'it does not run', RESTART)]
        said = unread(self._program(), self.settings) if self.settings['inbound'] else ''
        if said:
            finding = f'what runs has not read what its files say: {said}'
            return [row('running.old', TARGET, RED, finding, RESTART)]
        return [row('running.ok', TARGET, GREEN, 'runs')]

    def stale(self) -> list[dict[str, Any]]:
        if is_by_hand():
            # Whether our lines are in it, and where they belong, is seen by what a run would change.
            return [row('inbound.copy', hand_path(), GREEN, 'is what Exim reads itself')]
        if made_differs(self.module):
            finding = f'is not what update-exim4.conf makes of {CONFIG_DIR}: somebody changed one of them since'
            return [row('inbound.copy', MADE, RED, finding, MAKE)]
        ignored = not_asked(self._program(), present())
        if ignored:
            return [row('inbound.option', MADE, RED, text, NAME) for text in ignored]
        return [row('inbound.copy', MADE, GREEN, f'is what its files in {CONFIG_DIR} say')]
