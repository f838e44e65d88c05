# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's programs for the hop on a Debian host whose mail server excludes the package postfix.

What that package has is put below a directory of its own, as a local package: dpkg knows its files, apt the libraries
that it needs, and nothing of it is where another mail server could be. The local package has this file in it, and is
brought up to date by it. So nothing is imported but the standard library.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SOURCE = 'postfix'
PACKAGE = 'conbool-hop-postfix'
# Part of the version: another number when what is built here changes.
REVISION = 1
PREFIX = '/usr/lib/conbool-hop'
SBIN = PREFIX + '/usr/sbin'
# In the order in which maintainer scripts and services need them.
KEPT = ('usr/sbin', 'usr/lib/postfix', 'etc/postfix', 'usr/share/postfix', 'usr/share/doc/postfix/copyright')
OWNER = 'conbool-hop'
GROUP = 'conbool-hop-drop'
# main.cf parameters of an instance that is made of these programs.
PARAMETERS = {
    'command_directory': SBIN,
    'daemon_directory': PREFIX + '/usr/lib/postfix/sbin',
    'shlib_directory': PREFIX + '/usr/lib/postfix',
    'meta_directory': PREFIX + '/etc/postfix',
    'mail_owner': OWNER,
    'setgid_group': GROUP,
}
QUIET = {'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C', 'NEEDRESTART_SUSPEND': '1'}
# Whoever uses apt at the same time is waited for.
APT = ['apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0']
NEEDED = ('apt-get', 'apt-cache', 'dpkg-deb', 'dpkg-query')
INSTALL = APT + ['--no-install-recommends', '--no-remove']

CONTROL = f"""\
Package: {PACKAGE}
Source: {SOURCE} (%(candidate)s)
Version: %(wanted)s
Architecture: %(Architecture)s
Maintainer: Ansible collection conbool.smtp_relay <root@localhost>
Depends: %(Depends)s
Section: mail
Priority: optional
Description: Postfix's programs for the outbound hop to the Conbool gateway
 Made on this host from the package {SOURCE} of the distribution, below
 {PREFIX}. {PACKAGE}.timer makes it
 anew when apt knows of another version.
"""
FILES = {
    # The programs look for their libraries where the distribution's package has them; this is where they are.
    'etc/ld.so.conf.d/conbool-hop.conf': PARAMETERS['shlib_directory'] + '\n',
    'DEBIAN/conffiles': '/etc/ld.so.conf.d/conbool-hop.conf\n',
}
FILES[f'usr/lib/systemd/system/{PACKAGE}.service'] = f"""\
[Unit]
Description=The outbound hop's Postfix is the version that apt knows of
After=network-online.target apt-daily.service apt-daily-upgrade.service

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 {PREFIX}/update.py
"""
FILES[f'usr/lib/systemd/system/{PACKAGE}.timer'] = """\
[Unit]
Description=Updates of the outbound hop's Postfix

[Timer]
OnCalendar=daily
RandomizedDelaySec=4h
Persistent=true
"""
FILES['DEBIAN/postinst'] = f"""\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
getent passwd {OWNER} >/dev/null || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin {OWNER}
getent group {GROUP} >/dev/null || groupadd --system {GROUP}
ldconfig
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # deb-systemd-invoke starts no unit that is static. One that somebody has masked stays so.
    systemctl start {PACKAGE}.timer || :
    # The second argument is the version that there was.
    [ -z "$2" ] || deb-systemd-invoke try-restart conbool-hop.service
fi
"""
FILES['DEBIAN/prerm'] = f"""\
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl stop {PACKAGE}.timer
fi
"""
FILES['DEBIAN/postrm'] = f"""\
#!/bin/sh
set -e
ldconfig
[ ! -d /run/systemd/system ] || systemctl daemon-reload
[ "$1" = purge ] || exit 0
if getent passwd {OWNER} >/dev/null; then userdel {OWNER}; fi
if getent group {GROUP} >/dev/null; then groupdel {GROUP}; fi
rm -f /var/lib/systemd/timers/stamp-{PACKAGE}.timer
"""
# Started with the host without a link in /etc.
LINKS = {f'usr/lib/systemd/system/timers.target.wants/{PACKAGE}.timer': f'../{PACKAGE}.timer'}


class PackageError(Exception):
    """apt or dpkg said no; the text has their words and the way out."""


def own_source() -> str:
    """Return the text of this file, which Ansible has in an archive."""
    return __loader__.get_source(__name__)


def maker_of(module: AnsibleModule) -> Maker:
    """Return the maker for an AnsibleModule."""
    return Maker(lambda words, cwd=None: module.run_command(words, cwd=cwd, environ_update=QUIET))


class Maker:
    """Makes, brings up to date and removes the local package. C(run) takes words, and C(cwd), see _run()."""

    def __init__(self, run: Callable[..., tuple[int, str, str]]) -> None:
        self._run = run

    def _text(self, words: list[str], **options: Any) -> str:
        status, out, err = self._run(words, **options)
        if status:
            raise PackageError('{}: {}'.format(' '.join(words), ' '.join((err or out).split())[-600:]))
        return out

    @staticmethod
    def possible() -> bool:
        """Return whether this is a host of Debian's kind."""
        return all(shutil.which(name, path='/usr/bin:/bin') for name in NEEDED)

    def candidate(self) -> str:
        """Return the version of the distribution's package that apt would install."""
        found = re.search(r'^ *Candidate: (\S+)', self._text(['apt-cache', 'policy', SOURCE]), re.MULTILINE)
        if not found or found.group(1) == '(none)':
            raise PackageError(f'apt knows of no package {SOURCE}: have "apt-get update" done, and look at the sources')
        return found.group(1)

    def _known(self) -> tuple[str, str]:
        """Return the local package's state, empty when dpkg has never heard of it, and its version."""
        status, out, dummy = self._run(['dpkg-query', '--show', '--showformat=${db:Status-Status} ${Version}', PACKAGE])
        state, dummy, version = out.strip().partition(' ')
        return ('', '') if status or state == 'not-installed' else (state, version)

    def installed(self) -> str | None:
        """Return the local package's version, None when it is not there."""
        state, version = self._known()
        return version if state == 'installed' else None

    def held(self) -> bool:
        return PACKAGE in self._text(['apt-mark', 'showhold']).split()

    def present(self, check_mode: bool = False) -> tuple[str | None, str, list[str]]:
        """Have the package be there in the version of the distribution's.

        Returns:
            The version before, None for none; that wanted; and what apt installs for it.
        """
        before, candidate = self.installed(), self.candidate()
        wanted = f'{candidate}+conbool{REVISION}'
        if before and (before == wanted or self._run(['dpkg', '--compare-versions', before, 'gt', wanted])[0] == 0):
            return before, before, []
        with tempfile.TemporaryDirectory(prefix=PACKAGE) as directory:
            packages = self.install(self._build(directory, candidate, wanted), check_mode)
        return before, wanted, packages

    def install(self, what: str, check_mode: bool = False) -> list[str]:
        """Have apt install a package, by its name or path, and return what that brings."""
        packages = re.findall(r'^Inst (\S+)', self._text(INSTALL + ['-s', 'install', what]), re.MULTILINE)
        if not check_mode:
            self._text(INSTALL + ['install', what])
        return packages

    def absent(self, check_mode: bool = False) -> tuple[str | None, list[str]]:
        """Have the package be gone, or what is left of it, and of its libraries those that nothing else needs.

        Returns:
            The version before, None for none; and what apt removes.
        """
        state, before = self._known()
        if not state:
            return None, []
        orphans = self._removed(['autoremove'])
        packages = sorted(set(self._removed(['--auto-remove', 'purge', PACKAGE])) - set(orphans))
        if not check_mode:
            self._text(APT + ['purge'] + packages)
        return before or state, packages

    def _removed(self, words: list[str]) -> list[str]:
        return re.findall(r'^(?:Remv|Purg) (\S+)', self._text(APT + ['-s'] + words), re.MULTILINE)

    def _build(self, directory: str, candidate: str, wanted: str) -> str:
        """Return the path of the local package, which is made in a directory."""
        self._text(['apt-get', '-q', 'download', f'{SOURCE}={candidate}'], cwd=directory)
        archives = [name for name in os.listdir(directory) if name.endswith('.deb')]
        if len(archives) != 1:
            left = ', '.join(sorted(archives)) or 'nothing'
            raise PackageError(f'apt-get download {SOURCE}={candidate} left {left}')
        original, source, tree = (os.path.join(directory, name) for name in (archives[0], 'source', 'tree'))
        self._text(['dpkg-deb', '--extract', original, source])
        for path in KEPT:
            if os.path.exists(os.path.join(source, path)):
                target = os.path.join(tree, PREFIX.lstrip('/'), path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.move(os.path.join(source, path), target)
        move_paths(tree)
        said = self._text(['dpkg-deb', '--field', original, 'Architecture', 'Depends'])
        fields = dict(line.split(': ', 1) for line in said.splitlines() if ': ' in line)
        write_tree(tree, dict(fields, candidate=candidate, wanted=wanted))
        made = os.path.join(directory, f'{PACKAGE}.deb')
        self._text(['dpkg-deb', '--root-owner-group', '-Zgzip', '--build', tree, made])
        return made


def libraries(depends: str) -> str:
    """Return those of a package's dependencies that are shared libraries."""
    return ', '.join(item.strip() for item in depends.split(',') if item.strip().startswith('lib'))


def move_paths(tree: str) -> None:
    """Have the distribution's scripts (Debian adds to post-install) look for each other where they are now."""
    for path in Path(tree).rglob('*'):
        data = path.read_bytes() if path.is_file() else b''
        if data.startswith(b'#!'):
            path.write_bytes(re.sub(rb'(?<![\w/])/usr/lib/postfix/', (PREFIX + '/usr/lib/postfix/').encode(), data))


def write_tree(tree: str, fields: dict[str, str]) -> None:
    """Write what the local package has beside the distribution's files.

    Args:
        tree: the directory of which the package is made.
        fields: C(Architecture) and C(Depends) of the distribution's package, C(candidate), its version, and C(wanted).
    """
    control = CONTROL % dict(fields, Depends=libraries(fields['Depends']))
    files = dict(FILES, **{'DEBIAN/control': control, PREFIX.lstrip('/') + '/update.py': own_source()})
    for name, text in files.items():
        path = Path(tree, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        path.chmod(0o755 if text.startswith('#!') else 0o644)
    for name, target in LINKS.items():
        path = Path(tree, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


def _run(words: list[str], cwd: str | None = None) -> tuple[int, str, str]:
    # The updater is no module, and has no run_command.
    done = subprocess.run(  # pylint: disable=ansible-bad-function
        words,
        cwd=cwd,
        env=dict(os.environ, **QUIET),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def main() -> None:
    """Bring the package up to date where it is installed and not held."""
    maker = Maker(_run)
    try:
        if maker.installed() and not maker.held():
            before, after, packages = maker.present()
            said = 'is ' + after if before == after else f'{before} is {after} now'
            brought = ' ({})'.format(', '.join(packages)) if packages else ''
            sys.stdout.write(f'{PACKAGE}: {said}{brought}\n')
    except PackageError as exc:
        raise SystemExit(str(exc)) from exc


if __name__ == '__main__':
    main()
