# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of lookup tables below a configuration directory: source, and index where Postfix reads one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import (
    FRESH,
    MISSING,
    STALE,
    TableState,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import INDEXED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan_tables import TableChange


def table_state(config_dir: str, path: str, kind: str) -> TableState:
    """Return the TableState of a table of this type."""
    source = os.path.join(config_dir, path)
    state = disk.read_file(source)
    return TableState(state.data, state.mode, _index_state(source, kind, state) if kind in INDEXED else FRESH)


def _index_state(source: str, kind: str, state: disk.FileState) -> str:
    try:
        made = os.stat(source + INDEXED[kind]).st_mtime_ns
        return FRESH if state.data is not None and made >= os.stat(source).st_mtime_ns else STALE
    except FileNotFoundError:
        return MISSING


def table_writes(
    config_dir: str, path: str, change: TableChange, index: bytes | None, wanted: bool
) -> tuple[list[disk.Write], list[disk.Write]]:
    """Return the operations that make a table, and those that remove what is left of it or of its former types.

    Args:
        index: content of the index that Postfix has made for it.
        wanted: whether the table is one that the owner wants, so that its index stays.
    """
    path, mode, now = os.path.join(config_dir, path), change.after.mode, disk.write_time()
    source, suffix = disk.Write(path, change.after.content, mode, now), INDEXED.get(change.kind)
    made = [source] if source.data is not None else []
    kinds = change.old_kinds
    if wanted and suffix:
        made.append(disk.Write(path + suffix, index, mode, now))
    elif suffix:
        kinds = kinds + [change.kind]
    removed = [disk.Write(path + INDEXED[kind], None) for kind in kinds if kind in INDEXED]
    return made, removed + ([source] if source.data is None else [])
