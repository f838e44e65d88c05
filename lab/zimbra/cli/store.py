# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmstorectl of the double of Zimbra (not Zimbra): the mailbox server, under each of its services' names."""

from __future__ import annotations

from .world import World


def main(world: World, arguments: list[str]) -> int:
    world.setvars()
    action = (arguments or [''])[0]
    if action == 'start':
        return world.call('zmmailboxdctl', 'start', 'norewrite', quiet=True)
    if action == 'stop':
        return world.call('zmmailboxdctl', 'stop')
    if action in ('restart', 'reload'):
        return world.call('zmmailboxdctl', 'stop') or world.call('zmmailboxdctl', 'start', 'norewrite')
    if action == 'status':
        code = world.call('zmmailboxdctl', 'status', quiet=True)
        world.out.write('zmmailboxdctl is not running.\n' if code else '')
        return code
    world.out.write(f'{world.home}/bin/zmstorectl start|stop|restart|reload|status\n')
    return 1
