# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zmcontrol of the double of Zimbra (not Zimbra): all services of a host, and the version."""

from __future__ import annotations

import getopt
import re
import subprocess

from . import BIN
from .world import World

# Service -> the script that controls it, in the order of a start.
SERVICES = {
    'ldap': 'ldap',
    'zmconfigd': 'zmconfigdctl',
    'dnscache': 'zmdnscachectl',
    'logger': 'zmloggerctl',
    'mailbox': 'zmstorectl',
    'memcached': 'zmmemcachedctl',
    'proxy': 'zmproxyctl',
    'amavis': 'zmamavisdctl',
    'antispam': 'zmantispamctl',
    'antivirus': 'zmantivirusctl',
    'opendkim': 'zmopendkimctl',
    'archiving': 'zmarchivectl',
    'cbpolicyd': 'zmcbpolicydctl',
    'snmp': 'zmswatchctl',
    'spell': 'zmspellctl',
    'mta': 'zmmtactl',
    'stats': 'zmstatctl',
    'service': 'zmstorectl',
    'zimbra': 'zmstorectl',
    'zimbraAdmin': 'zmstorectl',
    'zimlet': 'zmstorectl',
}
STOP_ORDER = (
    *('zmconfigd', 'zimlet', 'zimbraAdmin', 'zimbra', 'service', 'stats', 'mta', 'spell', 'snmp', 'cbpolicyd'),
    *('archiving', 'opendkim', 'amavis', 'antivirus', 'antispam', 'proxy', 'memcached', 'mailbox', 'logger'),
    *('dnscache', 'ldap'),
)
WEB_APPLICATIONS = ('service', 'zimbra', 'zimbraAdmin', 'zimlet')
# Services whose state the exit code of `status` does not tell, unless the local configuration lists others.
UNWATCHED = ('stats', 'snmp', 'logger', 'spell')
CACHE_AGE = 24 * 3600
PLATFORM = 'UBUNTU22_64'


def main(world: World, arguments: list[str]) -> int:
    if world.user != 'zimbra':
        world.err.write('Run as the zimbra user!\n')
        return 255
    world.setvars()
    try:
        options, rest = getopt.getopt(arguments, 'vhH:')
    except getopt.GetoptError:
        return _usage(world)
    given = dict(options)
    if '-v' in given:
        world.out.write(f'{version(world)}\n')
        return 0
    if '-h' in given or not rest or rest[0] not in COMMANDS:
        return _usage(world)
    if given.get('-H', world.hostname) != world.hostname:
        world.err.write('-H is not built in this double of Zimbra\n')
        return 70
    return COMMANDS[rest[0]](world)


def _usage(world: World) -> int:
    world.out.write(f'{version(world)}\n{world.home}/bin/zmcontrol [-v -h -H <host>] command [args]\n\n')
    world.out.write('\tCommand in:\n' + ''.join(f'\t\t{name}\n' for name in sorted(COMMANDS)))
    return 1


def _label(service: str) -> str:
    return f'{service} webapp' if service in WEB_APPLICATIONS else service


def _enabled(world: World) -> list[str] | None:
    """The host's services from the directory's master, or of an earlier answer of it; None if nobody knows."""
    cache = world.home / 'log' / '.zmcontrol.cache'
    try:
        if world.switch('ldap', 'up') == 'down':
            raise ConnectionRefusedError
        said = world.store.read()['servers'][world.hostname].get('zimbraServiceEnabled', [])
    except (OSError, KeyError) as error:
        what = 'Size error' if isinstance(error, KeyError) else 'Connect'
        world.err.write(f'{what}: Unable to determine enabled services from ldap.\n')
        if not cache.exists() or world.clock() - cache.stat().st_mtime > CACHE_AGE:
            world.out.write("Unable to determine enabled services. Cache is out of date or doesn't exist.\n")
            return None
        world.err.write('Enabled services read from cache. Service list may be inaccurate.\n')
        return sorted({'zmconfigd', *cache.read_text().split()})
    enabled = sorted({'zmconfigd', *said})
    cache.write_text(''.join(f'{service}\n' for service in enabled))
    return enabled


def _watched(world: World) -> list[str]:
    listed = (world.localconfig.raw('zmcontrol_service_status_list') or '').split()
    if not listed:
        return [service for service in SERVICES if service not in UNWATCHED]
    # One alone is as good as none.
    return listed if len(listed) > 1 else []


def _status(world: World) -> int:
    enabled = _enabled(world)
    if enabled is None:
        return 1
    watched = _watched(world)
    worst = 0
    world.out.write(f'Host {world.hostname}\n')
    for service in enabled:
        code, said = world.output_of(SERVICES[service], 'status') if service in SERVICES else (127, '')
        world.out.write(f'\t{_label(service):<20} {"Stopped" if code else "Running":>10}\n')
        if code:
            world.out.write(''.join(f'\t\t{line}\n' for line in said.splitlines()))
            worst = 1 if service in watched else worst
    return worst


def _start(world: World) -> int:
    world.out.write(f'Host {world.hostname}\n')
    if f'/{world.hostname}' in (world.localconfig.get('ldap_url') or '') and not _ldap_is_up(world):
        return 1
    enabled = _enabled(world)
    if enabled is None or ('ldap' in enabled and not _ldap_is_up(world)):
        return 1
    chosen = [service for service in SERVICES if service in enabled and service != 'ldap']
    return max([_one(world, 'Starting', service, 'start', 'norewrite') for service in chosen])


def _ldap_is_up(world: World) -> bool:
    """Whether it runs, or could be started."""
    if world.output_of('ldap', 'status')[0] == 0:
        return True
    world.out.write('\tStarting ldap...')
    code, said = world.output_of('ldap', 'start')
    world.out.write('Done.\n' + (f'Failed.\n{said}\n\n' if code else ''))
    return code == 0


def _stop(world: World) -> int:
    """All that there are, enabled or not."""
    world.out.write(f'Host {world.hostname}\n')
    return max([_one(world, 'Stopping', service, 'stop') for service in STOP_ORDER])


def _one(world: World, doing: str, service: str, *arguments: str) -> int:
    world.out.write(f'\t{doing} {_label(service)}...')
    assert SERVICES[service] in BIN
    code, said = world.output_of(SERVICES[service], *arguments)
    world.out.write(f'Failed.\n{said}\n\n' if code else 'Done.\n')
    return 1 if code else 0


def _restart(world: World) -> int:
    _stop(world)
    return _start(world)


COMMANDS = {
    'restart': _restart,
    'shutdown': _stop,
    'start': _start,
    'startup': _start,
    'status': _status,
    'stop': _stop,
}


def version(world: World) -> str:
    """The installed release in zmcontrol's words, with the patch that the history of installations names."""
    package = world.switch('version', None) or _package_version()
    patch = _patch(world)
    if not patch:
        return f'Release {package} {PLATFORM} FOSS edition.'
    if package.startswith('9.0.0'):
        return f'Release {package} {PLATFORM} FOSS edition, Patch 9.0.0_P{patch}.'
    major, minor, dummy, kind, build = re.split(r'[._]', package)[:5]
    return f'Release {major}.{minor}.{patch}.{kind}.{build}.{PLATFORM} FOSS edition.'


def _package_version() -> str:
    command = ['dpkg-query', '--show', '--showformat=${Version}', 'zimbra-core']
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ''


def _patch(world: World) -> str:
    history = world.home / '.install_history'
    lines = history.read_text().splitlines() if history.exists() else []
    patch = ''
    for line in lines:
        found = re.search(r': CONFIGURED patch (.*)', line)
        patch = found.group(1) if found else '' if 'INSTALL SESSION START' in line else patch
    if 'P' in patch:
        return patch.split('P')[1]
    found = re.match(r'\d+\.\d+\.(\d+)', patch)
    return found.group(1) if found else ''
