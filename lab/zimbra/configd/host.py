# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the daemon of the double works: the real system below a root, or one in memory for replays."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = '/opt/zimbra'


class System:
    """The real system. Paths are relative to `root`, programs are run there."""

    def __init__(self, root: str = ROOT):
        self._root = Path(root)

    def path(self, path: str) -> str:
        return str(self._root / path)

    def exists(self, path: str) -> bool:
        return (self._root / path).is_file()

    def read(self, path: str, encoding: str = 'utf-8') -> str:
        """Return a file's content. Raises OSError."""
        return (self._root / path).read_bytes().decode(encoding)

    def write(self, path: str, content: str, mode: int, encoding: str = 'utf-8') -> None:
        """Put a file in place of another at once. Raises OSError."""
        target = self._root / path
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f'.{target.name}.')
        try:
            with os.fdopen(handle, 'wb') as file:
                file.write(content.encode(encoding))
            os.chmod(temporary, mode)
            os.replace(temporary, target)
        except OSError:
            os.unlink(temporary)
            raise

    def remove(self, path: str) -> None:
        (self._root / path).unlink()

    def postconf(self, option: str, arguments: list) -> int:
        return self._run('bin/postconf', option, *arguments)

    def control(self, script: str, action: str) -> int:
        return self._run(script, action, 'norewrite')

    def _run(self, program, *arguments):
        """Return the exit status; 1 if it cannot be run at all."""
        try:
            done = subprocess.run(
                [self.path(program), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except OSError:
            return 1
        return done.returncode

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


class Memory:
    """A system in memory. Records what is done to it: `passed` to `postconf -e`, `removed` by `postconf -X`, `failed`
    calls of it, `written` files and `commands`; programs always succeed, as in the recordings."""

    def __init__(self, files: dict, main_cf: dict):
        self.files, self.main_cf = dict(files), dict(main_cf)
        self.forget()

    def forget(self) -> None:
        self.passed, self.removed, self.failed, self.written, self.commands = {}, [], [], [], []

    def path(self, path: str) -> str:
        return f'{ROOT}/{path}'

    def exists(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str, encoding: str = 'utf-8') -> str:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def write(self, path: str, content: str, mode: int, encoding: str = 'utf-8') -> None:
        self.files[path] = content
        self.written.append(path)

    def remove(self, path: str) -> None:
        del self.files[path]

    def postconf(self, option: str, arguments: list) -> int:
        """Edit main.cf as Postfix's program does: all of a call or nothing, blanks around a value cut."""
        if option == '-X':
            self.removed += arguments
            for name in arguments:
                self.main_cf.pop(name, None)
            return 0
        name, dummy, value = arguments[0].partition('=')
        self.passed[name] = value
        edits = {}
        for argument in arguments:
            name, sign, value = argument.partition('=')
            problem = _refusal(argument, name, sign)
            if problem:
                self.failed.append(
                    {'parameter': arguments[0].partition('=')[0], 'arguments': arguments, 'error': problem}
                )
                return 1
            edits[name.strip()] = value.strip(' \t\n\v\f\r')
        self.main_cf.update(edits)
        return 0

    def control(self, script: str, action: str) -> int:
        if action != 'status':
            self.commands.append(f'{script} {action} norewrite')
        return 0

    def pause(self, seconds: float) -> None:
        raise AssertionError('nothing fails in memory')


def _refusal(argument, name, sign):
    """Return with which words postconf refuses an argument, None if it does not."""
    if '\n' in argument:
        return 'postconf: fatal: -e, -X, or -# accepts no multi-line input'
    if argument.lstrip().startswith('#'):
        return 'postconf: fatal: -e, -X, or -# accepts no comment input'
    words = name.split()
    if not words:
        return f'postconf: fatal: missing attribute name: "{argument.lstrip()}"'
    if not sign or len(words) > 1:
        return f'postconf: fatal: missing \'=\' after attribute name: "{argument.lstrip()}"'
    return None
