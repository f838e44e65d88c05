# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Postfix runs, and whether what runs is what its files say, as far as that is to be seen from outside.

postfix(1) goes by the pid file alone. The queue manager is started anew whenever the master process reads its
configuration, so it is as old as what is in force.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.sessions import MANAGERS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import master_pid, sockets_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

FILES = ('main.cf', 'master.cf')
# Seconds in which a queue manager starts.
PATIENCE = 3.0


def master(queue_directory: str) -> tuple[int | None, bool]:
    """Return the master process of an instance, None when it does not run, and whether its pid file names it."""
    pid = master_pid(queue_directory)
    if process.alive(pid):
        return pid, True
    home = os.path.realpath(queue_directory)
    for found in process.processes('master'):
        try:
            if os.path.realpath(f'/proc/{found.pid}/cwd') == home:
                return found.pid, False
        except OSError:
            continue
    return None, False


def lost_pid_file(queue_directory: str) -> str:
    """Return what there is to say of an instance that runs, and that nobody can reload; empty when there is
    nothing."""
    pid, known = master(queue_directory)
    if pid is None or known:
        return ''
    return f'it runs (process {pid}), but {queue_directory}/pid/master.pid does not name it, so that nothing reloads it'


def unread(config_dir: str, pid: int) -> list[str] | None:
    """Return the files of an instance that were changed, or removed, after what runs had read them; None when that is
    not to be seen, since there is no queue manager.

    Args:
        pid: its master process.
    """
    managers = [found.started for found in process.processes(parent=pid) if found.name in MANAGERS]
    paths = [os.path.join(config_dir, file) for file in FILES]
    gone = [path for path in paths if not os.path.exists(path)]
    return gone + process.newer(paths, max(managers)) if managers else None


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
    reload = f'systemctl reload {unit}'
    end = time.monotonic() + PATIENCE
    while True:
        old = unread(instance.config_dir, pid)
        # After a reload the old queue manager may be there for a moment, or none.
        if old == [] or time.monotonic() > end:
            break
        time.sleep(process.PAUSE)
    if old:
        return [row('running.old', name, RED, 'what runs is older than {}'.format(', '.join(old)), reload)]
    if old is None:
        return [row('running.queue', name, RED, 'there is no queue manager: mail is taken and goes nowhere', reload)]
    missing = [] if parameters.get('master_service_disable') else _missing_sockets(instance, queue_directory)
    if missing:
        return [row('running.socket', name, RED, 'no service at {}'.format(', '.join(missing[:3])), reload)]
    return [row('running.ok', name, GREEN, 'runs, with what its files say')]


def _missing_sockets(instance: Instance, queue_directory: str) -> list[str]:
    text = decode(read_file(os.path.join(instance.config_dir, 'master.cf')).data or b'')
    sockets = sockets_of(queue_directory, MasterCf(text).services().values())
    return sorted(path for path, there in sockets.items() if there is None)
