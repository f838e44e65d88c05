# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands inside zmprov of the double of Zimbra (not Zimbra): those that read or write attributes.

Zimbra has some two hundred; one that is not built here is called unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import Crash, invalid_request
from ..schema import find
from ..search import compile_filter
from . import show
from .provisioning import Provisioning, Wanted, hash_order
from .session import LdapSession, SoapSession
from .world import World


class Usage(Exception):
    """The command was not used right; said: a line of complaint before its usage."""

    def __init__(self, said: str | None = None):
        super().__init__(said)
        self.said = said


class Ended(Exception):
    """The whole process ends, in the middle of a batch too."""

    def __init__(self, code: int):
        super().__init__(code)
        self.code = code


@dataclass
class Run:
    """A zmprov process."""

    world: World
    session: LdapSession | SoapSession
    replace: bool = False
    force_display: bool = False
    verbose: bool = False
    interactive: bool = False
    failed: bool = field(default=False)

    def shown(self, values, kind: str, wanted: list[str]) -> None:
        values = show.hide(values, kind) if self.session.soap else values
        show.attributes(self.world, values, wanted, self.force_display)

    def show_entry(self, kind: str, name: str, entry: dict, own_only: bool, wanted: list[str]) -> None:
        show.line(self.world, f'# name {name}')
        values = entry['own'] if own_only else {**entry['defaults'], **entry['own']}
        # -fd was told the names in lower case here, as the real one is.
        self.shown(values, kind, [each.lower() for each in wanted])
        self.world.out.write('\n')


def _get_entry(kind: str, has_e: bool) -> Callable:
    def get(run: Run, args: list[str]) -> None:
        own_only = False
        while has_e and args and args[0] == '-e':
            own_only, args = True, args[1:]
        if not args:
            # Only the account's command does not look whether a name follows.
            raise Crash('java.lang.ArrayIndexOutOfBoundsException') if kind == 'accounts' else Usage()
        with run.session.provisioning() as provisioning:
            name = provisioning.find(kind, args[0])
            # A mailboxd reads a server anew for each request, and nothing else.
            entry = provisioning.entry(kind, name, fresh=kind == 'servers' and run.session.soap)
        run.show_entry(kind, name, entry, own_only, args[1:])

    return get


def _get_config(run: Run, args: list[str]) -> None:
    with run.session.provisioning() as provisioning:
        values = provisioning.config()
    run.shown(values, 'config', args)


def _get_all(kind: str) -> Callable:
    def get(run: Run, args: list[str]) -> None:
        verbose = '-v' in args
        own_only = '-e' in args
        others = [each for each in args if each not in ('-v', '-e')]
        service = None
        if kind == 'servers':
            if len(others) > 1:
                raise Usage(f'invalid arg: {others[1]}, already specified service: {others[0]}')
            service, others = (others or [None])[0], []
        if own_only and not verbose:
            raise Usage('arg -e is invalid unless -v is also specified')
        with run.session.provisioning() as provisioning:
            found = [(name, provisioning.listed(kind, name)) for name in provisioning.names(kind)]
        for name, entry in found:
            if service and service.lower() not in [
                each.lower() for each in entry['own'].get('zimbraServiceEnabled', [])
            ]:
                continue
            if verbose:
                run.show_entry(kind, name, entry, own_only, others)
            else:
                show.line(run.world, name)

    return get


def _get_all_cos(run: Run, args: list[str]) -> None:
    verbose = args == ['-v']
    with run.session.provisioning() as provisioning:
        for name in provisioning.names('cos'):
            if verbose:
                run.show_entry('cos', name, provisioning.listed('cos', name), False, [])
            else:
                show.line(run.world, name)


def _search_accounts(run: Run, args: list[str]) -> None:
    """Accounts and lists whose own values match, from the directory and not from a cache."""
    verbose = args[0] == '-v'
    args = args[verbose:]
    if len(args) % 2 == 0:
        raise Usage()
    options = dict(zip(args[1::2], args[2::2]))
    if not options.keys() <= {'domain', 'limit', 'offset'}:
        run.world.err.write('of the options of searchAccounts only domain, limit and offset are in this double\n')
        raise Ended(70)
    with run.session.provisioning() as provisioning:
        domain = provisioning.find('domains', options['domain']) if 'domain' in options else ''
        found = provisioning.search(compile_filter(args[0]), domain)
        first = int(options.get('offset', 0))
        for kind, name in found[first : first + int(options.get('limit', len(found)))]:
            if verbose:
                run.show_entry(kind, name, provisioning.listed(kind, name), False, [])
            else:
                show.line(run.world, name)


def _modify(kind: str) -> Callable:
    def modify(run: Run, args: list[str]) -> None:
        with run.session.provisioning() as provisioning:
            name = '' if kind == 'config' else _looked_up(run, provisioning, kind, args[0])
            wanted = _wanted(run, args if kind == 'config' else args[1:])
            _warn_of_deprecated(run, list(wanted))
            provisioning.modify(kind, name, wanted)

    return modify


def _looked_up(run: Run, provisioning: Provisioning, kind: str, key: str) -> str:
    name = provisioning.find(kind, key)
    if kind == 'servers' and run.session.soap:
        provisioning.entry(kind, name, fresh=True)
    return name


def _wanted(run: Run, args: list[str]) -> Wanted:
    """{attribute as given: values}. Raises Usage, ServiceError, Ended, Crash."""
    guarded = (run.world.localconfig.get('zmprov_safeguarded_attrs') or '').lower().split(',')
    wanted: Wanted = {}
    plain = []
    for at in range(0, len(args), 2):
        name = args[at]
        if at + 1 == len(args):
            raise Usage()
        if not name:
            raise Crash('java.lang.StringIndexOutOfBoundsException: String index out of range: 0')
        attribute = find(name[1:] if name[0] in '+-' else name)
        if attribute and attribute.multi and name.lower() in guarded:
            plain.append(name.lower())
        value = args[at + 1]
        if attribute and attribute.binary and value:
            value = show.encode_file(value)
        wanted.setdefault(name, []).append(value)
    if not run.replace and any(plain.count(name) == 1 for name in plain):
        run.world.err.write('error: cannot replace multi-valued attr value unless -r is specified\n')
        raise Ended(2)
    return wanted


def _warn_of_deprecated(run: Run, names: list[str]) -> None:
    # Looked up as it was given: with a sign in front nothing is found.
    found = [(name, find(name)) for name in hash_order(names)]
    old = [(name, attribute.deprecated) for name, attribute in found if attribute and attribute.deprecated]
    for name, since in old:
        run.world.out.write(f'Warn: attribute {name} has been deprecated since {since}\n')
    if old:
        run.world.out.write('\n')


def _flush_cache(run: Run, args: list[str]) -> None:
    if not run.session.soap:
        raise invalid_request('can only be used with SOAP')
    everywhere = args[0] == '-a'
    if everywhere and len(args) == 1:
        raise Usage()
    types, names = args[everywhere].split(','), args[everywhere + 1 :]
    for each in types:
        if each not in (*CACHES, *OTHER_CACHES):
            raise invalid_request(f'unknown cache type: {each}')
        run.session.flush(CACHES.get(each, each), names, everywhere)


def _exit(run: Run, args: list[str]) -> None:
    raise Ended(2 if run.failed else 0)


def _help(run: Run, args: list[str]) -> None:
    run.world.out.write(' zmprov is used for provisioning. Try:\n\n     zmprov help commands\n\n' if not args else '\n')
    for command in COMMANDS if args else ():
        run.world.out.write(f'  {command.usage}\n\n')
    run.world.out.write('\n')


@dataclass(frozen=True)
class Command:
    name: str
    alias: str
    arguments: str
    least: int
    most: int | None
    do: Callable[[Run, list[str]], None]

    @property
    def usage(self) -> str:
        return f'{self.name}({self.alias}) {self.arguments}'


# What `fc` calls a cache, and the kind of entries in it; then those that the double has nothing in.
OTHER_CACHES = ('acl', 'locale', 'skin', 'uistrings', 'license', 'globalgrant', 'galgroup', 'group', 'mime', 'zimlet')
CACHES = {
    'all': 'all',
    'account': 'accounts',
    'config': 'config',
    'cos': 'cos',
    'domain': 'domains',
    'server': 'servers',
}
PAIRS = '[attr1 value1 [attr2 value2...]]'
NAMES = '[attr1 [attr2...]]'
COMMANDS = [
    Command('exit', 'quit', '', 0, 0, _exit),
    Command('flushCache', 'fc', '[-a] {type} [name1|id1 [name2|id2...]]', 1, None, _flush_cache),
    Command('getAccount', 'ga', f'[-e] {{name@domain|id}} {NAMES}', 1, None, _get_entry('accounts', True)),
    Command('getAllConfig', 'gacf', NAMES, 0, None, _get_config),
    Command('getAllCos', 'gac', '[-v]', 0, 1, _get_all_cos),
    Command('getAllDomains', 'gad', f'[-v] [-e] {NAMES}', 0, None, _get_all('domains')),
    Command('getAllServers', 'gas', '[-v] [-e] [service]', 0, 3, _get_all('servers')),
    Command('getConfig', 'gcf', '{name}', 1, 1, _get_config),
    Command('getCos', 'gc', f'{{name|id}} {NAMES}', 1, None, _get_entry('cos', False)),
    Command('getDomain', 'gd', f'[-e] {{domain|id}} {NAMES}', 1, None, _get_entry('domains', True)),
    Command('getServer', 'gs', f'[-e] {{name|id}} {NAMES}', 1, None, _get_entry('servers', True)),
    Command('help', '?', 'commands', 0, 1, _help),
    Command('modifyAccount', 'ma', f'{{name@domain|id}} {PAIRS}', 3, None, _modify('accounts')),
    Command('modifyConfig', 'mcf', 'attr1 value1 [attr2 value2...]', 2, None, _modify('config')),
    Command('modifyCos', 'mc', f'{{name|id}} {PAIRS}', 3, None, _modify('cos')),
    Command('modifyDomain', 'md', f'{{domain|id}} {PAIRS}', 3, None, _modify('domains')),
    Command('modifyServer', 'ms', f'{{name|id}} {PAIRS}', 3, None, _modify('servers')),
    Command('searchAccounts', 'sa', '[-v] {ldap-query} [option1 value1...]', 1, None, _search_accounts),
]


def command(name: str) -> Command | None:
    """The command of that name or alias, in any case."""
    return next((each for each in COMMANDS if name.lower() in (each.name.lower(), each.alias)), None)
