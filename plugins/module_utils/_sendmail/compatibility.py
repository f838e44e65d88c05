# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Sendmail's own configuration leaves room for ours, and what of it ours has to take over."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import features
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.inbound import (
    complaints as inbound_complaints,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.networks import lookups

# What an entry TLS_Srv or TLS_Rcpt of the access map asks for; any other value asks for nothing.
_REQUIREMENT = re.compile(r'(?:(?:PERM|TEMP)\+)?(?:VERIFY|ENCR:)', re.IGNORECASE)


# A host or a list of hosts, and a port.
PLAIN_ROUTE = re.compile(r'(?:[A-Za-z0-9_.:,-]|\[(?!\[)|\](?!\]))+', re.ASCII)


def is_address(name: str) -> bool:
    """Return whether this is an IP address, in brackets or not."""
    return _is_ip(name.strip('[]').replace('IPv6:', ''))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def source_addresses(info: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the addresses from which this Sendmail sends (CLIENT_OPTIONS), and what is no address there: (addresses,
    others)."""
    found = [re.search(r'\bA\w*=([^,\s]+)', port) for port in info['client_ports']]
    words = [match.group(1).replace('IPv6:', '') for match in found if match]
    return [word for word in words if _is_ip(word)], [word for word in words if not _is_ip(word)]


def host_in_brackets(name: str) -> str:
    """Return a host as Sendmail takes it without looking for its MX records."""
    return f'[IPv6:{name}]' if is_address(name) and ':' in name else f'[{name}]'


def smtp_route(smart_host: str, mailers: Mapping[str, Mapping[str, str]]) -> tuple[str, str] | None:
    """Return host and port, each empty for the default, to which a SMART_HOST leads; None when it does not lead there
    by SMTP.

    Args:
        smart_host: C(host), C([host]) or C(mailer:host); empty for the recipient's MX.
        mailers: the mailers with their fields.
    """
    if not smart_host:
        return '', ''
    mailer, colon, host = ('', '', smart_host) if smart_host.startswith('[') else smart_host.partition(':')
    if not colon:
        mailer, host = 'relay', smart_host
    words = mailers.get(mailer, {}).get('A', '').split()
    if words[:2] not in (['TCP', '$h'], ['IPC', '$h']) or len(words) > 3 or '@' in host:
        return None
    # They become words of a rule.
    if not PLAIN_ROUTE.fullmatch(':'.join([host, *words[2:]])):
        return None
    return host, words[2] if len(words) == 3 else ''


def authorities(settings: Mapping[str, Any], info: Mapping[str, Any], system_ca_file: str) -> dict[str, str]:
    """Return what has to be defined so that certificates are verified: m4 name to value.

    Sendmail verifies nothing unless it has both a file and a directory of authorities (inittls() in tls.c). For the
    directory any will do; the configuration's own has no certificates under the names that are looked for.

    Args:
        settings: the normalised settings.
        info: what C(sendmail_info) returned.
        system_ca_file: the system's certificate authorities.
    """
    options, found = info['options'], {}
    file = settings['tls_ca_file'] or options.get('cacertfile') or system_ca_file
    if file != options.get('cacertfile'):
        found['confCACERT'] = file
    if not options.get('cacertpath'):
        found['confCACERT_PATH'] = info['config_dir']
    return found


def _asked_by_recipient(entries: Mapping[str, str]) -> list[str]:
    """Return the entries of the access map that ask for TLS by recipient, each with what it asks for."""
    return [
        '{} {}'.format(*pair)
        for pair in sorted(entries.items())
        if pair[0].startswith('tls_rcpt:') and _REQUIREMENT.match(pair[1])
    ]


def _tls_complaints(info: Mapping[str, Any], address: str) -> list[str]:
    """Return which entries of the access map ask for TLS on the way to the hop, where there is none."""
    entries = info['tls_entries']
    rcpt = _asked_by_recipient(entries)
    srv = [key for key in lookups('tls_srv:', [host_in_brackets(address)], address) if key in entries][:1]
    found = []
    if rcpt:
        found.append(
            'The access map asks for TLS by recipient ({}), and would ask it of the hop on {}, which has none: that'
            ' mail would wait and bounce. Take that out, or ask it of the servers that you send to by mailertable'
            ' (TLS_Srv)'.format(', '.join(rcpt), address)
        )
    if srv and _REQUIREMENT.match(entries[srv[0]]):
        found.append(
            f'The access map asks the hop on {address} for TLS ({srv[0]} {entries[srv[0]]}), which it has not: all mail'
            f' would wait and bounce. Add TLS_Srv:{host_in_brackets(address)} OK'
        )
    return found


def _own_complaints(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return the reasons why this Sendmail cannot decide by itself."""
    found = []
    if info['rulesets'].get('Local_tls_server'):
        found.append(
            "sendmail.mc has rules of its own for the certificates of servers (LOCAL_TLS_SERVER); the check of the"
            " gateway's certificate would have to be one of them"
        )
    if settings['tls_client_cert'] and info['rulesets'].get('tls_clt_features'):
        found.append(
            'conbool_tls_client_cert: sendmail.mc chooses certificates by server already (ruleset tls_clt_features, as'
            ' of FEATURE(`tls_session_features\')); give {} its certificate there, and leave the variable unset'.format(
                host_in_brackets(settings['relay_host'])
            )
        )
    if settings['bypass_calendar'] and 'MAP_REGEX' not in info['features']:
        found.append(
            'conbool_bypass_calendar: this Sendmail was built without MAP_REGEX, by which calendar messages are told;'
            ' set it to false, or sendmail_smarthost_decision: hop'
        )
    return found


def complaints(settings: Mapping[str, Any], info: Mapping[str, Any], hop: str | None = None) -> list[str]:
    """Return the reasons why this Sendmail cannot decide by itself where mail goes, or lead it to the hop, each with
    what to do.

    Args:
        settings: the normalised settings.
        info: what C(sendmail_info) returned.
        hop: address of the hop, when mail is led there.
    """
    found, options = [], info['options']
    if 'esmtp' not in info['mailers']:
        found.append("sendmail.mc has no MAILER(`smtp'): this Sendmail does not send mail to other hosts")
    if not hop:
        found += _own_complaints(settings, info)
    if settings['bypass_null_sender'] == 'server' and info['rulesets'].get('Local_check_rcpt'):
        found.append(
            "conbool_bypass_null_sender: 'server' needs a rule in Local_check_rcpt, where sendmail.mc has rules of its"
            ' own that could end before it; set the variable to true or false'
        )
    if options.get('fallbacksmarthost'):
        found.append(
            'confFALLBACK_SMARTHOST is {}: mail would go there while the {} cannot be reached; take it out of'
            ' sendmail.mc'.format(options['fallbacksmarthost'], 'hop' if hop else 'gateway')
        )
    if settings['scope'] == 'senders' and smtp_route(info['smart_host'], info['mailers']) is None:
        found.append(
            'conbool_scope: SMART_HOST is {}, which is not a way by SMTP, so that the senders who are not listed cannot'
            ' keep it'.format(info['smart_host'])
        )
    if (
        settings['tls_ca_file']
        and options.get('cacertfile', settings['tls_ca_file']) != settings['tls_ca_file']
        and not options.get('cacertpath')
    ):
        found.append(
            'conbool_tls_ca_file: sendmail.mc trusts the authorities in {} already (confCACERT); put both files into'
            ' one, and name that in both places'.format(options['cacertfile'])
        )
    for name in source_addresses(info)[1] if hop else ():
        found.append(
            f'CLIENT_OPTIONS has Address={name}, a name; the hop, which sends from the same address, takes an IP'
            ' address only: write that in sendmail.mc'
        )
    if hop:
        found += _tls_complaints(info, hop)
    inbound = inbound_complaints(settings, info) + features.complaints(settings, info) if settings['inbound'] else []
    return found + inbound


def warnings(settings: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Return what a person should know of the result."""
    found, options = [], info['options']
    if settings['tls_ca_file'] and options.get('cacertfile', settings['tls_ca_file']) != settings['tls_ca_file']:
        found.append(
            'confCACERT was {} and is {} now; the authorities in {} (confCACERT_PATH) are trusted as before'.format(
                options['cacertfile'], settings['tls_ca_file'], options['cacertpath']
            )
        )
    asked = _asked_by_recipient(info['tls_entries'])
    if asked:
        found.append(
            'The access map asks for TLS by recipient ({}); of mail that goes to the gateway, it asks that of the'
            ' gateway now, not of the recipient\'s server. Where it names a certificate that is not the gateway\'s,'
            ' mail waits and bounces: take that out'.format(', '.join(asked))
        )
    if '_FFR_TLS_ALTNAMES' not in info['ffr']:
        found.append(
            "This Sendmail does not look at a certificate's alternative names (it was built without _FFR_TLS_ALTNAMES):"
            " a certificate of the gateway without {} as its common name makes mail wait".format(settings['tls_name'])
        )
    return found + (features.warnings(info) if settings['inbound'] else [])
