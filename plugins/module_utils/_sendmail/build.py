# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What m4 makes of sendmail.mc, with and without us, in a directory of its own."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file, staging_directory
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import write_durably
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import FileRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, split_lines
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import cf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import mc as sendmail_mc
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import SendmailError

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program

STAGING = 'sendmail'
# When and by whom a file was built changes with every build.
_BUILT = re.compile(r'^##### built by .*$', re.MULTILINE)
# Debian's make adds the source, as comments.
_SOURCE = '### %s ###\n'
BUILT = '##### built by the Ansible collection conbool.smtp_relay'


class Built:
    """One sendmail.cf that is not in force: its path, its content, and what m4 said about it."""

    def __init__(self, path: str, text: str, said: str) -> None:
        self.path, self.text, self.said = path, text, said

    @property
    def data(self) -> bytes:
        return encode(self.text)


class Workshop:
    """Builds a host's sendmail.cf, in a directory that is not Sendmail's.

    Args:
        directory: where to build.
        mc_path: path of the host's sendmail.mc.
        cf_path: path of its sendmail.cf.
        m4_path: path of our file.

    Raises:
        SendmailError: the host has no sendmail.mc.
    """

    def __init__(self, program: Program, directory: str, mc_path: str, cf_path: str, m4_path: str) -> None:
        self._program, self._directory, self._mc_path, self._m4_path = program, directory, mc_path, m4_path
        mc = read_file(mc_path).data
        if mc is None:
            raise SendmailError(
                f'There is no {mc_path}. Its sendmail.cf alone is not changed, since nobody could keep such a change:'
                ' write a sendmail.mc for this Sendmail first, or name it if it is elsewhere'
            )
        self.mc = mc
        self._adds_source = ('\n' + _SOURCE % mc_path) in decode(read_file(cf_path).data or b'')
        self.included = sendmail_mc.holds(self.mc, m4_path)

    def build(self, name: str, content: str | None = None) -> Built:
        """Return what m4 makes of sendmail.mc with this content of our file, without our file when it is None.

        Args:
            name: tells one build from another.
            content: text of our file.
        """
        mc = sendmail_mc.without(self.mc, self._m4_path)
        mc_path = os.path.join(self._directory, name + '.mc')
        if content is not None:
            m4_path = os.path.join(self._directory, name + '.m4')
            write_durably(m4_path, encode(content), 0o600)
            mc = sendmail_mc.with_include(mc, m4_path)
        write_durably(mc_path, mc, 0o600)
        text, said = self._program.generate(mc_path, os.path.dirname(self._mc_path))
        cf_path = os.path.join(self._directory, name + '.cf')
        text = _BUILT.sub(BUILT, text) + self._source(
            sendmail_mc.without(self.mc, self._m4_path)
            if content is None
            else sendmail_mc.with_include(self.mc, self._m4_path)
        )
        write_durably(cf_path, encode(text), 0o600)
        return Built(cf_path, text, said.replace(mc_path, self._mc_path))

    def _source(self, mc: bytes) -> str:
        heading = _SOURCE % self._mc_path
        return heading + ''.join('# ' + line for line in split_lines(decode(mc))) if self._adds_source else ''

    def present(self) -> Built:
        """Return what m4 makes of sendmail.mc as it is now."""
        found = read_file(self._m4_path).data
        return self.build('present', decode(found) if self.included and found is not None else None)


@contextlib.contextmanager
def workshop(program: Program, mc_path: str, cf_path: str, m4_path: str) -> Iterator[Workshop]:
    """A Workshop whose directory is gone afterwards."""
    with staging_directory(os.path.dirname(os.path.realpath(mc_path)), STAGING) as directory:
        yield Workshop(program, directory, mc_path, cf_path, m4_path)


def as_left(record: FileRecord, mc_path: str, cf_path: str, m4_path: str) -> bool:
    """Whether a sendmail.cf is the one that was written here last, and its sendmail.mc has nothing new since, whatever
    somebody has done to our file and to the line that includes it.

    Args:
        record: of what was written here.
    """
    entries = [record.entry(path) for path in (cf_path, mc_path)]
    if not all(entries):
        return False
    rest = sendmail_mc.without(read_file(mc_path).data or b'', m4_path)
    return record.wrote(cf_path, read_file(cf_path).data) and rest == record.original(entries[1])[0]


def refuse_edited(cf_path: str, cf_data: bytes | None, builds: Sequence[Built]) -> None:
    """Raise SendmailError unless a sendmail.cf is what m4 makes of its sendmail.mc: what else is in it would be lost.

    Args:
        cf_path: its path, for the message.
        cf_data: its content.
        builds: the contents that it may have.
    """
    text = decode(cf_data or b'')
    if any(cf.equal(text, build.text) for build in builds):
        return
    only_there, only_built = cf.differences(text, builds[0].text)
    raise SendmailError(
        f'{cf_path} is not what m4 makes of its sendmail.mc, and would lose what was changed in it by hand. It alone'
        f' has: {_some(only_there)}. m4 makes instead: {_some(only_built)}. Bring both in line first (on Debian: make'
        ' -C /etc/mail), and run this again'
    )


def _some(lines: Sequence[str]) -> str:
    return (
        ' | '.join(lines[:3]) + (' | and %s more lines' % (len(lines) - 3) if len(lines) > 3 else '')
        if lines
        else 'nothing'
    )
