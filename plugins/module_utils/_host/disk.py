# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on disk: read whole, replaced by rename, put back."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import sync_directory, write_durably

PREFIX = '.conbool-smtp-relay'
PAUSE = 0.2
# Each Postfix process that meets a file younger than two seconds reads it again and again until it is older, lest it be
# half written. A file that is put in place by rename is complete from the start and need not hold up the mail.
COOLED_DOWN = 3


class SwitchError(Exception):
    """A change failed half-way. C(restored) tells whether the old state is in force again."""

    def __init__(self, message: str, restored: bool, warnings: list[str]) -> None:
        super().__init__(message)
        self.restored = restored
        self.warnings = warnings


class FileState:
    """Content, mode and group of a file; the content of a missing file is None."""

    def __init__(self, data: bytes | None = None, mode: int | None = None, group: int | None = None) -> None:
        self.data = data
        self.mode = mode
        self.group = group


def read_file(path: str) -> FileState:
    try:
        with open(path, 'rb') as stream:
            status = os.fstat(stream.fileno())
            return FileState(stream.read(), stat.S_IMODE(status.st_mode), status.st_gid)
    except FileNotFoundError:
        return FileState()


class Write:
    """One file to write, or to remove when data is None. C(mode) None keeps the mode, or is 0644 for a new file;
    C(group) None keeps the group."""

    def __init__(
        self,
        path: str,
        data: bytes | None,
        mode: int | None = None,
        mtime: int | None = None,
        group: int | None = None,
    ) -> None:
        self.path = path
        self.data = data
        self.mode = mode
        self.mtime = mtime
        self.group = group

    def do(self) -> None:
        if self.data is not None:
            replace_file(self.path, self.data, self.mode, self.mtime, self.group)
        elif os.path.lexists(self.path):
            os.unlink(self.path)
            sync_directory(os.path.dirname(self.path))


class MakeDirectory:
    """One directory to make, or one of which mode and owner, (uid, gid), are to be mended; nothing below it is
    touched."""

    def __init__(self, path: str, mode: int = 0o755, owner: tuple[int, int] | None = None) -> None:
        self.path = path
        self.mode = mode
        self.owner = owner

    def do(self) -> None:
        if not os.path.isdir(self.path):
            os.mkdir(self.path, self.mode)
            sync_directory(os.path.dirname(self.path))
        if self.owner:
            os.chown(self.path, *self.owner)
        os.chmod(self.path, self.mode)


def clear_temporary(paths: Iterable[str]) -> None:
    """Remove what a run that was killed in replace_file() left beside these files."""
    for directory in {os.path.dirname(os.path.realpath(path)) for path in paths}:
        for name in os.listdir(directory) if os.path.isdir(directory) else []:
            if name.startswith(PREFIX) and os.path.isfile(os.path.join(directory, name)):
                os.unlink(os.path.join(directory, name))


def write_time() -> int:
    return time.time_ns() - COOLED_DOWN * 10**9


def set_time(path: str, mtime: int | None = None) -> None:
    mtime = mtime or write_time()
    os.utime(path, ns=(mtime, mtime))


def replace_file(
    path: str, data: bytes, mode: int | None = None, mtime: int | None = None, group: int | None = None
) -> None:
    """Replace a file by rename; owner, mode, access list and SELinux label stay, and so does a symbolic link to it."""
    target = os.path.realpath(path)
    if target == os.devnull and path != os.devnull:
        # Masked, as systemd calls it: units and drop-ins are. To write there would be to replace the device.
        os.unlink(path)
        target = path
    temporary = os.path.join(os.path.dirname(target), f'{PREFIX}.{os.path.basename(target)}')
    try:
        write_durably(temporary, data, 0o600)
        if os.path.exists(target):
            status = os.stat(target)
            os.chown(temporary, status.st_uid, status.st_gid)
            shutil.copystat(target, temporary)
        else:
            # At once: a new file may be a key.
            os.chmod(temporary, 0o644 if mode is None else mode)
        if group is not None:
            os.chown(temporary, -1, group)
        if mode is not None:
            os.chmod(temporary, mode)
        set_time(temporary, mtime)
        os.rename(temporary, target)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)
    sync_directory(os.path.dirname(target))


class Undo:
    """Does operations and remembers what was there before each.

    C(failed) says of which paths back() could not put back what was there, and why.
    """

    def __init__(self) -> None:
        self._before: list[tuple[str, FileState | os.stat_result | None]] = []
        self.failed: list[str] = []

    def do(self, operation: Write | MakeDirectory) -> None:
        if isinstance(operation, MakeDirectory):
            before: FileState | os.stat_result | None = (
                os.stat(operation.path) if os.path.lexists(operation.path) else None
            )
        else:
            before = read_file(operation.path)
        self._before.append((operation.path, before))
        operation.do()

    def back(self) -> None:
        """Put everything back, the last change first. What cannot be is kept in C(failed), and keeps nothing else from
        going back."""
        for path, before in reversed(self._before):
            try:
                self._back(path, before)
            except OSError as exc:
                self.failed.append(f'{path}: {exc.strerror or exc}')

    @staticmethod
    def _back(path: str, before: FileState | os.stat_result | None) -> None:
        if isinstance(before, FileState):
            now = read_file(path)
            # The operation that failed may have done nothing, and would fail here for the same reason.
            if (now.data, now.mode) != (before.data, before.mode):
                Write(path, before.data, before.mode).do()
        elif before:
            MakeDirectory(path, stat.S_IMODE(before.st_mode), (before.st_uid, before.st_gid)).do()
        elif os.path.isdir(path):
            os.rmdir(path)


@contextlib.contextmanager
def locked(directory: str, timeout: float) -> Iterator[None]:
    """Keep other runs away from the configuration directories below this one.

    Raises:
        OSError: another run is still at work when the time is up.
    """
    handle = os.open(directory, os.O_RDONLY)
    try:
        for attempt in range(int(timeout / PAUSE), -1, -1):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not attempt:
                    raise
                time.sleep(PAUSE)
        yield
    finally:
        os.close(handle)


def clear_staging(config_dir: str, fingerprint: str) -> None:
    """Remove staging directories that killed runs left. Those of runs that are at work, which may be others that only
    read, are locked."""
    parent = os.path.dirname(os.path.realpath(config_dir))
    for name in os.listdir(parent):
        if name.startswith(f'{PREFIX}.{fingerprint}.'):
            path = os.path.join(parent, name)
            # One may be gone in this moment, or be at work.
            with contextlib.suppress(FileNotFoundError, BlockingIOError), locked(path, 0):
                shutil.rmtree(path)


@contextlib.contextmanager
def staging_directory(config_dir: str, fingerprint: str) -> Iterator[str]:
    """Make a private directory beside the real one, on the same file system, and remove it in every case."""
    path = tempfile.mkdtemp(prefix=f'{PREFIX}.{fingerprint}.', dir=os.path.dirname(os.path.realpath(config_dir)))
    with locked(path, 0):
        try:
            yield path
        finally:
            shutil.rmtree(path)
