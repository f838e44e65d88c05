# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The m4 file with which a Sendmail decides, for each message that it is about to deliver, whether it goes to the
gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import plain_path
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import (
    certificates,
    inbound,
    passwords,
    rulesets,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import hop as sendmail_hop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import (
    authorities,
    host_in_brackets,
    is_address,
    smtp_route,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.calendar import pattern

MAILER = 'conbool'


def render(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    system_ca_file: str,
    wash_networks: Sequence[str] = (),
    flag: bool = False,
    hop: Mapping[str, Any] | None = None,
    known: Sequence[str] = (),
) -> str:
    """Return the file's text.

    Args:
        settings: the normalised settings (see the C(settings) module).
        info: what C(sendmail_info) returned of a Sendmail about which C(sendmail_fit.complaints()) has none.
        system_ca_file: the system's certificate authorities, used when neither the settings nor sendmail.mc name any.
        wash_networks: networks of clients whose marks count for nothing.
        flag: whether mail that the gateway flagged gets X-Spam-Flag.
        hop: C(address), C(port) and C(wash_port) of the outbound hop when that decides; None when Sendmail does.
        known: fingerprints of certificates by which the gateway is known.

    Raises:
        HostError: something of the host's would mean something else to m4.
    """
    altnames, flag = '_FFR_TLS_ALTNAMES' in info['ffr'], flag and settings['inbound']
    defines = {name: plain_path(name, path) for name, path in authorities(settings, info, system_ca_file).items()}
    defines.update(certificates.defines(settings, info))
    return ''.join(
        [
            rulesets.HEAD,
            ''.join(f"define(`{name}', `{value}')dnl\n" for name, value in sorted(defines.items())),
            '' if hop else "define(`_LOCAL_TLS_SERVER_')dnl\n",
            rulesets.RECEIVED if settings['inbound'] else '',
            'LOCAL_CONFIG\n',
            _literal(_config(settings, altnames, wash_networks, flag, hop, known)),
            'LOCAL_RULE_0\n',
            _literal(rulesets.LITERALS),
            passwords.RULES,
            'LOCAL_NET_CONFIG\n',
            _literal(rulesets.OTHERS),
            'LOCAL_RULESETS\n',
            _literal(_rulesets(settings, info, altnames, wash_networks, flag, hop, known)),
            'MAILER_DEFINITIONS',
            rulesets.MAILERS,
            'divert(0)dnl\n',
        ]
    )


def _config(
    settings: Mapping[str, Any],
    altnames: bool,
    wash_networks: Sequence[str],
    flag: bool,
    hop: Mapping[str, Any] | None,
    known: Sequence[str],
) -> str:
    """Return macros, classes and maps that the rules use."""
    config = sendmail_hop.CONFIG if hop else rulesets.CONFIG
    config += (rulesets.ALTERNATIVE_NAMES if altnames else '') + _scope_classes(settings)
    if settings['bypass_null_sender'] == 'server':
        config += rulesets.USER_CONFIG
    if settings['bypass_calendar'] and not hop:
        config += rulesets.CALENDAR_CONFIG % pattern(settings['bypass_calendar']).replace('$', '$$')
    if wash_networks:
        config += inbound.network_map('conboolwashed', 'WASHED', wash_networks)
    if settings['inbound']:
        config += inbound.config_lines(settings, known) + (rulesets.FLAG_CONFIG if flag else '')
    return config


def _rulesets(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    altnames: bool,
    wash_networks: Sequence[str],
    flag: bool,
    hop: Mapping[str, Any] | None,
    known: Sequence[str],
) -> str:
    bracketed = host_in_brackets(settings['relay_host'])
    names = {
        'host': bracketed,
        'relay': bracketed.strip('[]'),
        'name': settings['tls_name'],
        'cert': settings['tls_client_cert'],
        'key': settings['tls_client_key'],
    }
    way = {'gateway': bracketed, 'port': settings['relay_port'], 'check': rulesets.CHECK}
    texts = [
        _route(settings, info, sendmail_hop.route(hop, settings['bypass_null_sender']) if hop else way, hop),
        _header_checks(settings, info['header_checks'], wash_networks, flag, hop),
    ]
    if not hop:
        rules = dict(
            names,
            alternatives=rulesets.ALTERNATIVES % names if altnames else '',
            canonical='' if is_address(bracketed) else rulesets.CANONICAL % names,
        )
        texts.append(rulesets.CERTIFICATE % rules)
    if settings['inbound']:
        texts.append(inbound.rules(settings, altnames, known))
    elif settings['bypass_null_sender'] == 'server':
        texts.append('SLocal_check_rcpt\n' + rulesets.USER)
    if settings['tls_client_cert'] and not hop:
        texts.append(rulesets.CLIENT_CERTIFICATE % names)
    return '\n'.join(texts)


def _literal(text: str) -> str:
    """Return text that m4 copies as it is: neither a quote in an address nor a word that is the name of a macro means
    anything to it.

    Raises:
        HostError: it would end there, or a line of it would.
    """
    if re.search(r'\[\[\[|\]\]\]|[^\n\t -~]', text):
        raise HostError(f'the rules for m4 have what it would not copy: {text!r}')
    return f'changequote([[[,]]])dnl\n[[[{text}]]]dnl\nchangequote([[[`]]],[[[\']]])dnl\n'


def _scope_classes(settings: Mapping[str, Any]) -> str:
    if settings['scope'] != 'senders':
        return ''
    domains = [sender[1:] for sender in settings['scope_senders'] if sender.startswith('@')]
    addresses = [sender for sender in settings['scope_senders'] if not sender.startswith('@')]
    # A class without members is one all the same.
    return (
        '# Whose mail goes to the gateway.\n'
        + ''.join(f'C{{ConboolDomains}}{domain}\n' for domain in domains)
        + ''.join(f'C{{ConboolSenders}}{address}\n' for address in addresses)
    )


def _route(
    settings: Mapping[str, Any], info: Mapping[str, Any], way: Mapping[str, Any], hop: Mapping[str, Any] | None
) -> str:
    scoped = settings['scope'] == 'senders'
    host, port = smtp_route(info['smart_host'], info['mailers']) if scoped else ('', '')
    direct = settings['bypass_null_sender'] and not hop
    return rulesets.ROUTE % dict(
        way,
        null_sender=_null_sender(settings, hop),
        bounce='1' if direct else 'gateway',
        scope=rulesets.SCOPE if scoped else '',
        before=rulesets.BEFORE % (host, port or '25') if scoped else '',
    )


def _null_sender(settings: Mapping[str, Any], hop: Mapping[str, Any] | None) -> str:
    if hop or not settings['bypass_null_sender']:
        return ''
    return rulesets.SERVERS_NULL_SENDER if settings['bypass_null_sender'] == 'server' else rulesets.NULL_SENDER


def _header_checks(
    settings: Mapping[str, Any],
    checks: Mapping[str, Mapping[str, Any]],
    wash_networks: Sequence[str],
    flag: bool,
    hop: Mapping[str, Any] | None,
) -> str:
    """Return the rulesets for headers.

    Args:
        settings: the normalised settings.
        checks: which rulesets look at headers without us.
        wash_networks: as for render().
        flag: likewise.
        hop: likewise. It looks at the marks, and only whose they are is noted for it, whatever their value.
    """
    marks = [('X-Conbool-Released', 'ConboolReleased', 'yes')]
    marks += [(header, f'ConboolLoop{number}', 'true') for number, header in enumerate(settings['loop_headers'], 1)]
    text = (
        rulesets.TRUSTED % (rulesets.WASHED if wash_networks else '')
        + ('' if hop else rulesets.MARK)
        + (rulesets.RELEASE if flag else '')
    )
    for header, ruleset, value in marks:
        rules = rulesets.RELEASED if flag and value == 'yes' else ''
        rules += rulesets.TRUSTED_MARK if hop else f'R{value}\t\t\t$: $>ConboolMark\n'
        text += _header_check(header, ruleset, rules, checks)
    if settings['inbound']:
        text += _header_check(
            'X-Conbool-Flag', 'ConboolFlag', rulesets.TRUSTED_FLAG + (rulesets.FLAG if flag else ''), checks
        )
    return text + (
        _header_check('Content-Type', 'ConboolType', rulesets.CALENDAR, checks)
        if settings['bypass_calendar'] and not hop
        else ''
    )


def _header_check(header: str, ruleset: str, rules: str, checks: Mapping[str, Mapping[str, Any]]) -> str:
    before = checks.get(header.lower()) or checks.get('*')
    keeps_comments = not before or before['keeps_comments']
    as_before = rulesets.AS_BEFORE % before['ruleset'] if before else ''
    return f'\nH{header}: $>{"+" if keeps_comments else ""}{ruleset}\nS{ruleset}\n{as_before}{rules}'
