# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with the double of Zimbra (not Zimbra) that needs no container: files in a directory, played services, no
sleep. Its commands run in this process."""

from __future__ import annotations

import dataclasses
import io
import json
import types
from pathlib import Path

from lab.zimbra import schema
from lab.zimbra.cli import double
from lab.zimbra.cli.world import World, start
from lab.zimbra.store import Store

HOST = 'mail.example.com'
MTA = 'mta.example.com'
SERVICES = ['amavis', 'antispam', 'antivirus', 'mta', 'opendkim', 'stats', 'mailbox', 'service', 'zimbra', 'ldap']
IDENTITY = '11111111-2222-3333-4444-555555555555'
PROGRAMS = ('amavisd', 'opendkim', 'postfix', 'postconf', 'postalias', 'clamd')


class Hung(Exception):
    """The command waits for ever."""


class Machine:
    def __init__(self, directory: Path, host: str = HOST, store: Path | None = None):
        self.home, self.state = directory / 'zimbra', directory / 'double'
        for name in ('conf', 'log', 'bin', 'libexec', 'common/conf', 'common/sbin', 'common/bin', 'data/tmp'):
            (self.home / name).mkdir(parents=True)
        self.state.mkdir()
        for name in PROGRAMS:
            (self.home / 'common' / 'sbin' / name).touch(0o755)
        (self.home / 'common' / 'bin' / 'freshclam').touch(0o755)
        (self.home / 'common' / 'conf' / 'main.cf').touch()
        self.localconfig = {'zimbra_server_hostname': host, 'zimbra_log_directory': str(self.home / 'log')}
        self.store = Store(store or self.state / 'store.json')
        if not self.store.path.exists():
            self.store.path.write_text(json.dumps(site()))
        self.env = {'LC_ALL': 'C'}
        self.now = 1_000_000.0
        self.slept: list[float] = []
        # What was run, and how programs are played: {program: function(argv) -> exit code}.
        self.ran: list[list[str]] = []
        self.programs: dict = {}
        self.spawned: list[list[str]] = []
        self.asked: list[str] = []
        # What the configuration daemon answers; None: it does not listen.
        self.answer = 'SUCCESS REWRITES COMPLETE\n'
        self.chowned: list[tuple] = []
        self.killed: list[tuple] = []
        # Process numbers that there are; that of a configuration daemon that comes up when it is started.
        self.processes: set[int] = set()
        self.newborn: int | None = None

    def world(self, user: str, stdin: str | bytes) -> World:
        stdin = stdin.encode() if isinstance(stdin, str) else stdin
        (self.state / 'localconfig.json').write_text(json.dumps(self.localconfig))
        return World(
            home=self.home,
            state=self.state,
            store=self.store,
            user=user,
            env=dict(self.env),
            stdin=io.BytesIO(stdin),
            out=io.StringIO(newline=''),
            err=io.StringIO(newline=''),
            sleep=self.slept.append,
            clock=lambda: self.now,
            run=self._run,
            spawn=self._spawn,
            ask=self._ask,
            kill=self._kill,
            chown=lambda *said: self.chowned.append(said),
            hang=self._hang,
            aliases=self.state / 'aliases',
        )

    def __call__(self, name: str, *arguments: str, stdin: str | bytes = '', user: str = 'zimbra'):
        """Run a command; .code, .out and .err are what it left."""
        world = self.world(user, stdin)
        code = start(world, name, list(arguments))
        self.localconfig = json.loads((self.state / 'localconfig.json').read_text())
        return types.SimpleNamespace(code=code, out=world.out.getvalue(), err=world.err.getvalue())

    def zmprov(self, *arguments: str, **options):
        return self('zmprov', *arguments, **options)

    def batch(self, *lines: str, options: tuple[str, ...] = ('-l',)):
        return self.zmprov(*options, '-f', '/dev/stdin', stdin=''.join(f'{line}\n' for line in lines))

    def own(self, kind: str, name: str, attribute: str) -> list[str]:
        data = self.store.read()
        return (data['config'] if kind == 'config' else data[kind][name]).get(attribute, [])

    def put(self, kind: str, name: str, attribute: str, *values: str) -> None:
        """Change the directory behind everybody's back."""
        with self.store.change() as data:
            (data['config'] if kind == 'config' else data[kind][name])[attribute] = list(values)

    def set(self, switch: str, value) -> None:
        double.set_switch(self.world('root', ''), switch, value)

    def starts(self, name: str) -> list[dict]:
        said = [json.loads(line) for line in (self.state / 'starts.log').read_text().splitlines()]
        return [each for each in said if each['command'] == name]

    def _run(self, argv: list[str], world: World) -> int:
        self.ran.append(argv)
        program = Path(argv[1] if argv[0] == 'sudo' else argv[0]).name
        if program == 'zmmtastatus':
            return start(dataclasses.replace(world, user='root'), 'zmmtastatus', [])
        return self.programs.get(program, lambda said: 0)(argv)

    def _ask(self, port: int, line: str, seconds: float) -> str | None:
        self.asked.append(line.strip())
        return self.answer

    def _spawn(self, argv: list[str]) -> None:
        self.spawned.append(argv)
        if self.newborn:
            self.processes.add(self.newborn)
            (self.home / 'log' / 'zmconfigd.pid').write_text(f'{self.newborn}\n')

    def _kill(self, pid: int, sign: int) -> None:
        self.killed.append((pid, int(sign)))
        if pid not in self.processes:
            raise ProcessLookupError
        self.processes.discard(pid)

    def _hang(self) -> None:
        raise Hung


def site() -> dict:
    """A mailbox server with an MTA, and an MTA alone; one domain, one account."""
    return {
        'config': {**schema.config_defaults(), 'zimbraDefaultDomainName': ['example.com']},
        'servers': {
            HOST: {'zimbraId': [IDENTITY], 'zimbraServiceEnabled': SERVICES, 'zimbraSSLPrivateKey': ['secret']},
            MTA: {'zimbraServiceEnabled': ['mta', 'antispam']},
        },
        'domains': {'example.com': {'zimbraDomainName': ['example.com'], 'zimbraDomainType': ['local']}},
        'cos': {'default': schema.cos_defaults()},
        'accounts': {'alice@example.com': {'zimbraMailDeliveryAddress': ['alice@example.com']}},
    }


def refusal(done) -> str:
    """What a command of zmprov was refused with, without the cause, which only -l shows."""
    assert (done.code, done.out) == (2, '')
    last = done.err.splitlines()[-1]
    assert last.startswith('ERROR: ')
    return last[len('ERROR: ') :].partition(' (cause:')[0]
