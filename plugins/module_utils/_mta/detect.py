# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mail server a host has."""

from __future__ import annotations

import os

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.sockets import serve_others
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import MAIL_SERVERS, names, with_role


class MtaError(HostError):
    """No single MTA that can be served; the text says what was found and what to do."""


def signs_of(mta: str, root: str = '/') -> list[str]:
    """Return the paths that show that this MTA is installed, or an empty list."""
    seen = []
    for choices in MAIL_SERVERS[mta].signs:
        there = [path for path in choices if os.path.exists(os.path.join(root, path.lstrip('/')))]
        if not there:
            return []
        seen.append(there[0])
    return seen


def find(wanted: str = 'auto', root: str = '/', undo: bool = False) -> tuple[str, dict[str, list[str]]]:
    """Return the host's MTA and what it was known by.

    Args:
        wanted: C(auto), or the MTA that the inventory names; this one has to be there.
        root: where the host's file system starts.
        undo: whether what is left of an MTA that nothing tells of any more counts where there is no other.

    Returns:
        Name of the MTA; and of all MTAs found, name to paths.

    Raises:
        MtaError: there is none, or there are several.
    """
    found = {mta: paths for mta, paths in ((mta, signs_of(mta, root)) for mta in MAIL_SERVERS) if paths}
    if wanted != 'auto':
        if wanted not in found and MAIL_SERVERS[wanted].signs:
            there = 'found: ' + ', '.join(sorted(found)) if found else 'and no other mail server that is supported'
            raise MtaError(f'conbool_mta is {wanted}, but there is no {wanted} here ({there})')
        return wanted, found
    if not found and undo:
        left = {mta: [entry.left_by] for mta, entry in MAIL_SERVERS.items() if entry.left_by}
        found = {mta: paths for mta, paths in left.items() if os.path.exists(os.path.join(root, paths[0].lstrip('/')))}
    if not found:
        known = sorted(name for name in names() if MAIL_SERVERS[name].signs)
        raise MtaError('no mail server found: none of {} is installed'.format(', '.join(known)))
    counting = [mta for mta in found if not _is_idle(mta)] if len(found) > 1 else list(found)
    if len(counting) > 1:
        named = ', '.join(f'{mta} ({found[mta][0]})' for mta in sorted(counting))
        raise MtaError(
            f'more than one mail server found: {named}. '
            'Set conbool_mta for this host to the one that handles its mail'
        )
    return counting[0], found


def _is_idle(mta: str) -> bool:
    """Return whether a mail server that may have come with the distribution serves no other host: it does not run, or
    sends the host's own reports only."""
    known = MAIL_SERVERS[mta].processes
    return bool(known) and not serve_others(known)


def refuse_unsupported(mta: str) -> None:
    """Raise MtaError when this version of the collection has no role for a mail server."""
    if mta not in with_role():
        raise MtaError(f'the mail server is {mta}, and this version of the collection has no role {mta}_smarthost')


def free_space(path: str, root: str = '/') -> dict[str, int | None]:
    """Return what is free on the file system that holds, or will hold, a directory.

    Returns:
        C(bytes), and C(inodes), which is None where the file system does not count them.
    """
    path = os.path.join(root, path.lstrip('/'))
    while not os.path.isdir(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    status = os.statvfs(path)
    return {'bytes': status.f_bavail * status.f_frsize, 'inodes': status.f_favail if status.f_files else None}
