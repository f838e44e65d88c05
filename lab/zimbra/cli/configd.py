# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmconfigdctl, configrewrite and the program zmconfigd of the double of Zimbra (not Zimbra)."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from .daemons import refused
from .world import World

# Seconds that the daemon has to write its process number.
BORN = 30


def main(world: World, arguments: list[str]) -> int:
    if world.command == 'zmconfigd':
        from ..configd import __main__ as daemon

        return daemon.main(arguments)
    return (_configrewrite if world.command == 'configrewrite' else _zmconfigdctl)(world, arguments)


def _configrewrite(world: World, sections: list[str]) -> int:
    """The daemon's answer is thrown away: only whether it could be asked counts. If not, it is run once for this."""
    variables = world.setvars()
    request = f'REWRITE {" ".join(sections)}\n'
    heard = world.ask(
        int(variables['zmconfigd_listen_port']), request, float(variables['zimbra_configrewrite_timeout'])
    )
    if heard is not None:
        world.pause(5)
        return 0
    code = world.run([str(world.home / 'libexec' / 'zmconfigd'), *sections], world)
    if not os.isatty(0):
        world.err.write("stty: 'standard input': Inappropriate ioctl for device\n")
    return code


def _zmconfigdctl(world: World, arguments: list[str]) -> int:
    if refused(world):
        return 1
    world.setvars()
    action = (arguments or [''])[0]
    if action == 'start':
        return _start(world)
    if action in ('stop', 'kill'):
        return _stop(world)
    if action in ('restart', 'reload'):
        world.call('zmconfigdctl', 'stop')
        return world.call('zmconfigdctl', 'start')
    if action == 'status':
        running = _running(world)
        world.out.write(f'zmconfigd is {"running" if running else "not running"}.\n')
        return 0 if running else 1
    world.out.write(f'Usage: {world.home}/bin/zmconfigdctl start|stop|kill|restart|reload|status\n')
    return 1


def _pid_file(world: World) -> Path:
    return Path(world.env['zimbra_log_directory']) / 'zmconfigd.pid'


def _pid(world: World) -> int | None:
    try:
        return int(_pid_file(world).read_text())
    except (FileNotFoundError, ValueError):
        return None


def _running(world: World) -> bool:
    """It has a process number and answers: one that waits after an error does not."""
    answer = world.ask(int(world.env['zmconfigd_listen_port']), 'STATUS\n', 15) if _pid(world) else None
    return (answer or '').strip() == 'SUCCESS ACTIVE'


def _start(world: World) -> int:
    """When this returns 0 everything has been written: the daemon listens only after its first run."""
    world.out.write('Starting zmconfigd...')
    if _running(world):
        world.out.write('zmconfigd is already running.\n')
        return 0
    _kill(world, signal.SIGKILL)
    _pid_file(world).unlink(missing_ok=True)
    world.spawn([str(world.home / 'libexec' / 'zmconfigd')])
    for dummy in range(BORN):
        if _pid(world):
            break
        world.sleep(1)
    for dummy in range(int(world.env['zmconfigd_startup_pause'])):
        if _running(world):
            world.out.write('done.\n')
            return 0
        world.sleep(1)
    world.out.write('failed.\n')
    return 1


def _stop(world: World) -> int:
    """One that does not answer counts as not running, and is left alone."""
    world.out.write('Stopping zmconfigd...')
    if not _running(world):
        world.out.write('zmconfigd is not running.\n')
        return 0
    for dummy in range(BORN):
        if not _kill(world, signal.SIGTERM):
            _pid_file(world).unlink(missing_ok=True)
            break
        world.sleep(1)
    failed = _pid_file(world).exists()
    world.out.write('failed.\n' if failed else 'done.\n')
    return 1 if failed else 0


def _kill(world: World, sign: signal.Signals) -> bool:
    """Whether there was a process to send that to."""
    pid = _pid(world)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            world.kill(pid, sign)
            return True
    return False
