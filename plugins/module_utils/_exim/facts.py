# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of a host's Exim, as it would be without us."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program, items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.daemon import Daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import (
    OWNER,
    answers,
    built,
    is_split,
    refuse_others,
    staged,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.expressions import fill
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import file_owners

OPTIONS = (
    'acl_smtp_rcpt',
    'acl_smtp_data',
    'tls_try_verify_hosts',
    'tls_verify_certificates',
    'tls_advertise_hosts',
    'tls_certificate',
    'message_body_visible',
    'message_body_newlines',
    'spool_directory',
    'exim_user',
    'exim_group',
)
MIME = ('acl_smtp_mime', 'acl_not_smtp_mime')
# What Exim has of a body in $message_body unless somebody says otherwise.
USUAL_BODY = '500'
_CUTTHROUGH = re.compile(r'^[^#\n]*\bcutthrough_delivery\b', re.MULTILINE)
LOCAL = ('lmtp', 'appendfile', 'pipe', 'autoreply')
# What a configuration by hand is taken for when only its texts are wanted.
UNKNOWN_SITE = {
    **dict.fromkeys(OPTIONS, ''),
    'acl_smtp_rcpt': 'acl_check_rcpt',
    'acl_smtp_data': 'acl_check_data',
    'tls_verify_certificates': 'system',
    'mime': '',
    'body': {'message_body_visible': False, 'message_body_newlines': False},
}


def site(base: Program, features: Sequence[str]) -> dict[str, Any]:
    """Return what the configuration without us says where ours has to fit in.

    Args:
        base: the command, for that configuration.
        features: what it was built with.
    """
    found: dict[str, Any] = base.options(*OPTIONS)
    found['mime'] = ''
    if 'Content_Scanning' in features:
        found['mime'] = ' '.join(filter(None, base.options(*MIME).values()))
    found['body'] = {
        'message_body_visible': found['message_body_visible'] != USUAL_BODY,
        'message_body_newlines': found['message_body_newlines'] == 'true',
    }
    found['cutthrough'] = bool(_CUTTHROUGH.search(base.text()))
    found['remote_smtp'] = base.transport('remote_smtp').get('driver') == 'smtp'
    return found


def networks(text: str) -> list[str]:
    """Return the networks in a list of hosts, less loopback."""
    found = []
    for item in items(text):
        try:
            network = ipaddress.ip_network(item.strip('[]'), strict=False)
        except ValueError:
            continue
        if not network.is_loopback:
            found.append(str(network))
    return sorted(set(found))


def deliveries(base: Program, domains: Sequence[str], usual: str) -> list[dict[str, str]]:
    """Return for each domain what its mail is handed to, as M(conbool.smtp_relay.spam_delivery) takes it.

    Args:
        usual: the transport for local users; an alias may lead elsewhere.

    Raises:
        EximError: this Exim is not responsible for a domain.
    """
    question = (
        '${if match_domain{@domain@}{+local_domains}{local}'
        '{${if match_domain{@domain@}{+relay_to_domains}{relay}{none}}}}'
    )
    kinds = dict(zip(domains, base.expand(fill(question, domain=domain) for domain in domains)))
    others = [domain for domain, kind in kinds.items() if kind == 'none']
    if others:
        raise EximError(
            'conbool_domains: this Exim is not responsible for {} (not in dc_other_hostnames, nor in dc_relay_domains):'
            ' its mail would leave the server and come back'.format(', '.join(others))
        )
    found = []
    for domain, kind in kinds.items():
        way = base.way('', 'postmaster@' + domain)
        options = base.transport(way.transport) if way.transport else {}
        if kind == 'relay':
            agent, target, by = 'other', '', f'router {way.router} to {way.host}'
        else:
            name = way.transport if options.get('driver') in LOCAL[:3] else usual
            agent, target = _agent(base.transport(name))
            by = f'transport {name}'
        found.append({'domain': domain, 'agent': agent, 'target': target, 'by': by})
    return found


def _agent(options: Mapping[str, str]) -> tuple[str, str]:
    if options.get('driver') == 'lmtp' and options.get('socket'):
        return 'lmtp', options['socket']
    if options.get('driver') == 'pipe':
        command = options.get('command', '').strip('"').split()
        return ('command', command[0]) if command else ('other', '')
    return 'other', ''


def facts(run: Callable[..., tuple[int, Any, Any]], domains: Sequence[str]) -> dict[str, Any]:
    """Return what M(conbool.smtp_relay.exim_info) returns.

    Args:
        run: AnsibleModule.run_command or a function like it.
        domains: those for which this Exim has to be responsible.

    Raises:
        EximError: a command fails, the configuration is not Debian's, or this Exim is not responsible for a domain.
        OSError: a file cannot be read.
    """
    program = Program(run)
    version, features = program.describe()
    refuse_others()
    said = answers()
    with staged(None) as directory:
        base = program.about(built(run, directory))
        found = site(base, features)
        served = deliveries(base, domains, said.get('dc_localdelivery') or 'mail_spool')
        relay = networks(base.named_list('relay_from_hosts'))
    return {
        'version': version,
        'features': features,
        'split': is_split(),
        'configuration_type': said.get('dc_eximconfig_configtype', ''),
        'site': found,
        'queue_directory': found['spool_directory'],
        'deliveries': served,
        'relay_networks': relay,
        'running': Daemon().running,
        'parts': [OWNER] if OWNER in file_owners() else [],
    }
