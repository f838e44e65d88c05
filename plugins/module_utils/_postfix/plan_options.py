# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans single -o options of entries of master.cf that are somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import (
    Plan,
    PlanError,
    left_alone,
    rest_of,
    taken_out,
)

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf


class OptionPlan(Plan):
    """How entries get the wanted options.

    Args:
        owner: see Plan.
        recorded: likewise.
        master: the MasterCf, which is edited.
        removed: keys of the entries that are going to be deleted.
        inherited: returns the value that a parameter has in a service which does not name it.
    """

    def __init__(
        self,
        owner: str,
        recorded: dict[str, Any],
        master: MasterCf,
        removed: Container[str],
        inherited: Callable[[str], str],
    ) -> None:
        super().__init__(owner, recorded)
        self._master = master
        self._removed = removed
        self._inherited = inherited

    def reach(self, wanted: Mapping[str, Mapping[str, Any]]) -> None:
        """Edit master.cf so that its entries have the wanted options.

        Args:
            wanted: C(options) of a Request.

        Raises:
            PlanError: there is no such entry, or no place in it.
        """
        for key, records in self.recorded.items():
            still_wanted = wanted.get(key, {}).get('options', {})
            # Lines that were added go before places are filled: they may stand where a cut line has to be joined.
            for name, record in sorted(records.items(), key=lambda item: bool(item[1]['cuts'])):
                if name not in still_wanted:
                    self._undo(key, name, record)
        for key, entry in wanted.items():
            if self._master.find(key) and key not in self._removed:
                for name, value in entry['options'].items():
                    self._set(key, entry['label'], name, value)
            elif not entry['optional']:
                raise PlanError('service_options: {}: master.cf has no such entry'.format(entry['label']))

    def _undo(self, key: str, name: str, record: Mapping[str, Any]) -> None:
        """Bring one option back, as far as nobody else has changed it."""
        master = self._master
        if not master.find(key):
            self.warnings.append(left_alone('master.cf: the entry {}'.format(record['label'])))
            return
        current, original = master.option(key, name), record['original']
        what = 'master.cf: -o {} of {}'.format(name, record['label'])
        if current in record['written'] and (current is None or current != original):
            if current is not None:
                master.unset_option(key, name, current)
            if not master.paste_option(self.owner, key, name, record['cuts']):
                self.warnings.append(left_alone(what))
            return
        master.forget_cuts(self.owner, key, name, record['cuts'])
        if current == original:
            return
        before = self._inherited(name) if original is None else original
        rest = rest_of(current, record['written'], before) if current is not None else None
        if rest == before:
            master.unset_option(key, name, current)
        elif rest is not None:
            master.change_option(key, name, rest)
        if rest != before:
            self.warnings.append(left_alone(what) if rest is None else taken_out(what, rest))

    def _set(self, key: str, label: str, name: str, value: str | None) -> None:
        """Give one option its value."""
        master, record = self._master, self.recorded.get(key, {}).get(name)
        if master.option(key, name) == value:
            if record:
                self.settled.setdefault(key, {})[name] = dict(record, written=[value])
            return
        if record:
            for ours in record['written'] + [master.option(key, name)]:
                if ours not in (None, record['original']):
                    master.unset_option(key, name, ours)
            master.paste_option(self.owner, key, name, record['cuts'])
        original, cuts = record['original'] if record else master.option(key, name), []
        if master.option(key, name) != value:
            cuts = self._write(key, label, name, value)
            self.settled.setdefault(key, {})[name] = {
                'label': label,
                'original': original,
                'written': [value],
                'cuts': cuts,
            }
        self.pending.setdefault(key, {})[name] = {
            'label': label,
            'original': original,
            'written': (record['written'] if record else []) + [value],
            'cuts': cuts or (record['cuts'] if record else []),
        }

    def _write(self, key: str, label: str, name: str, value: str | None) -> list[str]:
        """Write one option, or cut it out. Returns the texts that were cut out."""
        if value is None:
            return self._master.cut_option(self.owner, key, name)
        try:
            self._master.set_option(key, name, value)
        except ValueError as exc:
            raise PlanError(
                f'service_options: {label}: cannot add -o {name}: {exc}; give the whole entry in services'
            ) from exc
        return []
