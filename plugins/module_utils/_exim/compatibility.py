# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a change of a host's Exim, and what a person should know of it."""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import hand_obstacles
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import CONFIG_DIR
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import render
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Networks

HUBBED = 'Name the server that has its mailboxes in /etc/exim4/hubbed_hosts'
# By hand, nobody reads that file.
ROUTED = (
    'Write a router for it in front of that one, to the server that has its mailboxes: driver = manualroute,'
    ' domains = {0}, route_list = {0} SERVER, and the transport of that one'
)
_LIST_NAME = re.compile(r'\w+')


def complaints(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return the reasons why this Exim cannot use the gateway, each with what to do."""
    site, found = info['site'], []
    hand = site.get('hand')
    if hand:
        found += hand_obstacles.complaints(settings, {**site, 'built': info['features']})
    if not info['split']:
        found += _out_of_reach(site['exim_user'])
    kind = info['configuration_type'].lower()
    if kind == 'satellite':
        found.append(
            'dc_eximconfig_configtype is satellite: the mail of local users is sent to dc_readhost by a router behind'
            ' ours, and would go to the gateway. Make it smarthost or internet (dpkg-reconfigure exim4-config)'
        )
    if site['cutthrough']:
        found.append(
            'An access control list of yours has control = cutthrough_delivery: the way is chosen before the headers'
            ' have come, so that marked mail would go to the gateway. Take it out'
        )
    found += _led_past(site)
    if not site['remote_smtp'] and not hand:
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
    if not hand and not re.fullmatch(r'\w*', site['acl_smtp_data']):
        found.append(_choosing('acl_smtp_data', 'MAIN_ACL_CHECK_DATA', site))
    if settings['inbound']:
        found += _inbound(settings, site) + [
            f'conbool_domains: mail for {one["domain"]} would go round: the router {one["router"]} sends it to'
            f' {one["host"]}, which is the gateway. {_instead(one, info)}'
            for one in info['relayed']
            if _is_gateway(one, settings)
        ]
    try:
        found += clashes(render(settings, site, True).values(), site['macros'])
    except HostError as exc:
        found.append(str(exc))
    return found + [
        f'conbool_tls_ca_file: {said}, as which Exim sends mail: all mail would wait'
        for said in unreadable([settings['tls_ca_file']] if settings['tls_ca_file'] else [], site['exim_user'])
        if os.path.exists(settings['tls_ca_file'])
    ]


def _led_past(site: Mapping[str, Any]) -> list[str]:
    """Return which routers of the site lead mail past the gateway."""
    found = []
    if site['for_all']:
        found.append(
            'Routers of yours in front of ours send mail to any domain, and what they take goes past the gateway: {}.'
            ' Limit them to destinations (domains), or put them behind router/200_conbool'.format(
                ', '.join(site['for_all'])
            )
        )
    if site['past']:
        found.append(
            'New addresses that routers of yours make begin with a router behind ours, and their mail goes past the'
            ' gateway: {}. Take these options out: then they begin with the first router'.format(
                ', '.join(site['past'])
            )
        )
    return found


def _out_of_reach(user: str) -> list[str]:
    """Return why texts would be left out that are included: Exim says nothing of that."""
    place = _kept_out(CONFIG_DIR, user)
    return [
        f'{CONFIG_DIR} cannot be entered by {user} ({place} keeps it out): what is included there would be left out'
        f' when that user takes mail from programs. Do: chmod o+x {place}'
    ] * bool(place)


def _is_gateway(way: Mapping[str, str], settings: Mapping[str, Any]) -> bool:
    known = Networks(map(ipaddress.ip_network, settings['networks']))
    by_address = bool(way['address']) and known.cover(ipaddress.ip_network(way['address']))
    return by_address or way['host'].lower() == settings['relay_host'].lower()


def _inbound(settings: Mapping[str, Any], site: Mapping[str, Any]) -> list[str]:
    found, hand = [], 'hand' in site
    if settings['inbound_trust']:
        instead = 'take the networks of conbool_networks out of your checks'
        if not hand:
            instead = 'name the networks of conbool_networks in /etc/exim4/host_local_deny_exceptions'
        found.append(
            'conbool_inbound_trust: Exim cannot let a client past checks of its own that are not known here. Set it to'
            f' false, and {instead}'
        )
    # By hand: without a certificate that is named, Exim makes one for itself.
    if not site['tls_advertise_hosts'] or not site['tls_certificate'] and not hand:
        how = 'Define MAIN_TLS_ENABLE = yes, and have a certificate (exim.crt and exim.key in /etc/exim4)'
        if hand:
            how = 'Write tls_advertise_hosts = *, and name a certificate (tls_certificate, tls_privatekey)'
        found.append(f'conbool_inbound: this Exim offers no STARTTLS, and the gateway must use it. {how}')
    found += [
        f'conbool_inbound: {said}, as which Exim begins TLS: the gateway must use it, and its mail would wait there'
        for said in unreadable(site['shown'], site['exim_user'])
    ]
    if hand:
        return found
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


def clashes(texts: Iterable[str], macros: Iterable[str]) -> list[str]:
    """Return what is to say of macros of the site that Exim would replace in texts of ours, in a part of a word even.

    Names that a text asks for (C(.ifdef)) are Debian's: what is in them, Debian's own lines have to bear, too.
    """
    lines = [line for text in texts for line in text.split('\n') if not line.startswith('#')]
    asked = {line.split()[1] for line in lines if line.startswith('.ifdef ')}
    words = sorted({word for line in lines for word in re.findall(r'\w+', line)} - asked)
    found = [f'{name} (in {word})' for name in macros for word in words if name in word]
    said = 'Exim would replace macros of yours in words of our texts: {}. Give yours other names'
    return [said.format(', '.join(found))] if found else []


def warnings(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return what a person should know."""
    found = [
        f'Mail for {one["domain"]} is sent to the MX of the domain (router {one["router"]}). Once that is the gateway,'
        f' it goes round. {_instead(one, info)}'
        for one in info['relayed']
        if settings['inbound'] and one['driver'] == 'dnslookup'
    ]
    if info['site']['set_itself']:
        found.append(
            'Your transport for other hosts sets {} itself. Mail to the gateway goes by one of ours, and by routers of'
            ' ours, without these: a signature would be missing. Define Debian\'s macros instead (DKIM_*,'
            ' REMOTE_SMTP_*), in conf.d/main/000_localmacros or exim4.conf.localmacros'.format(
                ', '.join(info['site']['set_itself'])
            )
        )
    if 'hand' in info['site']:
        found += hand_obstacles.warnings(info['site']['hand'])
    return found + _calendars(settings, info)


def _instead(way: Mapping[str, str], info: Mapping[str, Any]) -> str:
    """Return how mail for a domain behind this server gets there, and not to the gateway."""
    return ROUTED.format(way['domain']) if 'hand' in info['site'] else HUBBED


def _calendars(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
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


def unreadable(paths: Sequence[str], user: str) -> list[str]:
    """Return of each file that the user that Exim becomes cannot read why that is."""
    found = []
    for path in paths:
        place = _kept_out(path, user)
        if place:
            why = f'{place} keeps it out' if os.path.exists(path) else 'it is not there'
            found.append(f'{path} cannot be read ({why}) by {user}')
    return found


def _kept_out(path: str, user: str) -> str:
    """Return the file or directory that keeps a user from reading a file or going through a directory, empty for
    none."""
    account = pwd.getpwnam(user)
    groups = os.getgrouplist(user, account.pw_gid)
    at = os.path.realpath(path)
    places = [(at, stat.S_IXOTH if os.path.isdir(at) else stat.S_IROTH)]
    while at != '/':
        at = os.path.dirname(at)
        places.append((at, stat.S_IXOTH))
    for place, bit in places:
        try:
            status = os.stat(place)
        except OSError:
            return place
        shift = 6 if status.st_uid == account.pw_uid else 3 if status.st_gid in groups else 0
        if not status.st_mode & (bit << shift) and not _has_more_rights(place):
            return place
    return ''


def _has_more_rights(place: str) -> bool:
    """Return whether there are rights beside the mode (setfacl): whose they are is not looked at."""
    try:
        return bool(os.getxattr(place, 'system.posix_acl_access'))
    except OSError:
        return False
