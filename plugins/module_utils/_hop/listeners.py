# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the outbound hop listens, where it listened before, and who may be there instead. Private to this
collection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.clients import places
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.provenance import CLEANUPS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import strangers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import allowed, in_brackets, there
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Listener
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival

WHOSE = 'the hop (conbool-hop.service)'


def master(options: Mapping[str, Any]) -> int | None:
    """Return the hop's master process; None while it does not run. The queue may be about to move."""
    main = MainCf(decode(read_file(os.path.join(options['config_dir'], 'main.cf')).data or b''))
    return instance.master(main.get('queue_directory') or options['queue_directory'])[0]


def listeners(options: Mapping[str, Any]) -> list[Listener]:
    """Return where the hop listens.

    Args:
        options: as of C(converge.options_of()).
    """
    pid = master(options)
    ports = [('outbound_hop_port', options['port']), (options['wash_variable'], options['wash_port'])]
    found = [Listener(variable, WHOSE, options['address'], int(port), pid) for variable, port in ports if port]
    found += [Listener('outbound_hop_listen_port', WHOSE, *place, pid) for place in places(options)]
    judge, arrival = options.get('provenance'), options.get('arrival')
    if judge:
        ports = [(judge.variable, judge.port), (judge.judged_variable, judge.judged_port)]
        found += [Listener(variable, WHOSE, options['address'], port, pid) for variable, port in ports]
    if arrival:
        if arrival.marking_port:
            found.append(Listener(arrival.marking_variable, WHOSE, options['address'], arrival.marking_port, pid))
        found += [Listener(arrival.variable, WHOSE, each, arrival.port, pid) for each in arriving_at(arrival)]
    return found


def everywhere() -> list[str]:
    """Return the addresses that stand for all addresses of this host: a listener at one that it has not would keep
    Postfix from starting."""
    return [address for address in ('0.0.0.0', '::') if there(address)]


def arriving_at(arrival: Arrival) -> list[str]:
    """Return the addresses at which the hop takes the gateway's mail."""
    return list(arrival.places) or everywhere()


def former(options: Mapping[str, Any], protocols: str) -> list[dict[str, Any]]:
    """Return the entries of listeners that the hop has now, and no longer needs once nobody leads mail there.

    What somebody else holds is none of them: the hop could not start.

    Args:
        options: as for listeners().
        protocols: C(inet_protocols) of the hop to be.
    """
    wanted = {f'{in_brackets(listener.address)}:{listener.port}' for listener in listeners(options)}
    pid, found = master(options), []
    cleanups = {
        'cleanup',
        *(['wash'] if options['wash_port'] else []),
        *(CLEANUPS if options.get('provenance') else ()),
    }
    for entry in (entry.service().as_dict() for entry in MasterCf.of(options['config_dir'], visible=True).entries()):
        address, dummy, port = entry['name'].rpartition(':')
        address = address.strip('[]')
        if (
            entry['type'] == 'inet'
            and entry['command'].split()[0] == 'smtpd'
            and entry['name'] not in wanted
            and entry['options'].get('cleanup_service_name', 'cleanup') in cleanups
            and port.isdigit()
            and allowed(address, protocols)
            and not strangers(address, int(port), pid)
        ):
            found.append(entry)
    return found
