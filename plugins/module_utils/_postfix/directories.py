# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queue and data directory of an instance of our own: there with the owner and mode that Postfix wants, gone with the
instance."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import MakeDirectory
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.queue import message_files

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf

# Of main.cf and master.cf, as Postfix makes them.
FILE_MODE = 0o644
MODES = {'queue_directory': 0o755, 'data_directory': 0o700}


def _name(find: Callable[[int], Sequence[Any]], number: int | str) -> str:
    if isinstance(number, str):
        return number
    try:
        return find(number)[0]
    except KeyError:
        return str(number)


def _describe(uid: int | str, gid: int, mode: int) -> str:
    return f'directory, owner {_name(pwd.getpwuid, uid)}, group {_name(grp.getgrgid, gid)}, mode {mode:04o}\n'


def _present(path: str) -> tuple[int, int, int] | None:
    """Return what is at a path as (uid, gid, mode), or None."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def _used(path: str) -> bool:
    """Whether something is in a directory. One that is a file system of its own has a place for what fsck finds."""
    return bool(set(os.listdir(path)) - {'lost+found'})


def _difference(path: str, before: tuple[Any, int, int] | None, after: tuple[Any, int, int] | None) -> dict[str, str]:
    return difference(path, before and _describe(*before), after and _describe(*after))


class Directories:
    """What has to be done with the two directories of one instance.

    Args:
        wanted: the wanted parameters of main.cf.
        main: MainCf as it is.
        recorded: paths of those that were made here.
        mail_owner: returns the name of the instance's mail_owner.
        foreseen: that user may not be there yet; nothing will be carried out.

    Raises:
        PlanError: naming the parameter and its value.
    """

    def __init__(
        self,
        wanted: Mapping[str, str | None],
        main: MainCf,
        recorded: list[str],
        mail_owner: Callable[[], str],
        foreseen: bool = False,
    ) -> None:
        self._recorded = recorded
        self._queue, self._foreseen = main.get('queue_directory'), foreseen
        self.operations = []
        self._changes = []
        made = []
        for name, mode in sorted(MODES.items()):
            if wanted.get(name) is None:
                continue
            path = self._path(name, wanted[name], main)
            before, after = _present(path), (self._uid(mail_owner()) if name == 'data_directory' else 0, 0, mode)
            if before is None and path not in recorded:
                made.append(path)
            # What an instance that is there already uses is its own, whatever became of the record.
            if before and path not in recorded and _used(path) and (before != after or not main.values()):
                raise PlanError(
                    f'parameters.{name}: {path!r} is used for something else: {_describe(*before).strip()}'
                    + ('' if before == after else f' instead of {_describe(*after).strip()}')
                    + ', and not empty'
                )
            if before != after:
                self.operations.append(MakeDirectory(path, mode, after[:2]))
                self._changes.append(_difference(path, before, after))
        self.pending = recorded + made

    @staticmethod
    def _path(name: str, value: str, main: MainCf) -> str:
        path, current = os.path.normpath(value), main.get(name)
        if not os.path.isabs(value) or '$' in value:
            raise PlanError(f'parameters.{name}: {value!r} is not a plain absolute path')
        if os.path.lexists(path) and not os.path.isdir(path):
            raise PlanError(f'parameters.{name}: {value!r} is not a directory')
        if not os.path.isdir(os.path.dirname(path)):
            raise PlanError(f'parameters.{name}: the parent directory of {value!r} does not exist')
        if name == 'queue_directory' and current is not None and os.path.normpath(current) != path:
            raise PlanError(
                f'parameters.{name}: {value!r} instead of {current!r} would leave the mail behind that waits there;'
                ' undo the instance first'
            )
        return path

    def _uid(self, name: str) -> int | str:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            if self._foreseen:
                return name
            raise PlanError(f'parameters.mail_owner: there is no user {name!r}') from None

    def diff(self) -> list[dict[str, str]]:
        return self._changes

    def diff_of_removal(self) -> list[dict[str, str]]:
        return [_difference(path, _present(path), None) for path in self._recorded if os.path.isdir(path)]

    def refuse_to_lose_mail(self) -> None:
        """Mail that came in while the instance was on its way out is not removed with it.

        Raises:
            PlanError: naming the messages.
        """
        queues = set(self._recorded + ([self._queue] if self._queue else []))
        waiting = [path for directory in sorted(queues) for path in message_files(directory)]
        if waiting:
            raise PlanError(
                '{} messages wait in the queue, and the instance stays: {}'.format(len(waiting), ', '.join(waiting[:5]))
            )

    def remove(self) -> None:
        for path in self._recorded:
            if os.path.isdir(path):
                shutil.rmtree(path)
