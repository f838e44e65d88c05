# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom Exim takes mail from, and whose trust headers count: lists of ours beside the site's own, which are asked as if
nothing was there.

A list of ours that called the site's would turn its refusals into words of its own. So C(acl_smtp_rcpt), which is
expanded, chooses between theirs and ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import certificates, expressions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import fill

ACCEPT = 'acl_conbool_accept'
MIME_OPTIONS = ''.join(
    f'{option} = ${{acl{{acl_conbool_mime}}}}{ACCEPT}\n' for option in ('acl_smtp_mime', 'acl_not_smtp_mime')
)

ALWAYS = """\
acl_conbool_accept:
  accept

"""
# It accepts whom the site's own list shall look at. To defer in here would only be a failed expansion.
CLIENT = """\
acl_conbool_client:
  accept
    authenticated = *
  accept
    !hosts = +conbool_networks
    hosts = : +relay_from_hosts : +conbool_allowed
  accept
    hosts = +conbool_networks
    encrypted = *
@certificate@    domains = +conbool_domains : ${if eqi{$local_part}{postmaster}{$qualify_domain}}

"""
REFUSE = """\
acl_conbool_refuse:
  deny
    !hosts = +conbool_networks
    message = 554 5.7.1 this server takes mail from its gateway only
  defer
    !encrypted = *
    message = 450 4.7.1 encryption is required of the gateway (STARTTLS)
@certificate@  deny
    message = 550 5.7.1 the gateway brings mail for our own domains only

"""
GOOD_CERTIFICATE = '    condition = ${if CONBOOL_CERTIFICATE}\n'
BAD_CERTIFICATE = """\
  defer
    !condition = ${if CONBOOL_CERTIFICATE}
    message = 450 4.7.1 another, or a trusted, certificate is required of the gateway
"""
WASHED = (
    '{def:sender_host_authenticated}{and{{def:sender_host_address}{!eq{$received_port}{@port@}}}}'
    '{match_ip{$sender_host_address}{+conbool_wash}}'
)
# Of users who have logged in, of whatever comes by another port than the gateway's, and of devices: headers that count
# are the gateway's only. Programs of this host are not washed: Sieve forwards the gateway's mail that way.
WASH = """\
acl_conbool_headers:
  warn
    condition = ${if or{@whose@}}
    remove_header = @headers@
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


def render(settings: Mapping[str, Any], flag: bool) -> str:
    """Return our access control lists.

    Args:
        flag: whether flagged mail has to get C(X-Spam-Flag).
    """
    asked = settings['inbound_require_certificate']
    text = ALWAYS
    if settings['inbound']:
        text += fill(CLIENT, certificate=GOOD_CERTIFICATE if asked else '')
        text += fill(REFUSE, certificate=BAD_CERTIFICATE if asked else '')
    port = settings['roles']['inbound_firewall']['port']
    text += fill(WASH, whose=fill(WASHED, port=port), headers=expressions.TRUST_HEADERS)
    if flag and settings['inbound']:
        text += fill(FLAG, released=expressions.released(), flagged=expressions.flagged())
    text += '  accept\n'
    return text + (fill(MIME, verdict=expressions.VERDICT) if settings['bypass_calendar'] else '')


# Debian's macros for options.
MACROS = {
    'acl_smtp_data': 'MAIN_ACL_CHECK_DATA',
    'acl_smtp_rcpt': 'MAIN_ACL_CHECK_RCPT',
    'tls_try_verify_hosts': 'MAIN_TLS_TRY_VERIFY_HOSTS',
    'tls_verify_certificates': 'MAIN_TLS_VERIFY_CERTIFICATES',
}


def _option(name: str, value: str, macros: bool) -> str:
    """Return what sets an option. The administrator may have defined its macro before."""
    if not macros:
        return f'{name} = {value}\n'
    macro = MACROS[name]
    return f'.ifdef {macro}\n{macro} == {value}\n.else\n{macro} = {value}\n.endif\n'


def options(settings: Mapping[str, Any], site: Mapping[str, Any], known: Sequence[str], macros: bool = True) -> str:
    """Return the options with which Exim asks our lists, and asks the gateway for its certificate.

    Args:
        known: the fingerprints of certificates that the gateway has shown.
        macros: whether they are set by Debian's macros for them.
    """
    text = _option('acl_smtp_data', '${acl{acl_conbool_headers}}' + (site['acl_smtp_data'] or ACCEPT), macros)
    if not settings['inbound']:
        return text
    theirs = site['acl_smtp_rcpt']
    text += _option(
        'acl_smtp_rcpt', fill('${if acl{{acl_conbool_client}}{@theirs@}{acl_conbool_refuse}}', theirs=theirs), macros
    )
    if not settings['inbound_require_certificate']:
        return text
    asked = site['tls_try_verify_hosts']
    if asked != '*':
        hosts = ' : '.join(filter(None, ['+conbool_networks', asked]))
        text += _option('tls_try_verify_hosts', hosts, macros)
    authorities = settings['tls_ca_file'] or 'system'
    theirs = site['tls_verify_certificates']
    if theirs != authorities:
        chosen = fill(
            '${if match_ip{$sender_host_address}{+conbool_networks}{@ours@}{@theirs@}}', ours=authorities, theirs=theirs
        )
        text += _option('tls_verify_certificates', chosen, macros)
    text += certificates.remark(known)
    return text + f'CONBOOL_CERTIFICATE = {certificates.condition(settings, known)}\n'
