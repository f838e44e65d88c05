# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of a host's Sendmail."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import FileRecord, file_owners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import features
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.build import as_left, refuse_edited, workshop
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program, SendmailError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.daemon import Daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.delivery import REMOTE, deliveries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import MAILER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.networks import named

OWNER = 'sendmail'
# Entries of the access map that ask something of the TLS of other servers (cf/README, STARTTLS).
TLS_TAGS = ('tls_srv:', 'tls_rcpt:')
# Kinds of maps that makemap can list.
LISTED = ('hash', 'btree', 'dbm', 'cdb')
_CONNECT = re.compile(r'(?:connect:)?([\d.]+|ipv6:[0-9a-f:]+)$', re.IGNORECASE)
# Where files and commands are by default; None means that they are looked for.
PATHS = {
    'config_dir': '/etc/mail',
    'mc_file': 'sendmail.mc',
    'cf_file': 'sendmail.cf',
    'm4_file': 'conbool.m4',
    'sendmail_command': None,
    'm4_command': None,
}
PATHS_OPTION = {
    'type': 'dict',
    'default': {},
    'options': {name: {'type': 'str' if name.endswith('_file') else 'path'} for name in PATHS},
}


class Paths:
    """Where a host's Sendmail is.

    Args:
        given: the option C(paths).

    Raises:
        SendmailError: there is no such option.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        unknown = sorted(set(given) - set(PATHS))
        if unknown:
            raise SendmailError('There is no path {}, only {}'.format(', '.join(unknown), ', '.join(sorted(PATHS))))
        values: dict[str, Any] = {name: given.get(name) or default for name, default in PATHS.items()}
        self.config_dir, self.sendmail, self.m4_command = (
            values['config_dir'],
            values['sendmail_command'],
            values['m4_command'],
        )
        self.mc, self.cf, self.m4 = (
            os.path.join(self.config_dir, values[name]) for name in ('mc_file', 'cf_file', 'm4_file')
        )


def foreign(
    program: Program, cf: SendmailCf, cf_path: str, routes: Mapping[str, Mapping[str, str] | None]
) -> list[str]:
    """Return those of the domains whose mail this Sendmail sends to another host, as it does any other domain's.

    Args:
        cf_path: its path.
        routes: domain to the route of its postmaster.
    """
    outside = program.routes(cf_path, ['postmaster@conbool-verify.invalid'])[0]
    # What leads to a smart host leads there for every domain; what is asked of DNS leads to the domain itself.
    common = outside and outside['host'] if cf.smart_host else None
    return [
        domain
        for domain, route in routes.items()
        if route and route['mailer'] in REMOTE + (MAILER,) and route['host'] in (domain, common)
    ]


def access_entries(program: Program, cf: SendmailCf) -> list[tuple[str, str]]:
    """Return what is in the access map, as pairs of key and value; nothing when it is of a kind that cannot be
    listed."""
    kind, path = cf.maps.get('access', ('', ''))
    if kind in LISTED and any(os.path.exists(path + ending) for ending in ('.db', '.pag', '.cdb')):
        return program.map_entries(kind, path)
    return []


def tagged(access: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Return C(tls_entries) and C(srv_entries) of the access map, each by their keys in small letters."""
    entries = {key.lower(): value.strip() for key, value in access}
    return {
        name: {key: value for key, value in entries.items() if key.startswith(tags)}
        for name, tags in (('tls_entries', TLS_TAGS), ('srv_entries', (features.TAG,)))
    }


def relay_networks(members: list[str], access: Iterable[tuple[str, str]]) -> list[str]:
    """Return the networks whose clients may certainly send through this Sendmail to anybody.

    Args:
        members: of class R.
        access: what is in the access map.
    """
    pairs = [(_CONNECT.match(key), value) for key, value in access]
    return named(members + [match.group(1) for match, value in pairs if match and value.strip().upper() == 'RELAY'])


def facts(
    run: Callable[..., tuple[int, Any, Any]],
    paths: Paths,
    hosted_domains: Sequence[str] = (),
    hosted_domains_from: str = 'hosted_domains',
) -> dict[str, Any]:
    """Return what M(conbool.smtp_relay.sendmail_info) returns.

    Args:
        run: AnsibleModule.run_command or a function like it.
        hosted_domains: domains for which this Sendmail has to be responsible.
        hosted_domains_from: where the user gave them.

    Raises:
        SendmailError: a command fails, there is no sendmail.mc, sendmail.cf was edited, or this Sendmail is not
            responsible for a domain.
        OSError: a file cannot be read.
    """
    program = Program(run, paths.sendmail, paths.m4_command)
    with workshop(program, paths.mc, paths.cf, paths.m4) as shop:
        base = shop.build('base')
        # After a run that was killed, the next one brings both in line.
        record = FileRecord(OWNER)
        if not record.pending and not as_left(record, paths.mc, paths.cf, paths.m4):
            refuse_edited(paths.cf, read_file(paths.cf).data, [shop.present(), base])
        described = program.describe(base.path)
        cf = SendmailCf(decode(read_file(paths.cf).data or b''))
        recipients = ['postmaster@' + domain for domain in hosted_domains]
        routes = dict(zip(hosted_domains, program.routes(paths.cf, recipients)))
        others = foreign(program, cf, paths.cf, routes)
        if others:
            raise SendmailError(
                '{}: this Sendmail is not responsible for {} (not in class w, that is local-host-names, nor in'
                ' mailertable or virtusertable): its mail would leave the server and come back'.format(
                    hosted_domains_from, ', '.join(others)
                )
            )
        own = SendmailCf(base.text)
        members, access = program.members(base.path, 'R'), access_entries(program, own)
    return {
        'version': described['version'],
        'features': described['features'],
        'ffr': described['ffr'],
        'pid_file': described['pid_file'],
        'host_name': described['host_name'],
        'client_ports': own.client_ports,
        'daemon_ports': own.daemon_ports,
        'config_dir': paths.config_dir,
        'queue_directory': own.queue_directory,
        'options': own.options,
        'header_checks': own.header_checks,
        'rulesets': own.rulesets,
        'mailers': own.mailers,
        'smart_host': own.smart_host,
        'deliveries': deliveries(routes, own.mailers),
        'relay_networks': relay_networks(members, access),
        **tagged(access),
        'running': Daemon(run, described['pid_file'], own.queue_directory).running,
        'file_owners': file_owners(),
    }
