# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control scripts of saslauthd, opendkim, antispam and antivirus of the double of Zimbra (not Zimbra)."""

from __future__ import annotations

import re

from .daemons import is_program, refused, say_stopped
from .world import World


def main(world: World, arguments: list[str]) -> int:
    return SCRIPTS[world.command](world, (arguments or [''])[0], arguments[1:2])


def _saslauthd(world: World, action: str, more: list[str]) -> int:
    if refused(world):
        return 1
    world.setvars()
    running = world.services.running('saslauthd')
    if action == 'start':
        world.out.write('Starting saslauthd...')
        if running:
            world.out.write('already running.\n')
            return 0
        if not more:
            world.call('configrewrite', 'sasl', quiet=True)
        started = world.services.start('saslauthd')
        world.out.write('done.\n' if started else 'failed.\n')
        return 0 if started else 1
    if action in ('stop', 'kill'):
        if not running:
            world.out.write('saslauthd is not running.\n')
            return 0
        world.out.write('Stopping saslauthd...')
        stopped = world.services.stop('saslauthd')
        world.out.write('done.\n' if stopped else '')
        return 0 if stopped else 1
    if action in ('restart', 'reload'):
        world.call('zmsaslauthdctl', 'stop')
        return world.call('zmsaslauthdctl', 'start', *more)
    if action == 'status':
        world.out.write(f'saslauthd is {"running" if running else "not running"}.\n')
        return 0 if running else 1
    world.out.write(f'Usage: {world.home}/bin/zmsaslauthdctl start|stop|kill|restart|reload|status\n')
    return 1


def _opendkim(world: World, action: str, more: list[str]) -> int:
    if refused(world):
        return 1
    if not is_program(world, 'common/sbin/opendkim'):
        return 0
    world.setvars()
    pid = world.services.pid('opendkim')
    if action == 'start':
        return _start_opendkim(world, pid, more)
    if action == 'stop':
        if pid is None:
            world.out.write('zmopendkimctl not running\n')
            return 0
        world.out.write('Stopping opendkim...')
        stopped = world.services.stop('opendkim', 5)
        world.out.write(' done.\n' if stopped else f' failed to stop {pid}\n')
        return 0 if stopped else 1
    if action in ('restart', 'reload'):
        world.call('zmopendkimctl', 'stop')
        return world.call('zmopendkimctl', 'start', *more)
    if action == 'status':
        world.out.write(f'zmopendkimctl is {"not running." if pid is None else f"running with pid: {pid}"}\n')
        return 1 if pid is None else 0
    world.out.write(f'Usage: {world.home}/bin/zmopendkimctl start|stop|restart|reload|status\n')
    return 1


def _start_opendkim(world: World, pid: int | None, more: list[str]) -> int:
    if pid is not None:
        world.out.write(f'zmopendkimctl already running: pid {pid}\n')
        return 0
    if not more:
        world.call('configrewrite', 'opendkim', quiet=True)
    if not world.services.start('opendkim'):
        world.out.write('Failed to start opendkim: 1\n')
        return 1
    world.pause(2)
    world.out.write(f'Started opendkim: pid {world.services.pid("opendkim")}\n')
    return 0


def _antispam(world: World, action: str, more: list[str]) -> int:
    """reload and restart forget what else they were told, so that amavis' script asks for a rewrite."""
    host = world.output_of('zmhostname')[1].strip()
    said = world.output_of('zmprov', '-l', 'gs', host, 'zimbraServiceEnabled')[1]
    enabled = re.search(r'\bantispam\b', said)
    if action == 'status':
        # The first is the database of antispam, which only looks who asks.
        codes = {'antispam-mysql.server': int(world.user != 'zimbra')} if enabled else {}
        if enabled:
            codes['zmamavisdctl'] = world.call('zmamavisdctl', 'status', quiet=True)
        return say_stopped(world, codes)
    if action not in ('start', 'stop', 'reload', 'restart'):
        world.out.write(f'{world.home}/bin/zmantispamctl start|stop|restart|reload|status\n')
        return 1
    if not enabled:
        return 0
    refused(world)
    return world.call('zmamavisdctl', action, *(more if action == 'start' else []))


def _antivirus(world: World, action: str, more: list[str]) -> int:
    if not is_program(world, 'common/sbin/amavisd'):
        return 0
    scripts = ('zmamavisdctl', 'zmclamdctl', 'zmfreshclamctl')
    if action == 'start':
        if not more:
            world.call('configrewrite', 'antivirus')
        return [world.call(script, 'start', 'norewrite') for script in scripts][-1]
    if action == 'stop':
        return [world.call(script, 'stop') for script in scripts[1:]][-1]
    if action in ('reload', 'restart'):
        return [world.call(script, action) for script in scripts][-1]
    if action != 'status':
        world.out.write(f'{world.home}/bin/zmantivirusctl start|stop|restart|reload|status\n')
        return 1
    codes = {script: world.call(script, 'status', quiet=True) for script in scripts}
    worst = say_stopped(world, codes)
    world.out.write('' if worst else 'antivirus is running\n')
    return worst


SCRIPTS = {
    'zmsaslauthdctl': _saslauthd,
    'zmopendkimctl': _opendkim,
    'zmantispamctl': _antispam,
    'zmantivirusctl': _antivirus,
}
