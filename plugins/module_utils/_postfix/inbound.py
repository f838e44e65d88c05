# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer's Postfix needs so that on port 25 only the gateway brings mail from the outside, and nothing else of
it changes."""

from __future__ import annotations

import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.access_tables import (
    CERTIFICATES_TABLE,
    CLIENTS_TABLE,
    DATA_TABLE,
    POSTSCREEN_TABLE,
    RECIPIENTS_TABLE,
    certificates_table,
    client_tables,
    own_addresses,
    postscreen_table,
    recipients_table,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import (
    HEADER_CHECKS,
    effective,
    unthrottled,
    wash,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.spam_flag import (
    flag_configuration,
    flag_restriction,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.wash_lan import (
    WASH_CLIENTS_TABLE,
    wash_configuration,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

POLICY_SERVICE = 'conbool-certificate'
SMTP = ('smtp', '25')
RESTRICTIONS, DATA_RESTRICTIONS, CLASSES = (
    'smtpd_recipient_restrictions',
    'smtpd_data_restrictions',
    'smtpd_restriction_classes',
)
POSTSCREEN_LIST = 'postscreen_access_list'

# Parameters of our own, in master.cf only, that keep what a list said before: as the service or as main.cf had it.
KEPT = {RESTRICTIONS: 'restrictions', DATA_RESTRICTIONS: 'data', CLASSES: 'classes', POSTSCREEN_LIST: 'postscreen'}

# What may be cured at the gateway or here is a 4xx: its mail waits instead of bouncing.
NOT_OURS = '554 5.7.1 This server takes mail from its gateway only. Send to the MX of the domain'
NOT_NAMED = '450 4.7.1 A client certificate is required: trusted, and %s'
DIGEST_LENGTHS = {'md5': 32, 'sha1': 40, 'sha256': 64, 'sha384': 96, 'sha512': 128}
CERTIFICATE_FILES = ('smtpd_tls_chain_files', 'smtpd_tls_cert_file', 'smtpd_tls_eccert_file', 'smtpd_tls_dcert_file')

# Variables of the role whose values stand in master.cf.
CHECKED = {
    'policy_command': readers.file_path,
    'client_ca_file': readers.file_path,
    'wash_port': readers.port,
    'flag_port': readers.port,
    'release_port': readers.port,
}


def _bad_values(options):
    problems = []
    for name, read in CHECKED.items():
        try:
            if options[name] != '':
                read(options[name])
        except ValueError as exc:
            problems.append(f'postfix_smarthost_{name}: {options[name]!r} {exc}')
    return problems


def _command(entry):
    return entry['command'].split()[0]


def listeners(info, further):
    """Return the entries of master.cf that take mail from other servers.

    Args:
        info: what C(postfix_info) returned.
        further: names of inet services that do so on another port.

    Returns:
        tuple: the smtpd(8) entries, and the postscreen(8) entries in front of them.
    """
    entries = [
        entry
        for entry in info['services']
        if entry['type'] == 'inet' and (entry['name'].rpartition(':')[2] in SMTP or entry['name'] in further)
    ]
    postscreens = [entry for entry in entries if _command(entry) == 'postscreen']
    behind = {effective(entry, info['expanded'], 'smtpd_service_name') or 'smtpd' for entry in postscreens}
    smtpds = [entry for entry in entries if _command(entry) == 'smtpd']
    smtpds += [entry for entry in info['services'] if entry['type'] == 'pass' and entry['name'] in behind]
    return smtpds, postscreens


def _original(entry, parameters, name, begin):
    """Return where a list comes from and what it said before it was changed here.

    Args:
        begin: how a list that was changed here begins.
    """
    options = entry['options']
    if options.get(name, '').startswith(begin):
        if f'conbool_service_{KEPT[name]}' in options:
            return 'service', options[f'conbool_service_{KEPT[name]}']
    elif name in options:
        return 'service', options[name]
    return 'main', parameters.get(name, '')


def _in_front(entry, parameters, name, begin, ours):
    """Return the options that put restrictions of ours in front of a list, and keep the list as it was.

    Parameters cannot refer to themselves, so what main.cf says is copied; the copy's name tells the next run where it
    is from.
    """
    origin, value = _original(entry, parameters, name, begin)
    copy = f'conbool_{origin}_{KEPT[name]}'
    return {copy: value, name: '{}, ${}'.format(', '.join(ours), copy)}


def stale_copies(info):
    """Return the lists of main.cf that a service has a copy of, and whether main.cf says something else by now.

    Header checks, of which submission has a copy, are among them only when they do.

    Args:
        info: what C(postfix_info) returned.

    Returns:
        dict: by parameter, the names of the services whose copy is old; empty where all are as they should be.
    """
    found = {}
    for entry in info['services']:
        for name, kind in KEPT.items():
            copy = entry['options'].get(f'conbool_main_{kind}')
            if copy is not None:
                stale = found.setdefault(name, [])
                stale += (
                    ['{}/{}'.format(entry['name'], entry['type'])]
                    if copy.split() != info['parameters'].get(name, '').split()
                    else []
                )
    services = {entry['name']: entry for entry in info['services']}
    for sibling in wash(info['config_dir'], info['parameters'], info['services'])[0]:
        present = services.get(sibling['name'], sibling)['options']
        for name in HEADER_CHECKS:
            if present.get(name) != sibling['options'][name]:
                found.setdefault(name, []).append(sibling['name'] + '/unix')
    return found


def gateway_class(settings, config_dir, fingerprints):
    """Return what a client with an address of the gateway has to show before it may name a recipient."""
    if not settings['inbound_require_certificate']:
        return 'reject_plaintext_session, conbool_known'
    # Either answers "conbool_known" for the right certificate; whatever else it says, or when it cannot answer, the
    # last word stands.
    if fingerprints:
        check, wanted = f'check_ccert_access texthash:{config_dir}/{CERTIFICATES_TABLE}', 'with a known fingerprint'
    else:
        check = f'check_policy_service {{ unix:private/{POLICY_SERVICE}, timeout=30s, default_action=DUNNO }}'
        wanted = 'with the name {} in its subject'.format(settings['tls_name'])
    return f'reject_plaintext_session, {check}, check_client_access static:{{{NOT_NAMED % wanted}}}'


def policy_service(command, tls_name):
    """Return the master.cf entry of the service that tells the gateway's certificate by its name.

    postfwd(1) without a daemon of its own: one process per smtpd(8) that asks, ended with it.
    """
    rule = f'id=conbool;ccert_subject=={tls_name};action=conbool_known'
    # spawn(8) leads standard error to the client as well, where a warning of Perl would be read as part of the answer.
    shell = f"exec {command} --cache=0 --nodns --norulelog '--rule={rule}' 2>/dev/null"
    return {
        'name': POLICY_SERVICE,
        'type': 'unix',
        'private': '-',
        'unprivileged': 'n',
        'chroot': 'n',
        'max_processes': '0',
        'command': f'spawn user=nobody argv=/bin/sh -c {{ {shell} }}',
        'options': {},
    }


def _tls_problems(entry, info):
    name = '{}/{}'.format(entry['name'], entry['type'])
    level = effective(entry, info['expanded'], 'smtpd_tls_security_level')
    legacy = 'yes' in (
        effective(entry, info['expanded'], 'smtpd_use_tls'),
        effective(entry, info['expanded'], 'smtpd_enforce_tls'),
    )
    if level == 'none' or (not level and not legacy):
        return [
            f'The gateway has to use TLS, and {name} does not offer it: set smtpd_tls_security_level = may,'
            ' smtpd_tls_cert_file and smtpd_tls_key_file in main.cf'
        ]
    if all(effective(entry, info['expanded'], parameter) in ('', 'none') for parameter in CERTIFICATE_FILES):
        return [
            f'The gateway has to use TLS, and {name} has no certificate: set smtpd_tls_cert_file and smtpd_tls_key_file'
            ' in main.cf'
        ]
    return []


def _certificate_options(entry, settings, info, options, changed):
    """Return the TLS options of one service with which it asks for the gateway's certificate, and what is in the
    way."""
    name = '{}/{}'.format(entry['name'], entry['type'])
    wanted, problems = {'smtpd_tls_ask_ccert': 'yes'}, []
    values = list(info['parameters'].values()) + list(entry['options'].values())
    if any('permit_tls_all_clientcerts' in re.split(r'[\s,{}=]+', value) for value in values):
        problems.append(
            f'permit_tls_all_clientcerts is used in main.cf or by {name}: it would let in everybody with a certificate'
            ' of an authority that the gateway\'s certificate needs. Use permit_tls_clientcerts and relay_clientcerts'
            ' instead, or set conbool_inbound_require_certificate: false'
        )
    fingerprints = options['certificate_fingerprints']
    if fingerprints:
        digest = effective(entry, info['expanded'], 'smtpd_tls_fingerprint_digest')
        length = DIGEST_LENGTHS.get(digest)
        problems += [
            'postfix_smarthost_certificate_fingerprints: {!r} is not a fingerprint as {} compares them'
            ' (smtpd_tls_fingerprint_digest = {}): {} hexadecimal digits'.format(
                item, name, digest, length or 'pairs of'
            )
            for item in fingerprints
            if not re.match(r'[0-9A-F]{2}(:[0-9A-F]{2})*\Z', item)
            or len(item.replace(':', '')) != (length or len(item))
        ]
    else:
        trust, found = _authorities(entry, settings, info, options, changed)
        wanted.update(trust)
        problems += found
    # A session that was begun before a certificate was asked for has none, and a client may resume it for ever.
    flags = [
        flag
        for flag in re.split(r'[\s,]+', effective(entry, info['expanded'], 'tls_ssl_options'))
        if flag not in ('', 'NO_TICKET')
    ]
    wanted.update(tls_ssl_options=' '.join(flags + ['NO_TICKET']), smtpd_tls_session_cache_database='')
    return wanted, problems


def _authorities(entry, settings, info, options, changed):
    """Return the options with which one service trusts the issuer of the gateway's certificate, and what is in the
    way."""
    file = options['client_ca_file'] or settings['tls_ca_file']
    # After the first run the option is ours, and what main.cf says counts.
    present = (
        info['expanded'].get('smtpd_tls_CAfile', '')
        if changed
        else effective(entry, info['expanded'], 'smtpd_tls_CAfile')
    )
    if not file:
        # Postfix appends the system's authorities to a file or directory, but not to nothing.
        path = {} if present or info['expanded'].get('smtpd_tls_CApath') else {'smtpd_tls_CApath': info['config_dir']}
        return dict(path, tls_append_default_CA='yes'), []
    if present and present != file and not options['client_ca_file']:
        return {}, [
            'smtpd_tls_CAfile = {} is in force at {}/{}, and the authority of the gateway\'s certificate is in {}: put'
            ' both into one file and set postfix_smarthost_client_ca_file to it'.format(
                present, entry['name'], entry['type'], file
            )
        ]
    return {'smtpd_tls_CAfile': file}, []


def _classes(settings, config_dir, kept, options):
    fingerprints = options['certificate_fingerprints']
    known = (
        [f'check_recipient_access regexp:{config_dir}/{RECIPIENTS_TABLE}']
        + flag_restriction(options)
        + ['$' + kept, 'permit']
    )
    return {
        'conbool_gateway': gateway_class(settings, config_dir, fingerprints),
        # "permit" ends the list, as its end would: what the list says is asked here, so that a certificate found right
        # needs no exit.
        'conbool_known': ', '.join(known),
        # For networks in mynetworks that cannot be listed, or came later.
        'conbool_others': f'permit_mynetworks, check_client_access static:{{{NOT_OURS}}}',
    }


def inbound_configuration(settings, info, options):
    """Return what of the MTA's configuration limits port 25 to the gateway.

    Args:
        settings: the normalised settings (see the C(settings) module).
        info: what C(postfix_info) returned of the MTA.
        options: C(certificate_fingerprints), C(client_ca_file), C(policy_command), C(services), C(wash_port),
            C(flag), C(flag_port), C(release_port).

    Returns:
        dict: C(parameters), C(services), C(service_options), C(tables) for C(postfix_config), C(warnings), and
            C(problems),
        because of which nothing must be changed.
    """
    config_dir, parameters = info['config_dir'], info['parameters']
    wanted = {'parameters': {}, 'services': [], 'service_options': [], 'tables': [], 'warnings': [], 'problems': []}
    limits = settings['inbound']
    if not limits and not settings['wash_networks']:
        return wanted
    smtpds, postscreens = listeners(info, options['services'])
    if not smtpds:
        wanted['problems'].append(
            'master.cf has no smtpd(8) on port 25: name the services on which mail arrives in'
            ' postfix_smarthost_inbound_services'
        )
    named = [entry['name'] for entry in smtpds + postscreens]
    wanted['problems'] += _bad_values(options)
    wanted['problems'] += [
        f'postfix_smarthost_inbound_services: {name!r} is no inet service of smtpd(8) in master.cf'
        for name in options['services']
        if name not in named
    ]
    washed = wash_configuration(settings, info, options, smtpds)
    for part, found in washed.items():
        wanted[part] += found
    options = dict(options, certificate_fingerprints=[item.upper() for item in options['certificate_fingerprints']])
    begin = f'check_client_access cidr:{config_dir}/conbool_'
    in_front = [
        f'check_client_access cidr:{config_dir}/{table}'
        for table, used in ((CLIENTS_TABLE, limits), (WASH_CLIENTS_TABLE, settings['wash_networks']))
        if used
    ]
    for entry in smtpds:
        changed = entry['options'].get(RESTRICTIONS, '').startswith(begin)
        own = _in_front(entry, parameters, RESTRICTIONS, begin, in_front)
        kept = next(name for name in own if name.startswith('conbool_'))
        if limits:
            classes = _classes(settings, config_dir, kept, options)
            own.update(classes)
            own.update(_in_front(entry, parameters, CLASSES, 'conbool_gateway', list(classes)))
            # Postfix takes <postmaster> from everybody without asking the recipient restrictions.
            own.update(
                _in_front(
                    entry, parameters, DATA_RESTRICTIONS, begin, [f'check_client_access cidr:{config_dir}/{DATA_TABLE}']
                )
            )
            wanted['problems'] += _tls_problems(entry, info)
            if settings['inbound_require_certificate']:
                tls, problems = _certificate_options(entry, settings, info, options, changed)
                own.update(tls)
                wanted['problems'] += problems
        wanted['service_options'].append({'name': entry['name'], 'type': entry['type'], 'options': own})
    if limits and smtpds:
        _limit(wanted, settings, info, options, smtpds, postscreens)
    clients = [service['name'] for service in wanted['services'] if service['command'] == 'smtp']
    wanted['parameters'].update(unthrottled(clients, info['expanded']))
    return wanted


def _limit(wanted, settings, info, options, smtpds, postscreens):
    """Add what all services share."""
    config_dir, fingerprints = info['config_dir'], options['certificate_fingerprints']
    flag = flag_configuration(info, options, smtpds)
    for part in flag:
        wanted[part] += flag[part]
    mynetworks = ' '.join(effective(entry, info['expanded'], 'mynetworks') for entry in smtpds[:1])
    # Where the server does not listen on loopback, its own programs come from its own address.
    clients, data, warnings = client_tables(
        settings, '{} {}'.format(' '.join(own_addresses(info['expanded'])), mynetworks)
    )
    wanted['warnings'] += warnings
    if any(effective(entry, info['expanded'], 'mynetworks') != mynetworks for entry in smtpds):
        wanted['problems'].append(
            'The services on port 25 have different mynetworks: name the networks in conbool_smtp_allowed_networks'
            ' instead'
        )
    wanted['tables'] += [
        {'path': CLIENTS_TABLE, 'type': 'cidr', 'content': clients},
        {'path': DATA_TABLE, 'type': 'cidr', 'content': data},
        {'path': RECIPIENTS_TABLE, 'type': 'regexp', 'content': recipients_table(settings['domains'])},
    ]
    if settings['inbound_require_certificate'] and fingerprints:
        wanted['tables'].append(
            {'path': CERTIFICATES_TABLE, 'type': 'texthash', 'content': certificates_table(fingerprints)}
        )
    elif settings['inbound_require_certificate']:
        wanted['services'].append(policy_service(options['policy_command'], settings['tls_name']))
    ours = f'cidr:{config_dir}/{POSTSCREEN_TABLE}'
    for entry in postscreens:
        wanted['service_options'].append(
            {
                'name': entry['name'],
                'type': 'inet',
                'options': _in_front(entry, info['parameters'], POSTSCREEN_LIST, ours, [ours]),
            }
        )
    if postscreens:
        wanted['tables'].append(
            {'path': POSTSCREEN_TABLE, 'type': 'cidr', 'content': postscreen_table(settings['networks'])}
        )
    named = [entry['name'] for entry in smtpds + postscreens]
    for entry in info['services']:
        proxied = (
            'smtpd_upstream_proxy_protocol' in entry['options']
            or 'postscreen_upstream_proxy_protocol' in entry['options']
        )
        if entry['type'] == 'inet' and proxied and entry['name'] not in named:
            wanted['warnings'].append(
                '{}/inet is behind a proxy and is not limited to the gateway. If other servers bring mail there, name'
                ' it in postfix_smarthost_inbound_services.'.format(entry['name'])
            )
