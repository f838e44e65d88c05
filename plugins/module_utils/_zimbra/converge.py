# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of zimbra_attributes, from its options to its answer. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import record, values
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.change import AttributeChange, result_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import (
    Programs,
    ZimbraError,
    server_name,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import (
    CONFIG,
    KINDS,
    Directory,
    Entry,
    Key,
    Values,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.mta import Mta
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import OWNER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.parameters import PARAMETERS, expected
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.zmprov import Zmprov

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, Any] = {
    'argument_spec': {
        'attributes': {
            'type': 'list',
            'elements': 'dict',
            'options': {
                'entry': {'type': 'str', 'choices': list(KINDS), 'required': True},
                'name': {'type': 'str', 'default': ''},
                'values': {'type': 'dict', 'required': True},
            },
        },
        'owner_id': {'type': 'str', 'required': True},
        'state': {'type': 'str', 'choices': ['present', 'absent'], 'default': 'present'},
        'apply': {'type': 'bool', 'default': True},
        'command_timeout': {'type': 'int', 'default': 120},
        'timeout': {'type': 'int', 'default': 20},
    },
    'required_if': [('state', 'present', ['attributes'])],
    'supports_check_mode': True,
}
NAME = re.compile(r'[a-z0-9_]+')
SERVICES = 'zimbraServiceEnabled'
# What mailbox servers remember of these lasts, that of a server is asked for anew each time.
REMEMBERED = ('config', 'domain', 'cos')
WITH_SERVERS = [['gas', 'mailbox']]


def wanted_of(attributes: Iterable[Mapping[str, Any]], this: str) -> dict[Key, Values]:
    """Return attribute to own values, as the option C(attributes) has them.

    Args:
        this: name of this server.

    Raises:
        ZimbraError: they are no such attributes, or not to be written; with all reasons.
    """
    wanted: dict[Key, Values] = {}
    problems = []
    for item in attributes:
        kind, name = item['entry'], item.get('name') or ''
        if kind not in KINDS:
            problems.append(f'attributes: entry is {kind!r}, not one of {", ".join(KINDS)}')
            continue
        if kind == 'config' and name:
            problems.append(f'attributes: the global configuration has no name, and {name!r} is given')
        if kind in ('domain', 'cos') and not name:
            problems.append(f'attributes: an entry {kind} has no name')
        entry = Entry(kind, name or (this if kind == 'server' else ''))
        for attribute, value in item['values'].items():
            try:
                own = _texts(value)
            except ValueError as exc:
                problems.append(f'{entry}: {attribute}: {exc}')
                continue
            if (entry, attribute) in wanted:
                problems.append(f'{entry}: {attribute} is given twice')
            wanted[entry, attribute] = own
            problems += values.refusals(entry, attribute, own)
    if problems:
        raise ZimbraError('Nothing was changed. ' + ' | '.join(problems))
    return wanted


def _texts(value: Any) -> Values:
    """Return the values of an attribute; a boolean is Zimbra's."""
    if value is None:
        return ()
    found = []
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, bool):
            item = 'TRUE' if item else 'FALSE'
        if not isinstance(item, (str, int)):
            raise ValueError(f'{item!r} is no text')
        found.append(str(item))
    return tuple(found)


def converge(module: AnsibleModule, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring attributes to wanted values, or tell in check mode what that takes.

    Returns:
        The module's result and its warnings.
    """
    if not NAME.fullmatch(params['owner_id']):
        raise ZimbraError('owner_id: {!r} does not consist of a-z, 0-9 and _'.format(params['owner_id']))
    if params['owner_id'] == OWNER:
        raise ZimbraError(
            f'owner_id: {OWNER!r} is the role of that name. Nothing was changed. Use another one; what the role has'
            ' changed, conbool_state: absent puts back'
        )
    programs = Programs(module.run_command, module.get_bin_path, params['command_timeout'])
    directory, this = Directory(Zmprov(programs)), Entry('server', server_name())
    present_wanted = params['state'] == 'present'
    wanted = wanted_of(params['attributes'] or [], this.name) if present_wanted else {}
    # The answer has the options, and whatever a program says of them.
    module.no_log_values.update(
        value for (dummy, name), own in wanted.items() for value in own if values.secret(name, value)
    )
    own = record.AttributeRecord(params['owner_id'])
    refuse_foreign(params['owner_id'], wanted, own)
    work = AttributeWork(directory, Mta(programs, module.run_command), this, params['apply'])
    change, drift = work.look(own, wanted)
    result: dict[str, Any] = {
        'changed': bool(change.changes or drift),
        'attributes': result_of(change),
        'parameters': sorted(drift),
        'applied': False,
    }
    if module._diff:
        result['diff'] = change.diff() + work.mta.drift_diff(drift)
    if not module.check_mode:
        # With nothing to do, what somebody else has changed is not ours any more.
        change.warnings += change.carry_out(
            directory, (lambda *dummies: []) if change.settled and not drift else work.finish
        )
        result['applied'] = work.applied
    return dict(result, starts=directory.starts), change.warnings + values.without_effect(wanted)


def refuse_foreign(owner: str, wanted: Iterable[Key], own: record.AttributeRecord) -> None:
    """Raise ZimbraError when another owner has set one of these attributes, or one that this owner has set before."""
    for other in record.owners():
        theirs = record.AttributeRecord(other).attributes if other != owner else {}
        both = sorted('{}: {}'.format(*key) for key in {*wanted, *own.attributes} if key in theirs)
        if both:
            first = f' Undo {other} first: it has the values of {owner} in its record' if own.attributes else ''
            raise ZimbraError(
                '{} was set by owner_id {} and cannot be set by {}, too. Nothing was changed.{}'.format(
                    ', '.join(both), other, owner, first
                )
            )


class AttributeWork:
    """One look at the directory and one change of it.

    Args:
        this: the entry of this server.
        apply: whether the change is brought in force on this server.
    """

    def __init__(self, directory: Directory, mta: Mta, this: Entry, apply: bool) -> None:
        self._directory, self.mta, self._this, self._apply = directory, mta, this, apply
        self._parameters: dict[str, str] = {}
        self._mailbox, self._here, self._drift = '', False, False
        self.applied = False

    def look(
        self, own: record.AttributeRecord, wanted: Mapping[Key, Values]
    ) -> tuple[AttributeChange, dict[str, tuple[str, str]]]:
        """Return the change, and the parameters of Postfix that will not be, or are not by now, as they should be."""
        keys = {*wanted, *own.attributes}
        names = {name for entry, name in keys if entry in (CONFIG, self._this) and name in PARAMETERS}
        both = {(entry, name) for entry in (CONFIG, self._this) for name in names}
        flushed = any(entry.kind in REMEMBERED for entry, dummy in keys)
        present, outputs = self._directory.read(
            sorted(keys | both | {(self._this, SERVICES)}), WITH_SERVERS if flushed else ()
        )
        services = present[self._this, SERVICES]
        if flushed:
            servers = outputs[0].split()
            self._mailbox = self._this.name if self._this.name in servers else (servers or [''])[0]
        change = AttributeChange(own, wanted, present)
        self._here = 'mta' in services and self._apply
        if self._here:
            self._parameters = self._effective(names, change.after(present))
        change.warnings += self._shadowed(wanted, change.after(present))
        drift = self.mta.different(self._parameters)
        # A run that was cut short may have left it to this one.
        self._drift = bool(drift) or own.pending
        return change, drift

    def _effective(self, names: Iterable[str], after: Mapping[Key, Values]) -> dict[str, str]:
        """Return what main.cf has to say: a server's own values win."""
        return {PARAMETERS[name]: expected(after[self._this, name] or after[CONFIG, name]) for name in sorted(names)}

    def _shadowed(self, wanted: Mapping[Key, Values], after: Mapping[Key, Values]) -> list[str]:
        return [
            f'{name} is set globally, but {self._this} has a value of its own, which wins there'
            for entry, name in wanted
            if entry == CONFIG and after.get((self._this, name)) and (self._this, name) not in wanted
        ]

    def finish(self, keys: Iterable[Key], back: bool) -> list[str]:
        """Bring what was written in force.

        Args:
            keys: the attributes.
            back: they were put back, so that Postfix will not be as it was wanted.

        Returns:
            Warnings.
        """
        keys = list(keys)
        entries = {entry for entry, dummy in keys if entry.kind in REMEMBERED}
        warnings = []
        if entries and self._mailbox:
            warnings = [
                f'{self._mailbox} could not be told of the change ({words}); mailbox servers may go by old values until'
                ' they are restarted'
                for words in self._directory.flush(self._mailbox, entries)
            ]
        written = any(entry in (CONFIG, self._this) and values.DAEMON.match(name) for entry, name in keys)
        if self._here and (written or self._drift):
            self.applied = True
            self.mta.bring_in_force({} if back else self._parameters)
        return warnings
