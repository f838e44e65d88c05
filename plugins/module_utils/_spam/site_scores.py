# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a site's SpamAssassin undoes our rule for released mail: for everybody, or for some. Private to this
collection."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import stat
from collections.abc import Iterator

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, printable

RULES = 'conbool.cf'
OVERRIDES = re.compile(r'\s*(?:score|header|meta|body|rawbody|full|uri|tflags)\s+CONBOOL_RELEASED\b')
# Preferences of a user have scores; rules in them count only where the site says so.
SCORES = re.compile(r'\s*score\s+CONBOOL_RELEASED\b')
# After such a rule no other is asked (Mail::SpamAssassin::Plugin::Shortcircuit), ours neither.
ENDS = re.compile(r'\s*shortcircuit\s+\w+\s+spam\b')
PREFERENCES = '.spamassassin/user_prefs'
# So much is read of files that are their users' own, and of so many users.
MOST_BYTES, MOST_USERS = 2**18, 5000
MOUNTS = '/proc/self/mounts'
# Kinds of file systems whose server may be away; who looks there waits for it.
REMOTE = re.compile(r'(nfs4?|cifs|smb3?|smbfs|autofs|afs|ceph|glusterfs|9p|fuse\..*)$')


def _lines(path: str, data: bytes, pattern: re.Pattern[str]) -> Iterator[str]:
    for number, line in enumerate(decode(data).split('\n'), 1):
        if pattern.match(line):
            yield f'{path}, line {number}: {printable(line.strip())!r}'


def _files(directory: str) -> Iterator[tuple[str, str]]:
    """Yield name and path of each file of the site, in the order in which they are read: the last word counts."""
    for name in sorted(os.listdir(directory)):
        if name.endswith('.cf'):
            yield name, os.path.join(directory, name)


def overriding(directory: str) -> str:
    """Return the first line that undoes our rule for everybody, empty for none."""
    later = [path for name, path in _files(directory) if name > RULES]
    return next((line for path in later for line in _lines(path, read_file(path).data or b'', OVERRIDES)), '')


def notes(directory: str) -> list[str]:
    """Return what undoes our rule for some mail, or for some users."""
    found = [line for dummy, path in _files(directory) for line in _lines(path, read_file(path).data or b'', ENDS)]
    texts = [
        f'{line} ends the scoring before our rule for released mail is asked: what is released and meets that rule is'
        ' spam all the same'
        for line in found
    ]
    return texts + [
        f'{line} undoes our rule for released mail, for this user. Take it out, or leave it if the user wants it so'
        for line in _preferences()
    ]


def _preferences() -> Iterator[str]:
    """Yield the lines of users' preferences that undo our rule for them."""
    remote = _remote_mounts()
    homes = dict.fromkeys(entry.pw_dir.rstrip('/') for entry in pwd.getpwall()[:MOST_USERS])
    for home in homes:
        if home and not any(f'{home}/'.startswith(f'{mount}/') for mount in remote):
            path = os.path.join(home, PREFERENCES)
            yield from _lines(path, _own_file(path), SCORES)


def _remote_mounts() -> list[str]:
    mounts = [line.split() for line in decode(read_file(MOUNTS).data or b'').split('\n')]
    return [words[1].rstrip('/') for words in mounts if len(words) > 2 and REMOTE.match(words[2])]


def _own_file(path: str) -> bytes:
    """Return what is in a file that its user may have made anything of: a pipe, or a link to a device."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, 'rb') as stream:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                return stream.read(MOST_BYTES)
    return b''
