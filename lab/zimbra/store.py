# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of the double of Zimbra (not Zimbra, and not LDAP): one JSON file with the entries' OWN values.

{"config": {attribute: [values]}, "servers": {name: {attribute: [values]}}}, and like servers "domains", "cos" and
"accounts"; other top-level keys are kept. Several hosts may share it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from .schema import find

DEFAULT = '/opt/zimbra/double/store.json'
KINDS = ('config', 'servers', 'domains', 'cos', 'accounts')
# Seconds that an entry stays in a cache of Zimbra's; the global configuration stays for ever.
MAX_AGE = 15 * 60
Values = dict[str, list[str]]


class Store:
    def __init__(self, path: str | os.PathLike | None = None):
        # Where the file really is: another host may have a link to it, and lock and rename must happen in one place.
        self.path = Path(os.path.realpath(path or os.environ.get('ZIMBRA_DOUBLE_STORE', DEFAULT)))

    def beside(self, suffix: str) -> Path:
        """A file next to the store, shared by all hosts as it is."""
        return self.path.with_name(self.path.name + suffix)

    def read(self) -> dict:
        return _load(self.path)

    @contextlib.contextmanager
    def change(self) -> Iterator[dict]:
        """The data, to be changed; written as a whole if no exception comes, else not at all."""
        with locked(self.beside('.lock')):
            data = _load(self.path)
            yield data
            write_json(self.path, data)

    def effective(self, kind: str, name: str = '') -> Values:
        """What an entry's values are with the inherited ones; KeyError if there is no such entry."""
        return effective(self.read(), kind, name)

    def read_replica(self) -> dict:
        """What a replica of the directory says: as the master, unless it was made to lag."""
        lagging = self.beside('.replica')
        return _load(lagging) if lagging.exists() else self.read()

    def mailboxd_cache(self, host: str) -> Path:
        """Where the caches of a host's mailboxd are kept: {"config": values, "servers": {name: {"own", "at", ...}}}."""
        return self.beside('.mailboxd') / f'{host}.json'

    def as_mailboxd_sees(self, host: str) -> dict:
        """As read(), but with what that host's mailboxd has in its caches, however old the global configuration is."""
        data = self.read()
        path = self.mailboxd_cache(host)
        cache = json.loads(path.read_text('utf-8')) if path.exists() else {}
        data['config'] = cache.pop('config', data['config'])
        for kind, entries in cache.items():
            young = {name: entry['own'] for name, entry in entries.items() if time.time() - entry['at'] <= MAX_AGE}
            data[kind].update({name: values for name, values in young.items() if name in data[kind]})
        return data

    def hold_replica(self) -> None:
        """From now on the replica stays as it is, whatever is written to the master."""
        write_json(self.beside('.replica'), self.read())

    def release_replica(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.beside('.replica').unlink()


def own(data: dict, kind: str, name: str = '') -> Values:
    """The entry itself, not a copy; KeyError if there is none."""
    return data['config'] if kind == 'config' else data[kind][name]


def effective(data: dict, kind: str, name: str = '') -> Values:
    return {**inherited(data, kind, name), **own(data, kind, name)}


def inherited(data: dict, kind: str, name: str = '') -> Values:
    """What an entry takes from others where it has nothing of its own."""
    if kind == 'servers':
        return _with_flag(data['config'], 'server')
    if kind == 'domains':
        return _with_flag(data['config'], 'domain')
    if kind == 'accounts':
        domain = data['domains'].get(name.rpartition('@')[2], {})
        cos = _cos_of(data, data['accounts'][name], domain)
        return {**_with_flag(domain, 'accountCosDomain'), **_with_flag(cos, 'account', 'accountCosDomain')}
    return {}


def _cos_of(data: dict, account: Values, domain: Values) -> Values:
    wanted = (account.get('zimbraCOSId') or domain.get('zimbraDomainDefaultCOSId') or [None])[0]
    for cos in data['cos'].values():
        if wanted and wanted in cos.get('zimbraId', []):
            return cos
    return data['cos'].get('default', {})


def _with_flag(values: Values, *flags: str) -> Values:
    found = ((name, said, find(name)) for name, said in values.items())
    return {name: said for name, said, attribute in found if attribute and attribute.inherited.intersection(flags)}


def _load(path: Path) -> dict:
    data = json.loads(path.read_text(encoding='utf-8'))
    for kind in KINDS:
        data.setdefault(kind, {})
    return data


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone with what the file stands for; root and zimbra take the same lock."""
    lock = os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def write_json(path: Path, data: dict, mode: int = 0o666) -> None:
    """Replace a file; everybody may read and write it, as everybody reaches a directory server."""
    new = path.with_name(f'.{path.name}.{os.getpid()}')
    new.write_text(json.dumps(data, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
    new.chmod(mode)
    new.replace(path)
