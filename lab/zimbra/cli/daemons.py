# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control scripts of one daemon each, of the double of Zimbra (not Zimbra): start, stop, restart, reload, status."""

from __future__ import annotations

from dataclasses import dataclass

from .session import forget_caches
from .world import World


@dataclass(frozen=True)
class Daemon:
    """service: in services.json; label: as it is called in what is printed; rewrite: sections written before a start
    that was not told `norewrite`; program: without it, below /opt/zimbra, the script ends at once and content;
    only_zimbra: whether it refuses everybody else; step: seconds between two looks at a stop."""

    service: str
    label: str
    rewrite: str = ''
    program: str = ''
    only_zimbra: bool = False
    step: float = 1


DAEMONS = {
    'ldap': Daemon('slapd', 'ldap'),
    'zmarchivectl': Daemon('archiving', 'archiving'),
    'zmcbpolicydctl': Daemon('cbpolicyd', 'policyd', only_zimbra=True),
    'zmclamdctl': Daemon('clamd', 'clamd', 'antivirus', 'common/sbin/clamd', only_zimbra=True, step=2),
    'zmdnscachectl': Daemon('dnscache', 'dnscache'),
    'zmfreshclamctl': Daemon('freshclam', 'freshclam', 'antivirus', 'common/bin/freshclam', only_zimbra=True, step=0),
    'zmloggerctl': Daemon('logger', 'logger'),
    'zmmailboxdctl': Daemon('mailboxd', 'mailboxd'),
    'zmmemcachedctl': Daemon('memcached', 'memcached', only_zimbra=True),
    'zmmilterctl': Daemon('milter', 'milter server'),
    'zmproxyctl': Daemon('proxy', 'proxy', 'proxy', only_zimbra=True),
    'zmspellctl': Daemon('spell', 'spell'),
    'zmstatctl': Daemon('stats', 'stats'),
    'zmswatchctl': Daemon('snmp', 'swatch'),
}


def refused(world: World) -> bool:
    """Whether the caller is told, on standard output, to be zimbra."""
    if world.user == 'zimbra':
        return False
    world.out.write('Error: must be run as zimbra user\n')
    return True


def is_program(world: World, path: str) -> bool:
    """Whether there is something to run there, below /opt/zimbra."""
    program = world.home / path
    return program.is_file() and bool(program.stat().st_mode & 0o111)


def say_stopped(world: World, codes: dict[str, int]) -> int:
    """Say which scripts' programs do not run; the exit code of the last of them, 0 if all run."""
    worst = 0
    for script, code in codes.items():
        if code:
            world.out.write(f'{script} is not running\n')
            worst = code
    return worst


def main(world: World, arguments: list[str]) -> int:
    daemon = DAEMONS[world.command]
    if daemon.only_zimbra and refused(world):
        return 1
    if daemon.program and not is_program(world, daemon.program):
        return 0
    world.setvars()
    action, more = (arguments or [''])[0], arguments[1:2]
    if action == 'start':
        return _start(world, daemon, more)
    if action in ('stop', 'kill'):
        return _stop(world, daemon)
    if action in ('restart', 'reload'):
        world.call(world.command, 'stop')
        return world.call(world.command, 'start', *more)
    if action == 'status':
        running = world.services.running(daemon.service)
        world.out.write(f'{daemon.label} is {"running" if running else "not running"}.\n')
        return 0 if running else 1
    world.out.write(f'Usage: {world.home}/bin/{world.command} start|stop|restart|reload|status\n')
    return 1


def _start(world: World, daemon: Daemon, more: list[str]) -> int:
    if daemon.rewrite and not more:
        world.call('configrewrite', *daemon.rewrite.split(), quiet=True)
    world.out.write(f'Starting {daemon.label}...')
    if world.services.running(daemon.service):
        world.out.write(f'{daemon.label} is already running.\n')
        return 0
    if daemon.service == 'mailboxd':
        forget_caches(world)
    started = world.services.start(daemon.service)
    world.out.write('done.\n' if started else 'failed.\n')
    return 0 if started else 1


def _stop(world: World, daemon: Daemon) -> int:
    world.out.write(f'Stopping {daemon.label}...')
    if not world.services.running(daemon.service):
        world.out.write(f'{daemon.label} is not running.\n')
        return 0
    stopped = world.services.stop(daemon.service, daemon.step)
    world.out.write('done.\n' if stopped else 'failed.\n')
    return 0 if stopped else 1
