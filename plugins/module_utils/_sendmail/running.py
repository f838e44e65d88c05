# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the Sendmail that runs knows what its files say, and whether maps and files beside sendmail.cf lead mail past
the gateway."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.names import Names
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import there
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import asks_for_certificate
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.daemon import Daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.site_rules import SiteRules
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import Paths

TARGET = 'mail server'
RESTART = 'Restart Sendmail (on Debian: systemctl restart sendmail).'
REINSTALL = 'Bring it back, and have it be executable (on Debian: apt-get install --reinstall sendmail-bin).'
_MTA_HOST = re.compile(r'^D\{MTAHost\}(\S+)', re.MULTILINE)
# Classes that are read from files when Sendmail starts (op.me, F lines).
_CLASS_FILE = re.compile(r'^F\{?\w+\}?\s*(?:-o\s*)?(/[^\s|]+)', re.MULTILINE)


def running_rows(run: Callable[..., tuple[int, Any, Any]], program: Program, paths: Paths) -> list[dict[str, Any]]:
    """Return the row on the daemon."""
    text = decode(read_file(paths.cf).data or b'')
    pid_file = program.describe(paths.cf)['pid_file']
    daemon = Daemon(run, pid_file, SendmailCf(text).queue_directory)
    left = daemon.left_behind()
    if left:
        return [row('running.pid_file', TARGET, RED, left, f'Nothing reloads it. {RESTART}')]
    if not daemon.running:
        return [row('running.stopped', TARGET, RED, 'it does not run', RESTART)]
    words = daemon.command.split()
    other = _other_file(words, paths)
    if other:
        finding = f'it was started with {other}, and not with {paths.cf}: nothing of what that says is in force'
        return [row('running.other', TARGET, RED, finding, f'Have its service start it without {other}. {RESTART}')]
    if words and words[0].startswith('/') and not process.runnable(words[0]):
        finding = f'{words[0]} is not there or cannot be run: what runs cannot be started or reloaded any more'
        return [row('running.program', TARGET, RED, finding, REINSTALL)]
    found = process.process(daemon.pid)
    since = [found.started] if found else []
    if os.path.exists(pid_file):
        # It writes this file whenever it starts itself anew.
        since.append(os.stat(pid_file).st_mtime)
    old = process.newer([paths.cf, *_CLASS_FILE.findall(text)], max(since, default=0.0))
    if old:
        return [row('running.old', TARGET, RED, 'what runs is older than {}'.format(', '.join(old)), RESTART)]
    return [row('running.ok', TARGET, GREEN, 'runs, with what its files say')]


def _other_file(words: Sequence[str], paths: Paths) -> str:
    """Return the configuration that the daemon was started with when that is not the one that is changed here.

    Args:
        words: its command line.
    """
    named = ''
    for place, word in enumerate(words):
        if word.startswith('-C'):
            named = word[2:] or ''.join(words[place + 1 : place + 2])
        elif word == '-Ac' and not named:
            named = os.path.join(paths.config_dir, 'submit.cf')
    return named if named and os.path.realpath(named) != os.path.realpath(paths.cf) else ''


def map_rows(
    program: Program, paths: Paths, settings: Mapping[str, Any], addresses: Sequence[str] | None
) -> list[dict[str, Any]]:
    """Return the rows on what the rules and the access map say of the gateway, and on where submit.cf leads.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        addresses: those of the gateway; None where the outbound hop speaks to it.
    """
    rules = SiteRules(program, paths.cf, settings)
    rows = [_submit_row(program, paths), *rules.client_rows()]
    if addresses is not None:
        rows += rules.server_rows(addresses)
    if asks_for_certificate(settings):
        rows += [_asks_row(program, paths, settings['relay_host'], network) for network in settings['networks'][:1]]
    return rows


def _asks_row(program: Program, paths: Paths, name: str, network: str) -> dict[str, Any]:
    address = str(ipaddress.ip_network(network)[0])
    known = {'client_name': name, 'client_addr': f'IPv6:{address}' if ':' in address else address}
    features = program.answer(paths.cf, 'srv_features', **known).split()
    if 'V' in features:
        finding = 'the access map (Srv_Features) has Sendmail not ask the gateway for its certificate'
        return row('access.certificate', network, RED, finding, 'Take the V out, and build the map anew.')
    return row('access.certificate', network, GREEN, 'the access map does not keep Sendmail from asking for one')


def _submit_row(program: Program, paths: Paths) -> dict[str, Any]:
    """Return the row on the file by which programs of this host hand in mail."""
    path = os.path.join(paths.config_dir, 'submit.cf')
    if not os.path.exists(path):
        return row('submit.ok', path, GREEN, 'there is none: programs hand mail to the mail server itself')
    # What FEATURE(msp) hands everything to.
    named = _MTA_HOST.search(decode(read_file(path).data or b''))
    found = None if named else program.routes(path, ['someone@' + OUTSIDE])[0]
    host = named.group(1) if named else found['host'] if found else ''
    addresses = Names().addresses(host.strip('[]')) if host else frozenset()
    if not addresses or not all(map(there, addresses)):
        finding = f'mail of programs on this host goes to {host or "nowhere"}, past this mail server'
        if host and not addresses:
            finding = (
                f'mail of programs on this host goes to {host}. Whose that is cannot be told: it has no address now'
            )
        return row('submit.elsewhere', path, RED, finding, 'Have submit.mc name [127.0.0.1], and build submit.cf anew.')
    return row('submit.ok', path, GREEN, 'hands mail to this host')
