# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmfixperms of the double of Zimbra (not Zimbra): the part that touches the MTA's files. Modes of other files in
/opt/zimbra/conf stay as they are, their owner does not."""

from __future__ import annotations

from pathlib import Path

from .world import World

ZIMBRA_IN_COMMON_CONF = (
    'master.cf',
    'master.cf.in',
    'bysender',
    'bysender.lmdb',
    'tag_as_foreign.re',
    'tag_as_foreign.re.in',
    'tag_as_originating.re',
    'tag_as_originating.re.in',
)
# Pattern below conf -> mode.
MODES = {
    'localconfig.xml': 0o640,
    'ldap-canonical.cf': 0o640,
    'ldap-slm.cf': 0o640,
    'ldap-transport.cf': 0o640,
    'ldap-vad.cf': 0o640,
    'ldap-vam.cf': 0o640,
    'ldap-vmd.cf': 0o640,
    'ldap-vmm.cf': 0o640,
    'saslauthd.conf.in': 0o640,
    'saslauthd.conf': 0o440,
    'sasl2/smtpd.conf.in': 0o640,
    'sasl2/smtpd.conf': 0o640,
    '*.crt': 0o640,
    '*.key': 0o640,
    'ca': 0o755,
    'ca/*.crt': 0o644,
    'ca/*.pem': 0o644,
}


def main(world: World, arguments: list[str]) -> int:
    if world.user != 'root':
        world.out.write('Error: must be run as root user\n')
        return 1
    common, conf = world.home / 'common' / 'conf', world.home / 'conf'
    for path in _all_in(world.home / 'common'):
        if common not in (path, *path.parents):
            world.chown(path, 'root', 'root')
    for path in _all_in(common):
        world.chown(path, 'root', 'zimbra')
    common.chmod(0o775)
    for name in ZIMBRA_IN_COMMON_CONF:
        _chown_if_there(world, common / name, 'zimbra', 'zimbra')
    for name in ('main.cf', 'snmp.conf'):
        _chown_if_there(world, common / name, 'root', 'root')
    for path in _all_in(conf):
        world.chown(path, 'zimbra', 'zimbra')
    for pattern, mode in MODES.items():
        for path in conf.glob(pattern):
            path.chmod(mode)
            if pattern.startswith('ldap-'):
                world.chown(path, None, 'postfix')
    return 0


def _all_in(top: Path) -> list[Path]:
    return [top, *top.rglob('*')] if top.is_dir() else []


def _chown_if_there(world: World, path: Path, user: str, group: str) -> None:
    if path.is_file():
        world.chown(path, user, group)
