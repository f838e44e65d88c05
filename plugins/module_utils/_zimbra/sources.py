# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a change for the gateway may touch, read and written at once: attributes of Zimbra's directory, and
parameters of main.cf that the configuration daemon leaves alone. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping, Sequence

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import (
    Directory,
    Entry,
    Key,
    Values,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.mta import Mta
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import TLS_POLICY, is_ours

# Lines of main.cf are remembered and put back like own values of an entry.
MAIN_CF = Entry('main.cf')


class Sources:
    """The directory and main.cf as one.

    Args:
        directory: Zimbra's directory.
        mta: its Postfix.
    """

    def __init__(self, directory: Directory, mta: Mta) -> None:
        self._directory, self._mta = directory, mta

    def configured(self) -> dict[str, str]:
        """Return what main.cf sets."""
        data = read_file(os.path.join(self._mta.config_dir, 'main.cf')).data or b''
        return {printable(name): printable(value) for name, value in MainCf(decode(data)).values().items()}

    def read(
        self, keys: Iterable[Key], more: Sequence[Sequence[str]] = (), may_be_gone: Container[Entry] = ()
    ) -> tuple[dict[Key, Values], list[str]]:
        """Return the own values, as Directory.read() does, with what main.cf sets."""
        keys = list(keys)
        found, outputs = self._directory.read([key for key in keys if key[0] != MAIN_CF], more, may_be_gone)
        lines = self.configured()
        for key in keys:
            if key[0] == MAIN_CF:
                found[key] = (lines[key[1]],) if key[1] in lines else ()
        return found, outputs

    def write(self, changes: Mapping[Key, Values]) -> list[str]:
        """Give attributes and parameters these values, as Directory.write() does. What main.cf says comes before the
        attributes that need it, and goes after them.

        A process of Postfix goes by what main.cf said when it began, so that the hop's exception from the TLS level is
        known to all of them before any leads mail there, and until none does.
        """
        lines = {name: values for (entry, name), values in changes.items() if entry == MAIN_CF}
        policy = {name: lines.pop(name) for name in (TLS_POLICY,) if name in lines}
        arrives = any(is_ours(word) for values in policy.values() for value in values for word in words(value))
        if arrives:
            self._edit(policy)
            self._mta.reload()
        self._mta.edit({name: values[0] for name, values in lines.items() if values})
        rest = {key: values for key, values in changes.items() if key[0] != MAIN_CF}
        warnings = self._directory.write(rest) if rest else []
        self._mta.edit({}, [name for name, values in lines.items() if not values])
        if policy and not arrives:
            self._mta.bring_in_force({})
            self._edit(policy)
        return warnings

    def _edit(self, lines: Mapping[str, Values]) -> None:
        """Have main.cf say this, or nothing of what has no value."""
        self._mta.edit(
            {name: values[0] for name, values in lines.items() if values},
            [name for name, values in lines.items() if not values],
        )
