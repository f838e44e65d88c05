# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules with which a Sendmail takes mail on port 25 from the gateway, and from those who could relay before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import certificates, rulesets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.networks import pattern

CONFIG = """\
# The gateway's addresses, and others that keep access to port 25.
%s%s# Domains for which the gateway brings mail.
%s"""

RULES = """\
# Asked for every recipient, before Sendmail's own checks. Whose headers count for nothing is noted whatever they are: Sendmail gives no ruleset a header
# that is too long for it, which Dovecot reads all the same.
SLocal_check_rcpt
%(user)sR$*			$: $1 $| $>ConboolTrusted yes
R$* $| $*		$: $1
R$*			$: $1 $| $>ConboolInbound $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1

SConboolInbound
R$*			$: <port $&{daemon_port}> $1
R<port> $*		$: <port 25> $1	no daemon of ours: inetd
R<port 25> $*		$: <$(conboolgateway $&{client_addr} $: other $)> $>CanonAddr $1
# Other ports are for those who log in, with a password or a certificate, and for those who could relay before.
R<port $*> $*		$: <user $&{auth_type}> $2
R<user> $*		$: <$(conboolallowed $&{client_addr} $: relay $)> $1
R<user $+> $*		$@ OK
R<relay> $*		$: <client> $>Relay_ok $1
R<client> RELAY		$@ OK
R<client> $*		$: <certificate> $>RelayTLS no
R<certificate> $# $*	$@ OK
R<certificate> $*	$#error $@ 5.7.0 $: "530 authentication is required"
R<GATEWAY> $*		$: <tls $&{tls_version}> $1
R<tls> $*		$#error $@ 4.7.1 $: "450 encryption is required (STARTTLS)"
%(certificate)sR<verify OK> $*		$: <name $&{cn_subject}> $1
R<verify $*> $*		$#error $@ 4.7.1 $: "450 a trusted certificate is required of the gateway"
R<name %(name)s> $*	$: <recipient> $1
%(alternatives)sR<name $*> $*	$#error $@ 4.7.1 $: "450 another certificate is required of the gateway; this one is for " $1
R<recipient> $* < @ $={ConboolHosted} . >	$@ OK
R<recipient> $* < @ $={ConboolHosted} >	$@ OK
R<recipient> postmaster	$@ OK
R<recipient> $*		$#error $@ 5.7.1 $: "550 the gateway brings mail for our own domains only"
# Any other client: as before when it could relay by its address or name, else nothing.
R<other> $*		$: <$(conboolallowed $&{client_addr} $: other $)> $1
R<other> $*		$: <relay> $>Relay_ok $1
R<relay> RELAY		$@ OK
R<relay> $*		$#error $@ 5.7.1 $: "554 this server takes mail from its gateway only"
R$*			$@ OK
"""

ALTERNATIVES = """\
R<name $*> $*		$: <name $1> $2 $| %(name)s
R<name $*> $* $| $={cert_altnames}	$: <recipient> $2
R<name $*> $* $| $- . $+	$: <name $1> $2 $| *.$4
R<name $*> $* $| $={cert_altnames}	$: <recipient> $2
R<name $*> $* $| $*	$: <name $1> $2
"""


def network_map(name: str, result: str, networks: Sequence[str]) -> str:
    """Return the line of a map from a client's address to a word, for networks; a dollar sign is doubled in
    sendmail.cf."""
    return 'K{} regex -a{} {}\n'.format(name, result, pattern(networks).replace('$', '$$'))


def config_lines(settings: Mapping[str, Any], known: Sequence[str]) -> str:
    """Return the lines for LOCAL_CONFIG.

    Args:
        settings: the normalised settings.
        known: the fingerprints of certificates by which the gateway is known.
    """
    return certificates.config_lines(settings, known) + CONFIG % (
        network_map('conboolgateway', 'GATEWAY', settings['networks']),
        network_map('conboolallowed', 'ALLOWED', settings['allowed_networks']),
        ''.join(f'C{{ConboolHosted}}{domain}\n' for domain in settings['domains']),
    )


def rules(settings: Mapping[str, Any], altnames: bool, known: Sequence[str]) -> str:
    """Return the rulesets.

    Args:
        settings: the normalised settings.
        altnames: whether Sendmail looks at alternative names of certificates.
        known: as for config_lines().
    """
    return RULES % {
        'user': rulesets.USER if settings['bypass_null_sender'] == 'server' else '',
        'certificate': certificates.rules(settings, known),
        'name': settings['tls_name'],
        'alternatives': ALTERNATIVES % {'name': settings['tls_name']} if altnames else '',
    }


def complaints(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return the reasons why port 25 of this Sendmail cannot be limited, each with what to do."""
    found = certificates.complaints(settings, info)
    missing = [name for name in ('ServerCertFile', 'ServerKeyFile') if not info['options'].get(name.lower())]
    if missing:
        found.append(
            'conbool_inbound: this Sendmail offers no STARTTLS ({} is not set), and the gateway must use it; define'
            ' confSERVER_CERT and confSERVER_KEY in sendmail.mc'.format(' and '.join(missing))
        )
    if 'MAP_REGEX' not in info['features']:
        found.append(
            'conbool_inbound: this Sendmail was built without MAP_REGEX, by which networks are told apart; set'
            ' conbool_inbound: false'
        )
    if info['rulesets'].get('Local_check_rcpt'):
        found.append(
            'conbool_inbound: sendmail.mc has rules of its own in Local_check_rcpt, which would be asked first and'
            ' could let others in; move them to Local_check_mail, or set conbool_inbound: false and limit the port'
            ' there'
        )
    if info['options'].get('usecompressedipv6addresses', 'false').lower().startswith(('t', 'y', '1')):
        found.append(
            'conbool_inbound: confUSE_COMPRESSED_IPV6_ADDRESSES is on, so that networks of IPv6 cannot be told apart;'
            ' take it out of sendmail.mc'
        )
    return found
