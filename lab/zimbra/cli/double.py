# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Zimbra has no command for: tells the double of Zimbra (not Zimbra) what to play.

double set start_seconds 3                      what each Java machine costs (zmprov starts two); default 0
double set pauses 0                             factor for the fixed waits of the real scripts; default 1
double set mailboxd '{"mail.example.com": "hung"}'     or down; default up where the service mailbox is enabled
double set ldap '"down"'                        the directory does not answer; or up
double set version '"10.1.0.GA.4655.UBUNTU22.64"'      of the package zimbra-core; default what dpkg says
double replica hold | release                   the replica that `zmprov -l` reads stays behind, or not any more
"""

from __future__ import annotations

import contextlib
import json

from ..store import locked, write_json
from .world import World


def main(world: World, arguments: list[str]) -> int:
    if len(arguments) == 3 and arguments[0] == 'set':
        set_switch(world, arguments[1], json.loads(arguments[2]))
    elif arguments == ['replica', 'hold']:
        world.store.hold_replica()
    elif arguments == ['replica', 'release']:
        world.store.release_replica()
    else:
        world.err.write(__doc__)
        return 70
    return 0


def set_switch(world: World, name: str, value) -> None:
    path = world.store.beside('.switches')
    with locked(world.store.beside('.switches.lock')):
        switches = {}
        with contextlib.suppress(FileNotFoundError):
            switches = json.loads(path.read_text('utf-8'))
        write_json(path, {**switches, name: value})
