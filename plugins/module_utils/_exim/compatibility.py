# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a change of a host's Exim, and what a person should know of it."""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Mapping
from typing import Any

_LIST_NAME = re.compile(r'\w+')
TYPES = ('internet', 'smarthost', 'local')


def complaints(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return the reasons why this Exim cannot use the gateway, each with what to do."""
    site, found = info['site'], []
    kind = info['configuration_type'].lower()
    if kind == 'satellite':
        found.append(
            'dc_eximconfig_configtype is satellite: the mail of local users is sent to dc_readhost by a router behind'
            ' ours, and would go to the gateway. Make it smarthost or internet (dpkg-reconfigure exim4-config)'
        )
    elif kind not in TYPES:
        found.append(
            f'dc_eximconfig_configtype is {kind!r}, with which Debian puts no values into the configuration. Make it'
            ' one of {} (dpkg-reconfigure exim4-config)'.format(', '.join(TYPES))
        )
    if site['cutthrough']:
        found.append(
            'An access control list of yours has control = cutthrough_delivery: the way is chosen before the headers'
            ' have come, so that marked mail would go to the gateway. Take it out'
        )
    if not site['remote_smtp']:
        found.append('There is no transport remote_smtp, which sends direct mail: bring Debian\'s back')
    if ':' in settings['relay_host']:
        found.append(
            f'conbool_relay_host: {settings["relay_host"]!r} cannot be used, since colons divide what Exim\'s routers'
            ' name. Give a name, or an address of IPv4'
        )
    if settings['tls_name'] != settings['relay_host'] and 'Event' not in info['features']:
        found.append(
            f'conbool_tls_name: {settings["tls_name"]!r} is not the name of conbool_relay_host, and this Exim was built'
            ' without Event, by which another one is verified'
        )
    if not re.fullmatch(r'\w*', site['acl_smtp_data']):
        found.append(_choosing('acl_smtp_data', 'MAIN_ACL_CHECK_DATA', site))
    if settings['inbound']:
        found += _inbound(settings, site)
    return found + unreadable(settings['tls_ca_file'], site['exim_user'])


def _inbound(settings: Mapping[str, Any], site: Mapping[str, Any]) -> list[str]:
    found = []
    if settings['inbound_trust']:
        found.append(
            'conbool_inbound_trust: Exim cannot let a client past checks of its own that are not known here. Set it to'
            ' false, and name the networks of conbool_networks in /etc/exim4/host_local_deny_exceptions'
        )
    if not site['tls_advertise_hosts'] or not site['tls_certificate']:
        found.append(
            'conbool_inbound: this Exim offers no STARTTLS, and the gateway must use it. Define MAIN_TLS_ENABLE = yes,'
            ' and have a certificate (exim.crt and exim.key in /etc/exim4)'
        )
    if not _LIST_NAME.fullmatch(site['acl_smtp_rcpt']):
        found.append(_choosing('acl_smtp_rcpt', 'MAIN_ACL_CHECK_RCPT', site))
    asked = site['tls_try_verify_hosts']
    if asked != '*' and (asked.startswith('<') or '$' in asked):
        found.append(
            f'conbool_inbound: tls_try_verify_hosts is {asked!r}, to which the gateway cannot be added. Write it as a'
            ' list with colons'
        )
    return found


def _choosing(option: str, macro: str, site: Mapping[str, Any]) -> str:
    return (
        f'{option} is {site[option]!r}. Ours is asked beside a list that has a name: write yours as one, and name it in'
        f' {macro}'
    )


def warnings(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return what a person should know."""
    if not settings['bypass_calendar']:
        return []
    if info['site']['mime']:
        why = 'acl_smtp_mime is {}, and there can be one only'.format(info['site']['mime'])
    elif 'Content_Scanning' not in info['features']:
        why = 'this Exim has no content scanning (exim4-daemon-heavy has)'
    else:
        return []
    return [
        f'Calendar parts of a message are looked for in the first 64 KB of it, those of attached messages too,'
        f' since {why}'
    ]


def unreadable(path: str | None, user: str) -> list[str]:
    """Return why the user that Exim delivers as cannot read a file; nothing where it can, or there is none."""
    if not path or not os.path.exists(path):
        return []
    account = pwd.getpwnam(user)
    groups = os.getgrouplist(user, account.pw_gid)
    at = os.path.realpath(path)
    places = [(at, stat.S_IROTH)]
    while at != '/':
        at = os.path.dirname(at)
        places.append((at, stat.S_IXOTH))
    for place, bit in places:
        status = os.stat(place)
        shift = 6 if status.st_uid == account.pw_uid else 3 if status.st_gid in groups else 0
        if not status.st_mode & (bit << shift):
            return [
                f'conbool_tls_ca_file: {path} cannot be read by {user}, as which Exim sends mail ({place} keeps it'
                ' out): all mail would wait'
            ]
    return []
