# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host looks like to an administrator: every file's content, owner and mode, what systemd runs, and what filters
packets.

Like agent.py this file is piped into python3 on the host; here it is imported for `take` and `differences`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import sys

# Directories whose every byte counts.
ZIMBRA = '/opt/zimbra'
WHOLE = [
    '/etc',
    '/usr/local',
    '/root',
    '/home/alice/.forward',
    '/home/bob/.forward',
    f'{ZIMBRA}/common/conf',
    f'{ZIMBRA}/data/spamassassin/localrules',
]
# The directory of the double of Zimbra.
STORE = f'{ZIMBRA}/double/store.json'
# Zimbra compiles it whenever Postfix is reloaded; its bytes tell how often.
COMPILED = '/etc/aliases.lmdb'
# Directories that servers write to while they run: what is there counts, not what it holds.
NAMES = ['/var/lib', '/var/spool', '/var/log', '/run']
DEPTH_OF_NAMES = 1
# Written by the host itself at any moment, and its copies of what was before the last change of users and groups.
PASSING = (
    '/etc/mtab',
    '/root/.ansible',
    '/root/.bash_history',
    '/run/user',
    '/run/log',
    '/run/motd.dynamic',
    '/var/log/wtmp.db',
    '/etc/passwd-',
    '/etc/group-',
    '/etc/shadow-',
    '/etc/gshadow-',
)


def _describe(path):
    """Type, mode, owner and content; times are left out, because putting a file back makes a new one."""
    status = os.lstat(path)
    words = [stat.filemode(status.st_mode), str(status.st_uid), str(status.st_gid)]
    if stat.S_ISLNK(status.st_mode):
        words.append(os.readlink(path))
    elif stat.S_ISREG(status.st_mode) and path != COMPILED:
        with open(path, 'rb') as content:
            words.append(hashlib.sha256(content.read()).hexdigest()[:16])
    return ' '.join(words)


def _walk(top, depth=None):
    yield top
    if os.path.isdir(top) and not os.path.islink(top) and depth != 0:
        for name in sorted(os.listdir(top)):
            path = os.path.join(top, name)
            if not path.startswith(PASSING):
                yield from _walk(path, None if depth is None else depth - 1)


def _units():
    """Unit files with their state, and services that run."""
    files = subprocess.run(
        ['systemctl', 'list-unit-files', '--no-legend', '--no-pager', '--plain'], check=True, stdout=subprocess.PIPE
    )
    found = {'unit file ' + line.split()[0]: line.split()[1] for line in files.stdout.decode().splitlines()}
    running = subprocess.run(
        ['systemctl', 'list-units', '--type=service', '--state=active,failed', '--no-legend', '--no-pager', '--plain'],
        check=True,
        stdout=subprocess.PIPE,
    )
    found.update(
        {
            'service ' + line.split()[0]: line.split()[2]
            for line in running.stdout.decode().splitlines()
            # Of the policy service there is one for each process of Postfix that is asking it.
            if not line.startswith(('user@', 'session-', 'user-runtime-dir@', 'systemd-', 'conbool-certificate@'))
        }
    )
    return found


def _rules():
    """Each table of the kernel's packet filter (ufw's and firewalld's are there too), without what counts packets."""
    listed = subprocess.run(
        ['nft', '--stateless', 'list', 'ruleset'], check=True, stdout=subprocess.PIPE
    ).stdout.decode()
    return {
        'packet filter: ' + text.partition(' {')[0]: text
        for text in re.split(r'^(?=table )', listed, flags=re.MULTILINE)
        if text
    }


def _entries():
    """Each entry of a directory with its attributes; their order means nothing."""
    if not os.path.exists(STORE):
        return {}
    with open(STORE, encoding='utf-8') as stream:
        data = json.load(stream)
    found = {'entry config': data.pop('config')}
    found.update((f'entry {kind} {name}', values) for kind, named in data.items() for name, values in named.items())
    return {name: json.dumps(values, sort_keys=True) for name, values in found.items()}


def collect():
    found = {}
    for top in WHOLE:
        found.update({path: _describe(path) for path in _walk(top) if os.path.lexists(path)})
    for top in NAMES:
        found.update(dict.fromkeys(_walk(top, DEPTH_OF_NAMES), 'there'))
    found.update(_units())
    found.update(_rules())
    found.update(_entries())
    return found


def take(lab, host):
    with open(__file__, encoding='utf-8') as source:
        return json.loads(lab.run(host, ['python3', '-c', source.read()], timeout=60).stdout)


def differences(before, after):
    """One line for everything that is not as it was."""
    return [
        '{}: {} -> {}'.format(name, before.get(name, 'not there'), after.get(name, 'not there'))
        for name in sorted(set(before) | set(after))
        if before.get(name) != after.get(name)
    ]


if __name__ == '__main__':
    json.dump(collect(), sys.stdout)
