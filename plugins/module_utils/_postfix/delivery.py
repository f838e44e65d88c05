# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who writes mail for the hosted domains into mailboxes: what Postfix hands it to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

# Parameters that tell what local(8) does with a message.
PARAMETERS = ('mailbox_transport', 'mailbox_command')
LMTP_PORT = '24'


def deliveries(
    routes: Mapping[str, Mapping[str, str]],
    expanded: Mapping[str, str],
    services: Iterable[Mapping[str, Any]],
    queue_directory: str,
) -> list[dict[str, str]]:
    """Return for each domain what its mail is handed to.

    Args:
        routes: domain to what postfix_rewrite.route() returned.
        expanded: the effective parameters with C($name) expanded.
        services: the entries of master.cf.
        queue_directory: of the instance.

    Returns:
        A dict for each domain with C(domain); C(agent), which is C(lmtp), C(command), C(alias) for a domain that
        has no mailboxes of its own, or C(other); C(target), the socket or HOST:PORT of C(lmtp) or the path of
        C(command); and C(by), how Postfix says it.
    """
    commands = {entry['name']: entry['command'] for entry in services if entry['type'] == 'unix'}
    found = []
    for domain, route in routes.items():
        if route['address_class'] == 'alias':
            agent, target, by = 'alias', '', 'virtual_alias_maps'
        else:
            agent, target, by = _agent(route['transport'], route['next_hop'], expanded, commands, queue_directory)
        found.append({'domain': domain, 'agent': agent, 'target': target, 'by': by})
    return found


def _agent(
    transport: str, next_hop: str, expanded: Mapping[str, str], commands: Mapping[str, str], queue_directory: str
) -> tuple[str, str, str]:
    by = (f'{transport}:{next_hop}').rstrip(':')
    words = commands.get(transport, '').split()
    program = words[0] if words else ''
    if program == 'lmtp':
        return 'lmtp', _lmtp_target(next_hop, queue_directory), by
    if program == 'pipe':
        argv = [word[5:] for word in words if word.startswith('argv=')]
        return ('command', argv[0], by) if argv else ('other', '', by)
    if program != 'local':
        return 'other', '', by
    if expanded.get('mailbox_transport'):
        onward, dummy, destination = expanded['mailbox_transport'].partition(':')
        return (
            ('other', '', by)
            if commands.get(onward, '').startswith('local')
            else _agent(onward, destination, expanded, commands, queue_directory)
        )
    if expanded.get('mailbox_command'):
        return 'command', expanded['mailbox_command'].split()[0], 'mailbox_command = ' + expanded['mailbox_command']
    return 'other', '', 'local, which writes mailboxes itself'


def _lmtp_target(next_hop: str, queue_directory: str) -> str:
    if next_hop.startswith('unix:'):
        return os.path.join(queue_directory, next_hop[5:])
    host, port = re.match(r'(?:inet:)?(\[[^]]*\]|[^:]*)(?::(.*))?', next_hop).groups()
    return '{}:{}'.format(host.strip('[]'), port or LMTP_PORT)
