# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian host whose apt and dpkg only play."""

from __future__ import annotations

import stat
from pathlib import Path

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import PACKAGE

POLICY = 'postfix:\n  Installed: (none)\n  Candidate: %s\n  Version table:\n'
FIELDS = (
    'Architecture: amd64\nDepends: libc6 (>= 2.34), libdb5.3, debconf (>= 0.5) | debconf-2.0, adduser, libssl3 (>='
    ' 3.0.0), cpio\n'
)
SHIPPED = {
    'usr/sbin/postconf': b'\x7fELF',
    'usr/lib/postfix/sbin/post-install': b'#!/bin/sh\n/usr/lib/postfix/configure-instance.sh || exit 1\n',
    'etc/postfix/postfix-files': b'$queue_directory:d\n',
    'etc/init.d/postfix': b'#!/bin/sh\n',
    'usr/bin/mailq': b'',
    'lib/systemd/system/postfix.service': b'',
}


class Host:
    """Answers commands; what was built and installed can be looked at."""

    def __init__(self):
        self.candidate, self.version, self.held, self.calls, self.tree, self.refuse = (
            '3.7.11-0+deb12u1',
            None,
            False,
            [],
            {},
            None,
        )
        self.state = 'installed'

    def run(self, words, cwd=None):
        self.calls.append(words)
        if self.refuse and self.refuse in words:
            return 100, '', 'E: no space left'
        name, rest = words[0], words[1:]
        if name == 'apt-cache':
            return 0, POLICY % self.candidate, ''
        if name == 'dpkg-query':
            return (0, f'{self.state} {self.version}', '') if self.version else (1, '', 'no packages found')
        if name == 'apt-mark':
            return 0, PACKAGE + '\n' if self.held else '', ''
        if name == 'dpkg':
            return 0 if rest[1] > rest[3] else 1, '', ''
        if name == 'dpkg-deb':
            return self._archive(rest)
        if 'download' in rest:
            (Path(cwd) / 'postfix.deb').touch()
        return self._apt(rest)

    def _archive(self, rest):
        if rest[0] == '--extract':
            for path, data in SHIPPED.items():
                target = Path(rest[2]) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        if '--build' in rest:
            root = Path(rest[-2])
            self.tree = {str(path.relative_to(root)): path for path in root.rglob('*') if not path.is_dir()}
            self.modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in self.tree.items() if path.exists()}
            self.tree = {name: path.read_bytes() for name, path in self.tree.items() if path.exists()}
        return 0, FIELDS if rest[0] == '--field' else '', ''

    def _apt(self, rest):
        if '-s' in rest:
            if 'autoremove' in rest:
                return 0, 'Remv libold [1]\n', ''
            return (
                0,
                (
                    f'Remv libold [1]\nPurg {PACKAGE} [1]\nRemv libtlsrpt0 [1]\n'
                    if 'purge' in rest
                    else f'Inst libtlsrpt0 (1)\nInst {PACKAGE} (1)\n'
                ),
                '',
            )
        if 'install' in rest:
            self.version = dict(
                line.split(': ', 1) for line in self.tree['DEBIAN/control'].decode().splitlines() if ': ' in line
            )['Version']
        if 'purge' in rest:
            self.version = None
        return 0, '', ''
