# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration daemon of a double of Zimbra, not Zimbra's.

    python3 -m lab.zimbra.configd              polls for ever, and answers at 127.0.0.1:7171
    python3 -m lab.zimbra.configd SECTION ...  has these written: by the daemon if it runs, else at once by itself

Environment: ZIMBRA_DOUBLE_ROOT (/opt/zimbra), ZIMBRA_DOUBLE_ERROR_PAUSE (60: the seconds it sleeps over an error)."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from . import host, listener
from .daemon import Daemon
from .provider import Stored

INTERVAL = 60
ERROR_PAUSE = 60


class Sleep:
    """The daemon's sleep between polls. Whoever wakes it while it is awake, does not: the next sleep is as long as
    any, as that of the real daemon."""

    def __init__(self):
        self._asleep = threading.Condition()
        self._sleeping = False

    def sleep(self, seconds: float) -> None:
        with self._asleep:
            self._sleeping = True
            self._asleep.wait_for(lambda: not self._sleeping, timeout=seconds)
            self._sleeping = False

    def wake(self) -> None:
        with self._asleep:
            self._sleeping = False
            self._asleep.notify_all()


class Log:
    def __init__(self, path: Path):
        self._path = path

    def __call__(self, message: str) -> None:
        line = ' '.join(message.split())
        with self._path.open('a', encoding='utf-8') as file:
            file.write(f'{time.strftime("%Y-%m-%d %H:%M:%S")} zmconfigd[{os.getpid()}]: {line}\n')


def main(arguments: list) -> int:
    if os.geteuid() == 0:
        print('Error: must not be run as root user.', file=sys.stderr)
        return 1
    root = Path(os.environ.get('ZIMBRA_DOUBLE_ROOT', host.ROOT))
    log = Log(root / 'log' / 'zmconfigd.log')
    # Replays do without either.
    from ..localconfig import LocalConfig
    from ..store import Store

    provider = Stored(Store(), LocalConfig)
    if arguments:
        return _once(provider, root, arguments, log)
    pid_file = root / 'log' / 'zmconfigd.pid'
    if _runs(pid_file):
        log('already running, exiting')
        return 1
    pid_file.write_text(f'{os.getpid()}\n', encoding='utf-8')
    return _forever(Daemon(provider, host.System(str(root)), log=log), log)


def _runs(pid_file):
    try:
        os.kill(int(pid_file.read_text(encoding='utf-8')), 0)
    except (OSError, ValueError):
        return False
    return True


def _once(provider, root, names, log):
    local = provider.localconfig()
    if listener.ask(('localhost', int(local.get('zmconfigd_listen_port', '7171'))), names):
        return 0
    daemon = Daemon(provider, host.System(str(root)), forced=names, log=log)
    try:
        daemon.loop()
    except Exception as error:
        log(f'Configuration inconsistency detected ({error})')
        return 1
    return 0


def _forever(daemon, log):
    """Poll until killed."""
    sleep = Sleep()
    listening = False
    while True:
        try:
            daemon.loop()
        # The real one survives whatever it stumbles over, and says so.
        except Exception as error:
            log(f'Sleeping...Configuration inconsistency detected ({error})')
            time.sleep(float(os.environ.get('ZIMBRA_DOUBLE_ERROR_PAUSE', ERROR_PAUSE)))
            continue
        if not listening:
            listener.listen(daemon, sleep.wake)
            listening = True
        sleep.sleep(float(daemon.values.local.get('zmconfigd_interval') or INTERVAL))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
