# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command of the double of Zimbra (not Zimbra) sees of the machine it runs on; tests give it another one."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

from ..localconfig import LocalConfig, root, state
from ..store import Store, locked
from . import BIN, LIBEXEC
from .services import Services


def run(argv: list[str], world: World) -> int:
    """Run a program; what it says goes where this command's goes. Returns its exit code, 127 if there is none."""
    # Files, not pipes: a daemon that the program leaves behind may keep them open.
    with tempfile.TemporaryFile('w+', errors='replace') as out, tempfile.TemporaryFile('w+', errors='replace') as err:
        try:
            code = subprocess.call(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=world.env)
        except FileNotFoundError:
            world.err.write(f'{argv[0]}: command not found\n')
            return 127
        for heard, where in ((out, world.out), (err, world.err)):
            heard.seek(0)
            where.write(heard.read())
    return code


def spawn(argv: list[str]) -> None:
    """Start a program that stays."""
    nowhere = subprocess.DEVNULL
    subprocess.Popen(argv, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)


def ask(port: int, line: str, seconds: float) -> str | None:
    """What a program of this host answers, as nc(1) would hear it: '' if it says nothing in time, None if nobody
    listens."""
    try:
        with socket.create_connection(('localhost', port), timeout=seconds) as connection:
            connection.sendall(line.encode())
            with contextlib.suppress(TimeoutError, socket.timeout), connection.makefile('r') as answer:
                return answer.read()
            return ''
    except OSError:
        return None


def change_owner(path: Path, user: str | None, group: str | None) -> None:
    """chown(1) without a word where the user may not."""
    with contextlib.suppress(PermissionError, LookupError, FileNotFoundError):
        shutil.chown(path, user, group)


def hang() -> None:
    while True:
        signal.pause()


@dataclasses.dataclass
class World:
    """home: what Zimbra calls /opt/zimbra; state: the double's own directory on this host;
    command: the one that runs."""

    home: Path
    state: Path
    store: Store
    user: str
    env: dict[str, str]
    stdin: BinaryIO
    out: TextIO
    err: TextIO
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    run: Callable[[list[str], World], int] = run
    spawn: Callable[[list[str]], None] = spawn
    ask: Callable[[int, str, float], str | None] = ask
    kill: Callable[[int, int], None] = os.kill
    chown: Callable[[Path, str | None, str | None], None] = change_owner
    hang: Callable[[], None] = hang
    aliases: Path = Path('/etc/aliases')
    command: str | None = None

    @property
    def localconfig(self) -> LocalConfig:
        return LocalConfig(self.state / 'localconfig.json', self.home / 'conf' / 'localconfig.xml')

    @property
    def services(self) -> Services:
        return Services(self)

    @property
    def hostname(self) -> str:
        return self.localconfig.get('zimbra_server_hostname')

    def switch(self, name: str, default):
        """What the double was told to play: start_seconds, pauses, mailboxd."""
        path = self.store.beside('.switches')
        return json.loads(path.read_text('utf-8')).get(name, default) if path.exists() else default

    def pause(self, seconds: float) -> None:
        """A fixed wait of the real scripts."""
        self.sleep(seconds * float(self.switch('pauses', 1)))

    def start_java(self, machines: int = 1) -> None:
        """What starting a Java machine costs."""
        seconds = self.env.get('ZIMBRA_DOUBLE_START_SECONDS') or self.switch('start_seconds', 0)
        if float(seconds):
            self.sleep(float(seconds) * machines)

    def setvars(self) -> dict[str, str]:
        """The local configuration as scripts see it: that of an earlier call in the same shell, or read by a Java
        machine."""
        if self.env.get('zmsetvars') != 'true':
            self.start_java()
            # Scripts are passed what a shell makes of it: two quotes are none.
            self.env.update({key: value.replace("'", '') for key, value in self.localconfig.values().items()})
            self.env['zmsetvars'] = 'true'
        return self.env

    def call(self, name: str, *arguments: str, quiet: bool = False) -> int:
        """Another command of the double, as its child."""
        nowhere = {'out': io.StringIO(), 'err': io.StringIO()} if quiet else {}
        return start(dataclasses.replace(self, env=dict(self.env), **nowhere), name, list(arguments))

    def output_of(self, name: str, *arguments: str) -> tuple[int, str]:
        """Exit code and standard output of another command of the double."""
        child = dataclasses.replace(self, env=dict(self.env), out=io.StringIO())
        return start(child, name, list(arguments)), child.out.getvalue()

    def as_root(self, *argv: str) -> int:
        """Run a program by sudo, as the real scripts do."""
        return self.run([*([] if self.user == 'root' else ['sudo']), *argv], self)


def start(world: World, name: str, arguments: list[str]) -> int:
    """Start a command, write down that it was started, and return its exit code."""
    _write_down(world, name, arguments)
    module = importlib.import_module(f'{__package__}.{({**BIN, **LIBEXEC}[name])}')
    caller, world.command = world.command, name
    try:
        return module.main(world, arguments)
    finally:
        world.command = caller


def _write_down(world: World, name: str, arguments: list[str]) -> None:
    """One line of starts.log a start, so that tests can count them."""
    said = {'time': round(world.clock(), 3), 'command': name, 'arguments': arguments, 'user': world.user}
    if world.command:
        said['by'] = world.command
    path = world.state / 'starts.log'
    with contextlib.suppress(PermissionError), locked(world.state / 'starts.log.lock'):
        new = not path.exists()
        with path.open('a', encoding='utf-8') as log:
            log.write(json.dumps(said) + '\n')
        if new:
            path.chmod(0o666)


def this_machine() -> World:
    """The real one. Standard output is not buffered by lines: what several programs say stays in order."""
    environment = dict(os.environ)
    return World(
        home=root(),
        state=state(),
        store=Store(),
        user=pwd.getpwuid(os.geteuid()).pw_name,
        env=environment,
        stdin=sys.stdin.buffer,
        out=io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8', errors='surrogateescape', write_through=True),
        err=io.TextIOWrapper(sys.stderr.buffer, encoding='utf-8', errors='surrogateescape', write_through=True),
    )
