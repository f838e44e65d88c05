# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmmtactl, the wrappers of postfix and postconf, and zmmtastatus of the double of Zimbra (not Zimbra)."""

from __future__ import annotations

from .daemons import is_program, say_stopped
from .world import World


def main(world: World, arguments: list[str]) -> int:
    if world.command == 'zmmtastatus':
        return _zmmtastatus(world)
    program = 'postconf' if world.command == 'postconf' else 'postfix'
    if not is_program(world, f'common/sbin/{program}'):
        world.out.write('Error: postfix not installed\n')
        return 1
    if program == 'postconf':
        return world.as_root(_sbin(world, 'postconf'), *arguments)
    world.setvars()
    action, more = (arguments or [''])[0], arguments[1:2]
    return _zmmtactl(world, action, more) if world.command == 'zmmtactl' else _postfix(world, action, more, arguments)


def _sbin(world: World, program: str) -> str:
    return str(world.home / 'common' / 'sbin' / program)


def _begin_main_cf(world: World, postconf) -> None:
    path = world.home / 'common' / 'conf' / 'main.cf'
    if not path.exists():
        path.touch()
        owner, group = world.env['postfix_mail_owner'], world.env['postfix_setgid_group']
        postconf('-e', f'mail_owner={owner}', f'setgid_group={group}')


def _zmmtactl(world: World, action: str, more: list[str]) -> int:
    scripts = ['zmamavisdctl', 'zmsaslauthdctl', 'postfix']
    options = world.home / 'conf' / 'mta_milter_options'
    if options.exists() and 'zimbraMilterServerEnabled=TRUE' in options.read_text().split():
        scripts.insert(1, 'zmmilterctl')
    if action in ('start', 'reload', 'restart') and not more:
        _rewrite(world)
    if action == 'start':
        worst = 0
        for script in scripts:
            code = world.call(script, 'start', 'norewrite')
            world.out.write(f'{script} failed to start\n' if code else '')
            worst = code or worst
        return worst
    if action == 'stop':
        return [world.call(script, 'stop') for script in reversed(scripts)][-1]
    if action in ('reload', 'restart'):
        # The same for both, and for amavis and saslauthd it is a stop and a start.
        return [world.call(script, 'reload', *more) for script in scripts][-1]
    if action == 'status':
        return say_stopped(world, {script: world.call(script, 'status', quiet=True) for script in scripts})
    world.out.write(f'{world.home}/bin/zmmtactl start|stop|restart|reload|status\n')
    return 1


def _rewrite(world: World) -> None:
    world.out.write('Rewriting configuration files...')
    _begin_main_cf(world, lambda *arguments: world.call('postconf', *arguments))
    code = world.call('configrewrite', 'antispam', 'antivirus', 'opendkim', 'mta', 'sasl', quiet=True)
    world.out.write('failed.\n' if code else 'done.\n')


def _postfix(world: World, action: str, more: list[str], arguments: list[str]) -> int:
    if action in ('status', 'start'):
        _begin_main_cf(world, lambda *said: world.run([_sbin(world, 'postconf'), *said], world))
        code = world.as_root(str(world.home / 'libexec' / 'zmmtastatus'))
        if action == 'status':
            return 1 if code else 0
        if code == 0:
            return 0
    if action in ('start', 'reload', 'restart'):
        world.call('zmmtainit')
        if more != ['norewrite']:
            world.call('configrewrite', 'mta', quiet=True)
    if world.aliases.exists():
        world.as_root(_sbin(world, 'postalias'), str(world.aliases))
    return world.as_root(_sbin(world, 'postfix'), *arguments)


def _zmmtastatus(world: World) -> int:
    if world.user != 'root':
        world.out.write(f'{world.home}/libexec/zmmtastatus must be run as root.\n')
        return 1
    if not (world.home / 'conf' / 'localconfig.xml').exists():
        return 1
    return 1 if world.run([_sbin(world, 'postfix'), 'status'], world) else 0
