# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Postfix of a Zimbra: what of the directory it goes by, and how a change of the directory gets there. Private to
this collection."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import commands
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import Programs, ZimbraError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.parameters import SECTIONS, same
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.values import shown

# The configuration daemon answers when it is done with its loop; configrewrite(8) gives up after 120 seconds.
REWRITE_TIMEOUT = 300
# Seconds before each time that the daemon is asked.
PAUSES = (0, 2, 10, 30)


class Mta:
    """The Postfix of this Zimbra.

    Args:
        programs: Zimbra's programs.
        run_command: AnsibleModule.run_command or a function like it.
    """

    def __init__(self, programs: Programs, run_command: Callable[..., tuple[int, Any, Any]]) -> None:
        self._programs, self._run_command = programs, run_command

    @property
    def config_dir(self) -> str:
        return commands.config_dir()

    @property
    def sbin_dir(self) -> str:
        return os.path.join(commands.PREFIX, 'common/sbin')

    def _postconf(self, *arguments: str) -> str:
        words = [os.path.join(self.sbin_dir, 'postconf'), '-c', self.config_dir, *arguments]
        status, out, err = self._run_command(
            words, environ_update={'LC_ALL': 'C'}, encoding=None, handle_exceptions=False
        )[:3]
        if status:
            raise ZimbraError('{}: {}'.format(' '.join(words), ' '.join(printable(decode(err or out)).split())))
        return decode(out)

    def parameters(self, names: Iterable[str]) -> dict[str, str]:
        """Return what main.cf says of these parameters, or what is so without it.

        Raises:
            ZimbraError: postconf(1) failed.
        """
        names = list(names)
        lines = self._postconf(*names).split('\n') if names else []
        return {
            name.strip(): value.strip() for name, equals, value in (line.partition('=') for line in lines) if equals
        }

    def edit(self, values: Mapping[str, str], unset: Iterable[str] = ()) -> None:
        """Have main.cf say this of parameters that the configuration daemon does not write."""
        if values:
            self._postconf('-e', *(f'{name} = {value}' for name, value in values.items()))
        if unset:
            self._postconf('-X', *unset)

    def different(self, wanted: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Return the parameters that are not as they should be: name to what they are and what they should be."""
        present = self.parameters(wanted)
        return {
            name: (present.get(name, ''), value)
            for name, value in wanted.items()
            if not same(name, present.get(name, ''), value)
        }

    def _run(self, name: str, *arguments: str) -> tuple[int, str]:
        """Run one of Postfix's commands. Returns its status and what it says."""
        words = [os.path.join(self.sbin_dir, name), '-c', self.config_dir, *arguments]
        status, out, err = self._run_command(words, encoding=None, handle_exceptions=False)[:3]
        return status, '{}: {}'.format(' '.join(words), ' '.join(printable(decode(err or out)).split()))

    def running(self) -> bool:
        """Return whether Postfix runs."""
        return self._run('postfix', 'status')[0] == 0

    def drift_diff(self, drift: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
        """Return what changes in main.cf, as Ansible shows it.

        Args:
            drift: of different().
        """
        texts = [
            ''.join(f'{name} = {shown(name, both[when])}\n' for name, both in sorted(drift.items())) for when in (0, 1)
        ]
        return [difference(os.path.join(self.config_dir, 'main.cf'), *texts)] if drift else []

    def reload(self) -> None:
        """Have Postfix read its configuration, and leave amavisd and saslauthd alone. One that does not run reads it
        when it is started.

        Raises:
            ZimbraError: it does not.
        """
        if self.running():
            self._programs.said('bin/postfix', 'reload', 'norewrite')

    def bring_in_force(self, wanted: Mapping[str, str], otherwise: Mapping[str, str] | None = None) -> None:
        """Have the configuration daemon write the directory's attributes, and Postfix go by them.

        All sections that belong to the MTA are asked for: of a section that is not, the daemon would forget what
        changed. It reads the directory before it answers, but may have begun to read before the last change, and it
        asks a replica where there is one, which may have the change later.

        Args:
            wanted: parameters that have to be so then.
            otherwise: what they may be as well.

        Raises:
            ZimbraError: they are not.
        """
        left: dict[str, tuple[str, str]] = {}
        for pause in PAUSES:
            time.sleep(pause)
            self._programs.said('libexec/configrewrite', *SECTIONS, timeout=REWRITE_TIMEOUT)
            left = self.different(wanted)
            if otherwise:
                left = {name: both for name, both in left.items() if not same(name, both[0], otherwise.get(name, ''))}
            if not left:
                self.reload()
                return
        words = '; '.join(
            f'{name} = {shown(name, seen)!r} instead of {shown(name, value)!r}' for name, (seen, value) in left.items()
        )
        raise ZimbraError(f'The configuration daemon of Zimbra (zmconfigd) does not write it: {words}')

    def flush(self) -> None:
        """Have Postfix, if it runs, try again what waits in its queue."""
        status, said = self._run('postqueue', '-f') if self.running() else (0, '')
        if status:
            raise ZimbraError(said)
