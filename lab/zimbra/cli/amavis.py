# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmamavisdctl of the double of Zimbra (not Zimbra). There is no gentle reload: it is a stop and a start."""

from __future__ import annotations

from .daemons import is_program, refused
from .world import World

LOOK = 5


def main(world: World, arguments: list[str]) -> int:
    if refused(world):
        return 1
    if not is_program(world, 'common/sbin/amavisd'):
        return 0
    world.setvars()
    action, more = (arguments or [''])[0], arguments[1:2]
    if action == 'start':
        return _start(world, rewrite=not more)
    if action in ('stop', 'kill'):
        return _stop(world, 'amavisd') or _stop(world, 'amavisd-mc')
    if action in ('restart', 'reload'):
        world.call('zmamavisdctl', 'stop')
        return world.call('zmamavisdctl', 'start', *more)
    if action == 'status':
        return _status(world, 'amavisd') or _status(world, 'amavisd-mc')
    world.out.write(f'Usage: {world.home}/bin/zmamavisdctl start|stop|kill|reload|restart|status\n')
    return 1


def _start(world: World, rewrite: bool) -> int:
    """A failure is said, and is no failure for the caller."""
    world.out.write('Starting amavisd-mc...')
    if world.services.running('amavisd-mc'):
        world.out.write('amavisd-mc is already running.\n')
    elif world.services.start('amavisd-mc'):
        world.out.write('done.\n')
    else:
        world.out.write('failed.\n')
        return 0
    world.out.write('Starting amavisd...')
    if world.services.running('amavisd'):
        world.out.write('amavisd is already running.\n')
        return 0
    if rewrite:
        world.call('configrewrite', 'amavis', 'antispam', quiet=True)
    world.out.write('done.\n' if world.services.start('amavisd') else 'failed.\n')
    return 0


def _stop(world: World, name: str) -> int:
    """Looks for the first time after five seconds: it takes that long at least."""
    world.out.write(f'Stopping {name}...')
    pid = world.services.pid(name)
    if pid is None:
        world.out.write(f'{name} is not running.\n')
        return 0
    if world.services.stop(name, LOOK):
        world.out.write(' done.\n')
        return 0
    world.out.write(f' failed to stop {pid}\n')
    return 1


def _status(world: World, name: str) -> int:
    running = world.services.running(name)
    world.out.write(f'{name} is {"running" if running else "not running"}.\n')
    return 0 if running else 1
