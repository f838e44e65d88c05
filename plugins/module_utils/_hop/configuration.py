# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outbound hop's wanted Postfix configuration, derived from the settings and from the MTA that it serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import clients
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.arriving import WITHOUT_MARKS, Arriving
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.calendar import calendar_checks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.identity import (
    client_options,
    direct_tls_level,
    mta_parameters,
    return_address,
    transport_limits,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.provenance import Judge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.senders import (
    own_mail,
    senders,
    user_parameters,
    user_rules,
    user_tables,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.services import services, version_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import NETWORKS, in_brackets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.null_sender import origin
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.line_ends import line_ends
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.patterns import literal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import WASH_RULES

# Option of M(conbool.smtp_relay.tls_files) to the setting, less its C(tls_).
TLS_FILES = {'cert_file': 'client_cert', 'key_file': 'client_key', 'ca_file': 'ca_file'}


def header_checks(loop_headers: Iterable[str]) -> str:
    """Return the header_checks(5) table that sends marked messages direct.

    The table type is C(regexp): every Postfix has it, patterns ignore case, and a folded header is one subject.
    """
    blank = '[[:space:]]*'
    rules = [(header, 'true') for header in loop_headers] + [('X-Conbool-Released', 'yes')]
    return ''.join(f'/^{literal(name)}{blank}:{blank}{value}{blank}$/ FILTER direct:\n' for name, value in rules)


def tls_files(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the files of the host that the gateway's connection needs, and the variables that name them; None when
    there are none."""
    files = {option: settings['tls_' + name] for option, name in TLS_FILES.items() if settings['tls_' + name]}
    return dict(files, names={option: 'conbool_tls_' + TLS_FILES[option] for option in files}) if files else None


# Whatever the mail server and the settings are.
STATIC = {
    'syslog_name': 'conbool-hop',
    # Empty: with the listener's address in it, the way back to the MTA would count as a loop.
    'inet_interfaces': '',
    # Nothing is local here, and nothing is rewritten: the MTA has done both.
    'mydestination': '',
    'alias_maps': '',
    'alias_database': '',
    'local_recipient_maps': '',
    'local_transport': 'error:5.1.1 the Conbool hop has no mailboxes',
    'append_dot_mydomain': 'no',
    'local_header_rewrite_clients': '',
    'receive_override_options': 'no_address_mappings',
    # Loopback only, no look-ups, no second opinion on what the MTA accepted.
    'smtpd_client_restrictions': 'permit_mynetworks, reject',
    'smtpd_relay_restrictions': 'permit_mynetworks, reject',
    'smtpd_peername_lookup': 'no',
    'smtpd_tls_security_level': 'none',
    # Exact domains: a subdomain elsewhere is an outside domain like any other.
    'parent_domain_matches_subdomains': '',
    'nested_header_checks': '',
    'smtp_tls_loglevel': '1',
}


def next_hop_back(options: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """Return where the hop's own bounces go.

    Raises:
        HostError: the mail server takes no mail where it could be looked for.
    """
    back = options['return_address'] or return_address(info)
    if not back:
        raise HostError(
            'outbound_hop_return_address: {!r}, but the mail server takes no mail on port 25: say where it takes the'
            ' bounces of the hop'.format(options['return_address'])
        )
    return back


def hop_name(info: Mapping[str, Any]) -> str:
    """Return the name of the hop: another one than the MTA's, or each takes the other for itself ("mail loops back to
    myself")."""
    return 'conbool-hop.' + info['expanded']['myhostname']


def arriving_of(settings: Mapping[str, Any], info: Mapping[str, Any], options: Mapping[str, Any]) -> Arriving | None:
    """Return what the hop has where it takes the gateway's mail; None where it does not."""
    if not options.get('inbound'):
        return None
    return Arriving(settings, options, hop_name(info), origin(info['expanded']), next_hop_back(options, info))


def judge_of(settings: Mapping[str, Any], options: Mapping[str, Any]) -> Judge | None:
    """Return what the hop has to find out who handed in a message; None where that is known."""
    return Judge(settings, options) if options.get('provenance') else None


def _gateway(settings: Mapping[str, Any]) -> tuple[str, str]:
    """Return the transport to the gateway, and the one of mail without a sender."""
    gateway = 'gateway:' + settings['relay_destination']
    return gateway, 'direct:' if settings['bypass_null_sender'] else gateway


def _parameters(
    settings: Mapping[str, Any], info: Mapping[str, Any], options: Mapping[str, Any], programs: Mapping[str, Any]
) -> dict[str, str]:
    """Return the parameters of main.cf."""
    config_dir = options['config_dir']
    direct_level = options['direct_tls_security_level'] or direct_tls_level(info)
    taken, own = mta_parameters(info), f'regexp:{config_dir}/own_mail'
    arriving = arriving_of(settings, info, options)
    marks = f'regexp:{config_dir}/{WITHOUT_MARKS} ' if arriving and options['inbound'].marks else ''
    checks = f'{marks}regexp:{config_dir}/header_checks'
    found = dict(
        dict(taken, **transport_limits(info)),
        **dict(programs['parameters'], **STATIC),
        **line_ends(programs['version']),
        compatibility_level='3.6' if version_of(programs['version']) >= (3, 6) else '2',
        queue_directory=options['queue_directory'],
        data_directory=options['data_directory'],
        myhostname=hop_name(info),
        # Both: a listener from before the last change may be at the other address for a while.
        mynetworks=' '.join(NETWORKS.values()),
        smtpd_sender_restrictions=f'check_sender_access texthash:{config_dir}/senders',
        smtpd_recipient_restrictions=(
            f'check_recipient_access texthash:{config_dir}/hosted_domains, permit_mynetworks, reject'
        ),
        # The decision: header checks choose "direct", everything else goes to the gateway.
        default_transport=_gateway(settings)[0],
        header_checks=checks,
        mime_header_checks=f'regexp:{config_dir}/mime_header_checks' if settings['bypass_calendar'] else '',
        sender_dependent_default_transport_maps=own,
        **user_parameters(settings, config_dir, taken),
        smtp_tls_security_level=direct_level,
        **({'smtp_dns_support_level': 'dnssec'} if direct_level.startswith('dane') else {}),
    )
    return {**found, **clients.parameters(settings, options, own), **(arriving.parameters() if arriving else {})}


def _tables(settings: Mapping[str, Any], info: Mapping[str, Any], back: str, washes: bool) -> list[dict[str, Any]]:
    """Return the lookup tables."""
    gateway, null_sender = _gateway(settings)[0], 'FILTER ' + _gateway(settings)[1]
    header_rules = user_rules(settings, gateway) + header_checks(settings['loop_headers'])
    hosted = 'REJECT 5.4.6 {} is hosted here, but the mail server routes it outside'
    tables: list[dict[str, Any]] = [
        {'path': 'header_checks', 'type': 'regexp', 'content': header_rules},
        {'path': 'own_mail', 'type': 'regexp', 'content': own_mail(info['expanded'], back)},
        {'path': 'senders', 'type': 'texthash', 'entries': senders(info, null_sender, 'FILTER ' + gateway)},
        {
            'path': 'hosted_domains',
            'type': 'texthash',
            'entries': {domain: hosted.format(domain) for domain in settings['domains']},
        },
    ]
    if washes:
        tables.append({'path': 'wash', 'type': 'regexp', 'content': WASH_RULES})
    tables += user_tables(settings, info, gateway)
    if settings['bypass_calendar']:
        tables.append(
            {'path': 'mime_header_checks', 'type': 'regexp', 'content': calendar_checks(settings['bypass_calendar'])}
        )
    return tables


def _answering(options: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return where the hop has to answer."""
    own, arrival = options['address'], options.get('arrival')
    found = [(own, int(options['port'])), *clients.places(options)]
    return [*found, *((place, arrival.port) for place in arrival.places or [own])] if arrival else found


def _client_options(info: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what single services have of the MTA: what the user has set for the hop would be hidden by that."""
    return {
        name: {key: value for key, value in values.items() if key not in options['parameters']}
        for name, values in client_options(info).items()
    }


def filters(settings: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Return the ways of messages on which a FILTER was put, where the settings may have another next hop by now."""
    judge = judge_of(settings, options)
    return [_gateway(settings)[0], *(judge.ways if judge else [])]


def hop_configuration(
    settings: Mapping[str, Any],
    info: Mapping[str, Any],
    options: Mapping[str, Any],
    programs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the whole wanted configuration of the hop.

    Args:
        settings: the normalised settings (see the C(settings) module).
        info: what C(postfix_info) returned of the MTA; of another MTA than Postfix, C(expanded) with what there is to
            say of it in Postfix's terms.
        options: C(config_dir), C(queue_directory), C(data_directory), C(address), C(port), C(wash_port),
            C(return_address), C(direct_tls_security_level), C(parameters) with main.cf parameters that win over all
            others, and what concerns mail servers on other machines.
        programs: what programs.find() returned, where the MTA's are not those of the hop.

    Returns:
        C(parameters), C(services), C(tables) C(tls_files) and C(listeners) for C(postfix_config).

    Raises:
        HostError: there is no way back to the mail server.
    """
    programs = programs or dict(info, parameters={})
    host = in_brackets(options['address'])
    washing = '{}:{}'.format(host, options['wash_port']) if options['wash_port'] else ''
    parameters = _parameters(settings, info, options, programs)
    washes = bool(washing or clients.washed(settings, options))
    wash = (washing, options['config_dir'], parameters['header_checks']) if washes else None
    listen, others = '{}:{}'.format(host, options['port']), clients.listeners_for_others(settings, options)
    # To whom the table of returns names no server, mail goes as it does from the mail server.
    arriving, judge = arriving_of(settings, info, options), judge_of(settings, options)
    outside = options['clients'] or arriving
    back = _gateway(settings)[1] if outside else 'mta:' + next_hop_back(options, info)
    further = [each for each in (arriving, judge) if each]
    for each in further:
        others = {**others, **each.listeners()}
    return {
        'parameters': dict(parameters, **options['parameters']),
        'services': services(
            settings,
            listen,
            programs['version'],
            programs['lookup_types'],
            wash,
            {**_client_options(info, options), **({listen: judge.first} if judge else {})},
            others,
            [service for each in further for service in each.services()],
        ),
        'tables': _tables(settings, info, back, washes)
        + clients.tables(settings, options, _gateway(settings)[0])
        + [table for each in further for table in each.tables()],
        'listeners': [{'address': address, 'port': port} for address, port in _answering(options)],
        'tls_files': tls_files(settings),
    }
