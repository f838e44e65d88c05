# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Postfix runs, and whether what runs is what its files say, as far as that is to be seen from outside.

postfix(1) goes by the pid file alone. The queue manager is started anew whenever the master process reads its
configuration, so it is as old as what is in force.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.sessions import MANAGERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.document import items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import (
    master,
    pid_file,
    sockets_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import OURS as OURS_IN_LOG
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service

FILES = ('main.cf', 'master.cf')
# By which postfix(1) tells master(8) the configuration directory.
VARIABLE = 'MAIL_CONFIG='
OURS = re.compile(r'conbool-')
# Daemons without which no Postfix delivers anything.
CORE = ('cleanup', 'qmgr', 'nqmgr', 'oqmgr', 'trivial-rewrite', 'bounce')
# Seconds in which a queue manager starts.
PATIENCE = 3.0
# Seconds in which a master process writes its pid file.
STARTING = 10.0


def lost_pid_file(queue_directory: str) -> str:
    """Return what there is to say of an instance that runs, and that nobody can reload; empty when there is
    nothing."""
    pid, known = master(queue_directory)
    if pid is None or known:
        return ''
    return f'it runs (process {pid}), but {pid_file(queue_directory)} does not name it, so that nothing reloads it'


def _clock_step(pid: int, queue_directory: str) -> float:
    """Return by how many seconds the clock was put forward since a master process was started, which is when it wrote
    its pid file; 0.0 for none, or when nobody can tell."""
    found = process.process(pid)
    try:
        step = found.started - os.stat(pid_file(queue_directory)).st_mtime if found else 0.0
    except OSError:
        return 0.0
    return step if abs(step) > STARTING else 0.0


def unread(config_dir: str, pid: int, queue_directory: str) -> tuple[list[str], list[str]] | None:
    """Return the files of an instance that were changed, or removed, after what runs had read them, and those of which
    nobody can tell; None when that is not to be seen, since there is no queue manager.

    Args:
        pid: its master process.
    """
    managers = [found.started for found in process.processes(parent=pid) if found.name in MANAGERS]
    if not managers:
        return None
    paths = [os.path.join(config_dir, file) for file in FILES]
    gone = [path for path in paths if not os.path.exists(path)]
    old, unsure = process.changed_since(paths, max(managers), _clock_step(pid, queue_directory))
    return gone + old, unsure


def running_rows(name: str, instance: Instance, unit: str) -> list[dict[str, Any]]:
    """Return the row on what runs.

    Args:
        name: who it is, in words.
        unit: its systemd service.
    """
    asked = ['queue_directory', 'master_service_disable']
    parameters = instance.parameters(instance.config_dir, asked)[0]
    queue_directory = parameters['queue_directory']
    pid, known = master(queue_directory)
    if pid is None:
        return [row('running.stopped', name, RED, 'it does not run', f'systemctl start {unit}')]
    if not known:
        end = f'End process {pid}, then: systemctl restart {unit}'
        return [row('running.pid_file', name, RED, lost_pid_file(queue_directory), end)]
    other = _other_configuration(pid, instance.config_dir)
    if other:
        finding = f'it runs with the configuration of {other}, not with that of {instance.config_dir}'
        end = f'postfix -c {other} stop, then: systemctl restart {unit}'
        return [row('running.elsewhere', name, RED, finding, end)]
    reload = f'systemctl reload {unit}'
    end = time.monotonic() + PATIENCE
    while True:
        found = unread(instance.config_dir, pid, queue_directory)
        # After a reload the old queue manager may be there for a moment, or none.
        if (found and not found[0]) or time.monotonic() > end:
            break
        time.sleep(process.PAUSE)
    if found is None:
        return [row('running.queue', name, RED, 'there is no queue manager: mail is taken and goes nowhere', reload)]
    old, unsure = found
    if old:
        return [row('running.old', name, RED, 'what runs is older than {}'.format(', '.join(old)), reload)]
    services = _services(instance)
    off = [service for service in services if _is_off(service, parameters.get('master_service_disable', ''))]
    needed = sorted(f'{service.name}/{service.kind}' for service in off if _is_needed(service))
    if needed:
        finding = 'master_service_disable in main.cf switches off {}'.format(', '.join(needed[:3]))
        return [row('running.disabled', name, RED, finding, f'Take it out there, then: {reload}')]
    missing = _missing_sockets(queue_directory, [service for service in services if service not in off])
    if missing:
        return [row('running.socket', name, RED, 'no service at {}'.format(', '.join(missing[:3])), reload)]
    if unsure:
        finding = 'the clock of this host was set: nobody can tell whether what runs has read ' + ', '.join(unsure)
        hint = f'To be sure: touch {" ".join(unsure)}, then: systemctl restart {unit}'
        return [row('running.clock', name, GREEN, finding, hint, 'low')]
    return [row('running.ok', name, GREEN, 'runs, with what its files say')]


def _words(pid: int, what: str) -> list[str]:
    """Return what stands in a file of proc(5) between null bytes; nothing where it cannot be seen."""
    try:
        with open(f'/proc/{pid}/{what}', 'rb') as stream:
            return decode(stream.read()).split('\0')
    except OSError:
        return []


def _other_configuration(pid: int, config_dir: str) -> str:
    """Return the directory with which a master process was started, if that is another one, and empty otherwise, also
    where it is not to be seen. Two of them can have the same queue."""
    words = _words(pid, 'cmdline')
    # master(8): the option makes the variable.
    named = [after for word, after in zip(words, words[1:]) if word == '-c']
    named += [word[len(VARIABLE) :] for word in _words(pid, 'environ') if word.startswith(VARIABLE)]
    other = named[0] if named else ''
    return other if other and os.path.realpath(other) != os.path.realpath(config_dir) else ''


def _services(instance: Instance) -> list[Service]:
    return list(MasterCf.of(instance.config_dir).services().values())


def _is_off(service: Service, selection: str) -> bool:
    """Return whether C(master_service_disable) switches a service off: by its type, or its name and type; the first
    match counts."""
    name = f'{service.name}/{service.kind}'
    for item in items(selection.lower()):
        # Before Postfix 3.0 there was a dot.
        if item.lstrip('!') in (service.kind, name.lower(), f'{service.name}.{service.kind}'.lower()):
            return item.count('!') % 2 == 0
    return False


def _is_needed(service: Service) -> bool:
    """Return whether mail gets nowhere without a service: it is one of ours, or no message passes but through it."""
    ours = OURS.match(service.name) or OURS_IN_LOG.match(service.options.get('syslog_name', ''))
    return bool(ours) or service.command[0] in CORE


def _missing_sockets(queue_directory: str, services: list[Service]) -> list[str]:
    sockets = sockets_of(queue_directory, services)
    return sorted(path for path, there in sockets.items() if there is None)
