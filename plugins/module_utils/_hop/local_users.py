# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An nftables table of its own that keeps local users from the hop and from detours: any program of the host could
connect to loopback otherwise. Private to this collection."""

from __future__ import annotations

import json
import os
import pwd
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import OWNER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk, nft
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

TABLE = 'conbool_hop'
RULESET = '/etc/conbool-hop-users.nft'
# The owner of a socket is known in the output hook only; on loopback that is on the way to the listener.
RULES = """\
# Managed by Ansible (conbool.smtp_relay.outbound_hop).
# Who may hand in mail at the outbound hop and at detours of the mail server: root, and the mail server's own user.
# The table is replaced in one transaction; nothing else is touched.
table inet {table}
delete table inet {table}
table inet {table} {{
    chain output {{
        type filter hook output priority filter; policy accept;
        oifname "lo" tcp dport {{ {ports} }} meta skuid != {{ {users} }} reject with tcp reset
    }}
}}
"""
# As written above.
RULE = re.compile(
    r'oifname "lo" tcp dport \{ (\d+(?:, \d+)*) \}'
    rf' meta skuid != \{{ (\d+(?:, \d+)*(?:, {OWNER})?) \}} reject with tcp reset'
)
ANYBODY = 'any local user may hand mail to the hop and to detours'
WAY = 'docs/what-happens.md says what that means: who may connect to the hop.'


def meaning(text: str) -> tuple[set[int], set[int]] | None:
    """Return ports and users of a ruleset of ours; None when it says anything else, or more, or names the user of the
    hop's package where there is none."""
    match = RULE.search(text)
    if not match:
        return None
    ports, users = (part.split(', ') for part in match.groups())
    if text != _text(map(int, ports), users):
        return None
    try:
        return set(map(int, ports)), {pwd.getpwnam(user).pw_uid if user == OWNER else int(user) for user in users}
    except KeyError:
        return None


def _text(ports: Iterable[int], users: Collection[str]) -> str:
    # The user that has a name comes last.
    numbers = sorted({int(user) for user in users if user != OWNER})
    texts = [*map(str, numbers), *([OWNER] if OWNER in users else [])]
    return RULES.format(table=TABLE, ports=', '.join(map(str, sorted(set(ports)))), users=', '.join(texts))


def ruleset(ports: Collection[int], users: Iterable[str]) -> str:
    """Return the table. The user that comes with the hop's package stands in it by name: check mode comes before it.

    Raises:
        HostError: there is no such user.
    """
    known = ['0']
    for user in users:
        try:
            known.append(user if user == OWNER or user.isdigit() else str(pwd.getpwnam(user).pw_uid))
        except KeyError as exc:
            raise HostError(f'there is no user {user}') from exc
    return _text(ports, known)


def listed(ports: Iterable[int], users: Iterable[int]) -> list[str]:
    """Return what nft.canonical() makes of the table: with any rule, chain or flag more it is another one."""
    place = {'family': 'inet', 'table': TABLE}

    def match(operator: str, left: dict[str, Any], right: Any) -> dict[str, Any]:
        return {'match': {'op': operator, 'left': left, 'right': right}}

    rule = [
        match('==', {'meta': {'key': 'oifname'}}, 'lo'),
        match('==', {'payload': {'protocol': 'tcp', 'field': 'dport'}}, {'set': sorted(ports)}),
        match('!=', {'meta': {'key': 'skuid'}}, {'set': sorted(users)}),
        {'reject': {'type': 'tcp reset'}},
    ]
    chain = dict(place, name='output', type='filter', hook='output', prio=0, policy='accept')
    entries = [
        {'table': {'family': 'inet', 'name': TABLE}},
        {'chain': chain},
        {'rule': dict(place, chain='output', expr=rule)},
    ]
    return nft.canonical(json.dumps({'nftables': entries}))


class LocalUsers:
    """The table of this host."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._nft = module.get_bin_path('nft')

    def _run(self, *words: str, data: str | None = None) -> tuple[int, str, str]:
        return self._module.run_command([self._nft, *words], data=data)

    def _refusal(self, text: str) -> str:
        """Return what nft has against a ruleset; empty for nothing. Nothing is changed."""
        status, out, err = self._run('-c', '-f', '-', data=text)
        return (err.strip() or out.strip() or f'exit status {status}') if status else ''

    def start_command(self) -> str:
        """Return the command that loads the table if there is one, empty where none can be."""
        return f"/bin/sh -c 'test ! -e {RULESET} || {self._nft} -f {RULESET}'" if self._nft else ''

    def _in_force(self) -> list[str] | None:
        """Return what is in force, None for no table."""
        status, out, dummy = self._run(*nft.LIST, 'table', 'inet', TABLE)
        try:
            return nft.canonical(out) if status == 0 else None
        except ValueError as exc:
            raise HostError(f'nft list table {TABLE}: {exc}') from exc

    def present(self, ports: Collection[int], users: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
        """Have the table be there, now and whenever the hop starts.

        What cannot be had is a warning: without it the hop is as any listener on loopback is. What is there stays
        then; an older list of users is better than none.
        """
        if not self._nft:
            # Of a host that could have it once.
            return self.absent()
        try:
            wanted = ruleset(ports, users)
        except HostError as exc:
            return {'changed': False}, [f'Local users are not kept from the hop: {exc}']
        before, in_force, known = disk.read_file(RULESET).data, self._in_force(), meaning(wanted)
        differs, loaded = before != encode(wanted), known is not None and in_force == listed(*known)
        if not differs and loaded:
            return {'changed': False}, []
        # nft refuses whom it does not know.
        refusal = self._refusal(wanted if known else ruleset(ports, []))
        if refusal:
            # A host that cannot have it, such as some containers, has a row that says so.
            there = before is not None or in_force is not None
            said = f'Local users are not kept from the hop as wanted; what was there stays. nft: {refusal}'
            return {'changed': False}, [said] if there else []
        result = self._result(True, before, encode(wanted), '' if loaded else f'load {TABLE}\n')
        if self._module.check_mode:
            return result, []
        if differs:
            disk.clear_temporary([RULESET])
            disk.replace_file(RULESET, encode(wanted), 0o644)
        status, dummy, err = self._run('-f', RULESET)
        return result, [f'Local users are not kept from the hop: nft: {err.strip()}'] if status else []

    def absent(self) -> tuple[dict[str, Any], list[str]]:
        """Have the table and its file be gone."""
        before = disk.read_file(RULESET).data
        loaded = self._nft is not None and self._run('list', 'table', 'inet', TABLE)[0] == 0
        result = self._result(before is not None or loaded, before, None, f'delete {TABLE}\n' if loaded else '')
        if result['changed'] and not self._module.check_mode:
            if loaded:
                self._run('delete', 'table', 'inet', TABLE)
            disk.clear_temporary([RULESET])
            disk.Write(RULESET, None).do()
        return result, []

    def _result(self, changed: bool, before: bytes | None, after: bytes | None, command: str) -> dict[str, Any]:
        result: dict[str, Any] = {'changed': changed}
        if self._module._diff and changed:
            result['diff'] = [difference(RULESET, before, after)] if before != after else []
            result['diff'] += [difference('nft', '', command)] if command else []
        return result

    def rows(self) -> list[dict[str, Any]]:
        """Return the row on whether local users are kept out."""
        data = disk.read_file(RULESET).data
        in_force = self._in_force() if self._nft else None
        if not self._nft or (data is None and in_force is None and self._refusal(ruleset({25}, []))):
            return [row('hop.users', TABLE, GREEN, ANYBODY, WAY, severity='low')]
        if data is None:
            return [row('hop.users', TABLE, RED, f'{ANYBODY}: there is no {RULESET}', 'Run site.yml.')]
        wanted = meaning(decode(data))
        if wanted is None:
            finding = f'{ANYBODY}: {RULESET} is not what site.yml has made'
            return [row('hop.users', TABLE, RED, finding, 'Run site.yml.')]
        if in_force != listed(*wanted):
            return [self._other_row(decode(data), in_force is None)]
        names = ', '.join(sorted(map(_name, wanted[1])))
        return [row('hop.users', TABLE, GREEN, f'only {names} may hand mail to the hop and to detours')]

    def _other_row(self, text: str, gone: bool) -> dict[str, Any]:
        """Return the row on a table that is not as the file says."""
        finding, refusal = f'{ANYBODY}: what {RULESET} says is not in force', self._refusal(text)
        if refusal:
            hint = f'Find out why nft refuses it: {refusal}. Then run site.yml, or nft -f {RULESET}.'
        elif gone:
            hint = f'Something has taken the table away, such as "flush ruleset". Run site.yml, or nft -f {RULESET}.'
        else:
            hint = f'Somebody has changed it: nft list table inet {TABLE}. Run site.yml, or nft -f {RULESET}.'
        return row('hop.users', TABLE, RED, finding, hint)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def there() -> bool:
    """Return whether something of it is on this host."""
    return os.path.exists(RULESET)
