# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Postfix on its way to the gateway is asked, and never changed by. Private to this collection."""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import hop_address
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import MailServer, Route
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import TRANSPORT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.running import running_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    CERTIFICATES_TABLE,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificates import known_by
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance, master
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import is_proxied
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.programs import REINSTALL, program_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import PostfixQueueLook, Queue
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import way, ways
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.listening import arrival_rows

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

# The transport, or the table of senders, by which mail gets to the hop.
LEADS_TO_HOP = re.compile(r'[^#\n]*(\bconbool-hop:|/conbool_(senders|override|outside)\b)')

# What has it take mail of other hosts. A reload does not do: master(8) has its addresses for life.
LISTEN = (
    'Set inet_interfaces = all in main.cf, or name an address of this host, and see that master.cf names none in front'
    ' of the port. Then: postfix stop, postfix start.'
)


class PostfixQuestions(MailServer):
    """The Postfix of this host, as far as it is only looked at."""

    NAME = 'postfix'

    @property
    @abstractmethod
    def _in_force(self) -> dict[str, Any]:
        """What there is to know of its configuration."""

    @property
    def BYPASS_HINT(self) -> str:
        name = 'default_transport'
        present = self._parameter(name)
        if self.settings['scope'] == 'all' and not present.startswith(TRANSPORT + ':'):
            return f'main.cf says {name} = {present}. Run site.yml again: it leads mail to the hop.'
        return 'transport_maps and sender-dependent maps of the mail server win over its default route.'

    @property
    def _config_dir(self) -> str:
        return os.path.normpath(self.options['config_dir'])

    def _instance(self) -> Instance:
        return Instance(self.module.run_command, self.module.get_bin_path, self._config_dir)

    def _certificates(self) -> str:
        """Return the table of fingerprints as it is, empty where there is none."""
        return decode(read_file(os.path.join(self._config_dir, CERTIFICATES_TABLE)).data or b'')

    def knows(self, certificate: Shown) -> str:
        return known_by(certificate, self._certificates(), self.settings)

    def leads_to_hop(self) -> list[str]:
        return [
            path
            for path in (os.path.join(self._config_dir, name) for name in ('main.cf', 'master.cf'))
            if any(map(LEADS_TO_HOP.match, decode(read_file(path).data or b'').split('\n')))
        ]

    def _parameter(self, name: str) -> str:
        return self._instance().parameters(self._config_dir, [name])[0].get(name, '')

    def _hop_address(self) -> str:
        return hop_address(self.settings, self._parameter('inet_protocols'))

    def routes(self, samples: list[dict[str, Any]]) -> list[Route]:
        queue_directory = self._parameter('queue_directory')
        hop = '[{}]:{}'.format(self._hop_address(), self.settings['roles']['outbound_hop']['port'])
        # An entry of transport_maps without a transport, for one, leads the hop's client elsewhere.
        return [Route(seen, seen == way(TRANSPORT, hop)) for seen in ways(queue_directory, samples)]

    def running(self) -> list[dict[str, Any]]:
        rows = running_rows('mail server', self._instance(), MAIL_SERVERS[self.NAME].units[0])
        return rows + program_rows(self._instance(), 'the mail server', REINSTALL)

    def arrivals(self) -> list[dict[str, Any]]:
        port = self.settings['roles']['inbound_firewall']['port']
        return arrival_rows(port, master(self._parameter('queue_directory'))[0], LISTEN, self._is_behind_proxy)

    def _is_behind_proxy(self) -> bool:
        info = self._in_force
        return any(is_proxied(entry, info) for entry in info['services'] if entry['type'] == 'inet')

    def queue(self) -> PostfixQueueLook:
        queue = Queue(self.module.run_command, self._instance().binary('postqueue'), self._config_dir)
        return PostfixQueueLook(queue, self._hop_address())
