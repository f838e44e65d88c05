# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom Exim takes mail from, and whose trust headers count: lists of ours beside the site's own, which are asked as if
nothing was there.

A list of ours that called the site's would turn its refusals into words of its own. So C(acl_smtp_rcpt), which is
expanded, chooses between theirs and ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import certificates, expressions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import fill

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program

ACCEPT = 'acl_conbool_accept'
MIME_OPTIONS = ''.join(
    f'{option} = ${{acl{{acl_conbool_mime}}}}{ACCEPT}\n' for option in ('acl_smtp_mime', 'acl_not_smtp_mime')
)

ALWAYS = """\
acl_conbool_accept:
  accept

"""
# It accepts whom the site's own list shall look at. It must not defer: to Exim that is a failed expansion, no list is
# asked then, and anybody may send to anybody. Whether a host is one of the site's can be a question of DNS, LDAP or
# SQL. A warn statement without an answer is left out, no more; and the list that refuses, which may defer, asks again.
CLIENT = """\
  accept
    authenticated = *
  warn
    !hosts = +conbool_networks
    hosts = @known@
    set @client@ = 1
  accept
    !hosts = +conbool_networks
    condition = ${if eq{$@client@}{1}}
  accept
    hosts = +conbool_networks
    encrypted = *
@certificate@    domains = +conbool_domains : ${if eqi{$local_part}{postmaster}{$qualify_domain}}
"""
REFUSE = """\
  deny
    !hosts = +conbool_networks
    !hosts = @known@
    message = 554 5.7.1 this server takes mail from its gateway only
  defer
    !encrypted = *
    message = 450 4.7.1 encryption is required of the gateway (STARTTLS)
@certificate@  deny
    message = 550 5.7.1 the gateway brings mail for our own domains only
"""
# Those by address first: with them, nobody else is asked. By hand, the site's list may not name this host, from which a
# content filter brings mail back: whether it may is the site's matter. The variable is a message's: with XCLIENT, a
# connection can become somebody else's.
KNOWN_HOSTS, KNOWN = ': 127.0.0.1 : ::::1 : +conbool_allowed : +relay_from_hosts', 'acl_m_conbool_client'
GOOD_CERTIFICATE = '    condition = ${if CONBOOL_CERTIFICATE}\n'
BAD_CERTIFICATE = """\
  defer
    !condition = ${if CONBOOL_CERTIFICATE}
    message = 450 4.7.1 another, or a trusted, certificate is required of the gateway
"""
WASHED = (
    '{def:sender_host_authenticated}{and{{def:sender_host_address}{!eq{$received_port}{@port@}}'
    '{!match_ip{$sender_host_address}{<; 127.0.0.0/8 ; ::1}}}}'
    '{match_ip{$sender_host_address}{+conbool_wash}}'
)
# Of users who have logged in, of whatever comes by another port than the gateway's, and of devices: headers that count
# are the gateway's only. Programs of this host are not washed: Sieve forwards the gateway's mail that way, and content
# filters bring it back, by a port of their own.
# Those that count are named: what names are there, Exim tells of the first 64 KB of all headers only.
WASH = """\
acl_conbool_headers:
  warn
    condition = ${if or{@whose@}}
    remove_header = @counting@
    remove_header = @others@
"""
FLAG = """\
  warn
    hosts = +conbool_networks
    condition = ${if or{{@released@}{@flagged@}}}
    remove_header = X-Spam-Flag
  warn
    hosts = +conbool_networks
    condition = ${if and{{!@released@}{@flagged@}}}
    add_header = X-Spam-Flag: YES
"""
# What an attached message has is none of this one's. Of the message itself, which is the first part, the header tells:
# here it would be the last of several types.
MIME = """\

acl_conbool_mime:
  warn
    condition = ${if >{$mime_part_count}{0}}
    !condition = ${if eq{$mime_is_rfc822}{1}}
    condition = ${if eqi{$mime_content_type}{text/calendar}}
    set @verdict@ = 1
  accept
"""


# An option may be set once, and by hand it is. So one list of ours, which both chooses and refuses, is asked first by
# the site's own; in words and codes of its own, as it is required. Without one of the site's, nobody else's mail is
# taken, as before.
BY_HAND = """\
acl_conbool_only:
  require acl = acl_conbool_rcpt
  accept hosts = +conbool_networks

"""
# Behind the label of the site's own list. Programs of this host may use the same one.
LISTS = {
    'rcpt': '  require acl = acl_conbool_rcpt\n',
    'data': '  deny condition = ${if def:sender_host_address}\n       !acl = acl_conbool_headers\n',
}


def render(settings: Mapping[str, Any], flag: bool, by_hand: bool = False) -> str:
    """Return our access control lists.

    Args:
        flag: whether flagged mail has to get C(X-Spam-Flag).
        by_hand: whether the site's list asks ours, and no option chooses.
    """
    # All lists are always there, whether one is asked or not: options and lists are in two files, and a run may be
    # killed in between. Where the template includes them, what runs reads both as they are.
    asked = settings['inbound_require_certificate']
    client = fill(CLIENT, certificate=GOOD_CERTIFICATE if asked else '', known=KNOWN_HOSTS, client=KNOWN)
    refuse = fill(REFUSE, certificate=BAD_CERTIFICATE if asked else '', known=KNOWN_HOSTS)
    if by_hand:
        text = f'{ALWAYS}acl_conbool_rcpt:\n{client}{refuse}\n{BY_HAND}'
    else:
        text = f'{ALWAYS}acl_conbool_client:\n{client}\nacl_conbool_refuse:\n{refuse}\n'
    port = settings['roles']['inbound_firewall']['port']
    counting = expressions.present(expressions.counting(settings))
    text += fill(WASH, whose=fill(WASHED, port=port), counting=counting, others=expressions.TRUST_HEADERS)
    if flag and settings['inbound']:
        text += fill(FLAG, released=expressions.released(), flagged=expressions.flagged())
    return text + '  accept\n' + fill(MIME, verdict=expressions.VERDICT)


# Debian's macros for options.
MACROS = {
    'acl_smtp_data': 'MAIN_ACL_CHECK_DATA',
    'acl_smtp_rcpt': 'MAIN_ACL_CHECK_RCPT',
    'tls_try_verify_hosts': 'MAIN_TLS_TRY_VERIFY_HOSTS',
    'tls_verify_certificates': 'MAIN_TLS_VERIFY_CERTIFICATES',
}
_DEFINED = re.compile(r'^(\w+) == (.*)$', re.MULTILINE)


def _option(name: str, value: str, hand: Mapping[str, Any] | None) -> str:
    """Return what sets an option. The administrator may have defined its macro before, or by hand, set it."""
    if hand is not None:
        return '' if name in hand['options'] else f'{name} = {value}\n'
    macro = MACROS[name]
    return f'.ifdef {macro}\n{macro} == {value}\n.else\n{macro} = {value}\n.endif\n'


def set_in(text: str) -> dict[str, str]:
    """Return the options that options() has set by Debian's macros, and their values."""
    values = dict(_DEFINED.findall(text))
    return {option: values[macro] for option, macro in MACROS.items() if macro in values}


def not_asked(program: Program, text: str) -> list[str]:
    """Return why what is set in a text of ours does not count: a line of the site sets an option itself, and names no
    macro."""
    wanted = set_in(text)
    found = program.options(*wanted) if wanted else {}
    return [
        f'{option} is {found[option]!r}, and not what we need: nothing there names {MACROS[option]}. Let your line for'
        f' it say {option} = {MACROS[option]}, as Debian\'s does'
        for option, value in wanted.items()
        if found[option] != value
    ]


def options(settings: Mapping[str, Any], site: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the options with which Exim asks our lists, and asks the gateway for its certificate.

    Args:
        known: the fingerprints of certificates that the gateway has shown.
    """
    hand = site.get('hand')
    if hand is None:
        data = '${acl{acl_conbool_headers}}' + (site['acl_smtp_data'] or ACCEPT)
        theirs = site['acl_smtp_rcpt']
        rcpt = fill('${if acl{{acl_conbool_client}}{@theirs@}{acl_conbool_refuse}}', theirs=theirs)
    else:
        data, rcpt = 'acl_conbool_headers', 'acl_conbool_only'
    text = _option('acl_smtp_data', data, hand)
    if not settings['inbound']:
        return text
    text += _option('acl_smtp_rcpt', rcpt, hand)
    if not settings['inbound_require_certificate']:
        return text
    asked = site['tls_try_verify_hosts']
    if asked != '*':
        hosts = ' : '.join(filter(None, ['+conbool_networks', asked]))
        text += _option('tls_try_verify_hosts', hosts, hand)
    authorities = settings['tls_ca_file'] or 'system'
    theirs = site['tls_verify_certificates']
    if theirs != authorities:
        chosen = fill(
            '${if match_ip{$sender_host_address}{+conbool_networks}{@ours@}{@theirs@}}', ours=authorities, theirs=theirs
        )
        text += _option('tls_verify_certificates', chosen, hand)
    text += certificates.remark(known)
    return text + f'CONBOOL_CERTIFICATE = {certificates.condition(settings, known)}\n'
