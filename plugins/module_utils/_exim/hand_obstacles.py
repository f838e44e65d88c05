# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a change of a configuration by hand, each with the text that helps."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import fill
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand_site import (
    LOCAL_DOMAINS,
    RELAY_FROM,
    REMOTE_SMTP,
)

# As it is pasted: in front of ours, no list of ours is known.
AUTHORITIES = '${if match_ip{$sender_host_address}{@networks@}{@ours@}{@theirs@}}'
_AUTHORITIES = re.compile(r'\$\{if match_ip\{\$sender_host_address\}\{([^{}]*)\}\{([^{}]*)\}\{.*\}\}')
# What Debian's Exim has for the system's authorities.
SYSTEM = ('system', '/etc/ssl/certs/ca-certificates.crt')
MEANS = {
    LOCAL_DOMAINS: ('domainlist local_domains = @', 'domains that stay here'),
    RELAY_FROM: ('hostlist relay_from_hosts = <; 127.0.0.1 ; ::1', 'hosts that may send to anybody'),
}
# At which stages a list may stand that asks ours.
STAGES = {'rcpt': ('acl_smtp_rcpt',), 'data': ('acl_smtp_data', 'acl_not_smtp')}


def complaints(settings: Mapping[str, Any], site: Mapping[str, Any]) -> list[str]:
    """Return the reasons why ours does not fit in, each with what to write."""
    hand, found = site['hand'], []
    if hand['ours']:
        found.append(
            'It has texts of ours in it, of an earlier configuration: {}. Take them out, with all that names'
            ' CONBOOL_ or conbool_; they are included from now on'.format(', '.join(hand['ours']))
        )
    if hand['unclear']:
        found.append(hand['unclear'][:1].upper() + hand['unclear'][1:])
    elif not hand['direct']:
        found.append(
            f'There is no transport for direct mail. Write one behind "begin transports": {REMOTE_SMTP}:, and below it'
            ' driver = smtp'
        )
    for name in [LOCAL_DOMAINS, RELAY_FROM] if settings['inbound'] else [LOCAL_DOMAINS]:
        if name not in hand['lists']:
            text, meaning = MEANS[name]
            found.append(
                f'There is no list {name}, by which ours knows {meaning}. Write a line for it, with those of your own'
                f' list: {text}'
            )
    for kind in ['rcpt', 'data'] if settings['inbound'] else ['data']:
        found += _lists(kind, site, hand)
    body = (
        hand['options']
        if settings['bypass_calendar'] and (site['mime'] or 'Content_Scanning' not in site['built'])
        else ()
    )
    if 'message_body_newlines' in body and site['message_body_newlines'] != 'true':
        found.append(
            'message_body_newlines is off, and calendar parts are looked for by lines of the body. Take it out'
        )
    if settings['inbound'] and settings['inbound_require_certificate']:
        found += _certificates(settings, site, hand['options'])
    return found


def _lists(kind: str, site: Mapping[str, Any], hand: Mapping[str, Any]) -> list[str]:
    """Return what keeps the lists of one stage from asking ours."""
    option = f'acl_smtp_{kind}'
    if option in hand['options'] and not hand[kind]:
        return [
            f'{option} is {site[option]!r}, and ours is asked by lists that have a name. Write yours behind "begin'
            f' acl", with a name, and that name here; conditions may choose between several: {option} ='
            ' ${if eq{$received_port}{587}{acl_one}{acl_other}}'
        ]
    found = []
    for label in hand[kind]:
        others = [name for name in hand['stages'][label] if name not in STAGES[kind]]
        if others:
            found.append(
                f'The list {label} is for {option} and for {", ".join(others)}, and ours is asked at the former only.'
                ' Give each a list of its own'
            )
    return found


def _certificates(settings: Mapping[str, Any], site: Mapping[str, Any], options: Sequence[str]) -> list[str]:
    """Return what keeps the gateway from being asked for its certificate, or that from being judged."""
    found, networks = [], settings['networks']
    asked = site['tls_try_verify_hosts']
    if 'tls_try_verify_hosts' in options and asked != '*' and not _covers(site['hand']['tls_hosts'], networks):
        theirs = [] if '$' in asked else items(asked)
        found.append(
            f'tls_try_verify_hosts is {asked!r}, so that the gateway is not asked for its certificate. Make it:'
            ' tls_try_verify_hosts = <; {}'.format(' ; '.join([*networks, *theirs]))
        )
    authorities, theirs = settings['tls_ca_file'] or 'system', site['tls_verify_certificates']
    # By its fingerprint, one is known that nobody has verified.
    judged = not settings['inbound_certificate_fingerprints']
    same = SYSTEM if authorities == 'system' else (authorities,)
    if judged and 'tls_verify_certificates' in options and site['hand']['authorities'] not in same:
        pasted = _AUTHORITIES.fullmatch(theirs)
        if not pasted or pasted.group(2) != authorities or not _covers(items(pasted.group(1)), networks):
            text = fill(AUTHORITIES, networks='<; ' + ' ; '.join(networks), ours=authorities, theirs=theirs)
            found.append(
                f'tls_verify_certificates is {theirs!r}, by which the gateway\'s certificate is not judged. Make it:'
                f' tls_verify_certificates = {text}'
            )
    return found


def _covers(hosts: Iterable[str], networks: Iterable[str]) -> bool:
    """Return whether all networks are in a list of hosts, as far as that names networks."""
    known = []
    for item in hosts:
        if item == '*':
            return True
        try:
            known.append(ipaddress.ip_network(item.strip('[]'), strict=False))
        except ValueError:
            continue
    wanted = [ipaddress.ip_network(network) for network in networks]
    return all(any(one.version == other.version and one.subnet_of(other) for other in known) for one in wanted)


def warnings(hand: Mapping[str, Any]) -> list[str]:
    """Return what a person should know."""
    return [
        'Of the transport for other hosts, ours does not have this, since it is chosen for each message: {}. Look'
        ' whether mail to the gateway needs it'.format(', '.join(hand['left_out']))
    ] * bool(hand['left_out'])
