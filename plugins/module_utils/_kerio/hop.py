# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerio Connect in front of the outbound hop: what the hop has to know of it."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import processes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import IPV6, loopback

NAME = re.compile(r'[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?', re.ASCII)
# Of times and sizes, as the interface has them; one of a later version is left to the hop's own default.
SECONDS = {'Minutes': 'm', 'Hours': 'h', 'Days': 'd', 'Weeks': 'w'}
BYTES = {'Bytes': 1, 'KiloBytes': 2**10, 'MegaBytes': 2**20, 'GigaBytes': 2**30}
# What Postfix has by default.
HOPCOUNT_LIMIT = 50
# A message that is judged comes to the hop so often again.
FURTHER = 2
# Types of listeners that loopback reaches.
LOCAL = ('AllAddresses', 'Localhost')


def identity(site: Site) -> dict[str, str]:
    """What the hop takes over, as parameters of Postfix.

    Raises:
        KerioError: the server has no name that can be written to main.cf.
    """
    name, smtp = site.hostname, site.smtp
    if not NAME.fullmatch(name):
        raise KerioError(f'{name!r} (Internet hostname of Kerio Connect) is not the name of a host; correct it there')
    found = {
        'myhostname': name,
        'myorigin': name,
        'smtp_helo_name': name,
        'message_size_limit': _size(smtp['messageSize']),
        'hopcount_limit': str(max(HOPCOUNT_LIMIT, smtp['readerHops'] + 1) + FURTHER),
        'queue_directory': queue_directory(),
        'config_directory': names.PREFIX,
    }
    if loopback() == IPV6:
        found['inet_protocols'] = 'ipv6'
    for parameter, interval in (
        ('maximal_queue_lifetime', 'bounceInterval'),
        ('bounce_queue_lifetime', 'bounceInterval'),
        ('delay_warning_time', 'warningInterval'),
    ):
        time = smtp[interval]
        if time['units'] in SECONDS and time['value'] > 0:
            found[parameter] = f'{time["value"]}{SECONDS[time["units"]]}'
    return found


def _size(limit: Mapping[str, Any]) -> str:
    """A limit in bytes; 0 for none, and for one that cannot be read."""
    size = limit['limit']
    return str(size['value'] * BYTES.get(size['units'], 0)) if limit['isActive'] else '0'


def queue_directory() -> str:
    """Where its queue is, unless somebody has moved the store."""
    return os.path.join(names.PREFIX, 'store', 'queue')


def way_in(site: Site, listeners: list[dict[str, Any]] | None = None) -> str:
    """Where port 25 takes the hop's bounces, as a next hop of Postfix; empty when that is [127.0.0.1]:25 anyway.

    Args:
        listeners: those that the service SMTP will have; None for those that it has.

    Raises:
        KerioError: the service has no listener.
    """
    best = _nearest(site.service(names.SMTP)['listeners'] if listeners is None else listeners)
    if not best:
        raise KerioError(f'the service {names.SMTP} of Kerio Connect has no listener: it takes no bounces of the hop')
    host = loopback() if best['type'] in LOCAL else best['address']
    usual = best['type'] in LOCAL and best['port'] == 25
    # While its group keeps loopback out, nobody can be asked whether it takes them: ours will not.
    group = site.service(names.SMTP)['group']
    shut = group['isUsed'] and not site.within(group['ipGroup']['id'], loopback())
    return '' if usual and not shut else f'[{host}]:{best["port"]}'


def _nearest(listeners: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The listener that takes the hop's bounces; None when there is none."""
    local = [listener for listener in listeners if listener['type'] in LOCAL] or listeners
    return next((listener for listener in local if listener['port'] == 25), local[0] if local else None)


def comes_from(site: Site) -> list[str]:
    """From where the hop hands them in, beside loopback: a connection to an address of this host comes from it."""
    nearest = _nearest(site.service(names.SMTP)['listeners'])
    return [nearest['address']] if nearest and nearest['type'] not in LOCAL else []


def pid() -> int | None:
    """Its process, by the file that names it or by its program; None when neither tells."""
    said = decode(read_file(names.PID_FILE).data or b'').strip()
    if said.isdigit() and os.path.isdir(f'/proc/{said}'):
        return int(said)
    running = processes(names.PROGRAM)
    return running[0].pid if running else None


def users() -> tuple[str, ...]:
    """The user that its deliveries run as, beside root."""
    try:
        uid = os.stat(f'/proc/{pid()}').st_uid
        return (pwd.getpwuid(uid).pw_name,) if uid else ()
    except (OSError, KeyError):
        return ()
