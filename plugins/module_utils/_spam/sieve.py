# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The global Sieve script that goes by the gateway's verdict, and how Dovecot comes to run it before every other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode, heading
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.marks import IGNORED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import dovecot as tools

OWNER = 'spam_delivery'
NAME = 'conbool-spam'
BEFORE = 'sieve_before'

# A plain ":is" would miss a value on a line of its own, of which Dovecot keeps the white space.
# How the Received line begins that Dovecot adds to mail handed to it by LMTP (smtp-server-transaction.c). Its delivery
# agent (LDA) adds none. The mail server's own line says ESMTP, or has its version in front of that.
LMTP = (
    '^from [^ ]+( [(][[][^ ]*[)])?[[:space:]]+([(]using [^)]*[)]+[[:space:]]+)?by [^ ]+ with (UTF8)?LMTPS?A?[[:space:]]'
)

SCRIPT = r'''%(heading)s
# Runs before every other script. What it files is final: no other script sees such a message.
require ["fileinto", "index", "mailbox", "regex"];

# Where the mail server cannot take forged headers away, it says so in its own line: the first, or the second below Dovecot's LMTP. Others may be forged.
if not anyof (header :index 1 :matches "Received" "*%(ignored)s",
              allof (header :index 1 :regex "Received" "%(lmtp)s",
                     header :index 2 :matches "Received" "*%(ignored)s")) {
    if header :regex "X-Conbool-Released" "^[[:space:]]*yes[[:space:]]*$" {
        fileinto "INBOX";
        stop;
    }
    if header :regex "X-Conbool-Flag" "^[[:space:]]*yes[[:space:]]*$" {
        fileinto :create "%(mailbox)s";
        stop;
    }
}
'''


class SieveChange:
    """What makes Dovecot file flagged mail in the spam folder, or takes that away again.

    Args:
        protocols: those by which mail is delivered, C(lmtp) and C(lda); none, when nothing of ours is to be left.
        folder: name of the spam folder where no mailbox has the special use.
    """

    def __init__(self, dovecot: tools.Dovecot, protocols: Sequence[str], folder: str) -> None:
        self.dovecot = dovecot
        self.mailbox = None
        self._protocols = protocols
        self._paths = {
            ending: os.path.join(dovecot.directory, f'{NAME}.{ending}') for ending in ('sieve', 'svbin', 'conf')
        }
        include = '!include_try ' + self._paths['conf']
        self._lines = [heading(OWNER), include]
        wanted: dict[str, bytes | Callable[[bytes], bytes]] = {}
        if protocols:
            original = self._without(dovecot.present(read_file(dovecot.config).data))
            with dovecot.staged(original) as staged:
                self.mailbox = dovecot.junk(staged, protocols[0], folder)
                conf = self._configuration(staged)
            script = SCRIPT % {
                'heading': heading(OWNER),
                'ignored': IGNORED,
                'lmtp': LMTP,
                'mailbox': self.mailbox.replace('\\', '\\\\').replace('"', '\\"'),
            }
            wanted = {
                self._paths['sieve']: encode(script),
                self._paths['conf']: encode(conf),
                dovecot.config: self._with,
            }
        self.files = FileChange(OWNER, wanted, {dovecot.config: self._without})
        if protocols:
            dovecot.present(self.files.before[dovecot.config])
        self.warnings = self.files.warnings
        self._stale = bool(wanted) and not self.files.changed and not self._compiled()
        self.changed = self.files.changed or self._stale

    def diff(self) -> list[dict[str, str]]:
        found = self.files.diff()
        if self._stale:
            found.append(difference(self._paths['svbin'], None, '(the script, compiled)\n'))
        return found

    def validate(self) -> None:
        """Have Dovecot judge the new configuration and the script, beside the real ones.

        Raises:
            ChangeError: it refuses one of them, or something of the host wins over it.
        """
        if not self._protocols:
            return
        content = self.files.after[self.dovecot.config]
        with self.dovecot.staged(content) as staged:
            folder = os.path.dirname(staged)
            conf, script = (os.path.join(folder, 'staged.' + ending) for ending in ('conf', 'sieve'))
            _write(conf, self.files.after[self._paths['conf']])
            _write(script, self.files.after[self._paths['sieve']])
            _write(staged, content.replace(encode(self._lines[1]), encode('!include ' + conf)))
            self._look(staged)
            self.dovecot.compile(staged, script, os.path.join(folder, 'staged.svbin'))

    def check(self) -> None:
        """See that nothing that the host has got since wins over what is in force.

        Raises:
            ChangeError: something does.
        """
        self._look(self.dovecot.config)

    def carry_out(self) -> None:
        if self._stale:
            self._activate()
        else:
            # With nothing to change this clears what a killed run left; validate() was asked before, in check mode too.
            self.files.switch(lambda: None, self._activate)

    def _activate(self) -> None:
        """Let Dovecot do what the files say now, whichever they are."""
        if os.path.exists(self._paths['sieve']):
            self.dovecot.compile(self.dovecot.config, self._paths['sieve'])
            self._look(self.dovecot.config)
        elif os.path.exists(self._paths['svbin']):
            os.unlink(self._paths['svbin'])
        if self.dovecot.there:
            self.dovecot.reload()

    def _compiled(self) -> bool:
        """Return whether the compiled script is what this version of Dovecot makes of it."""
        with self.dovecot.staged(self.files.after[self.dovecot.config]) as staged:
            binary = os.path.join(os.path.dirname(staged), 'fresh.svbin')
            self.dovecot.compile(staged, self._paths['sieve'], binary)
            compiled = read_file(self._paths['svbin'])
            return compiled.data == read_file(binary).data and bool(compiled.mode & 0o004)

    def _with(self, data: bytes) -> bytes:
        text = decode(data)
        return encode(
            text + ('' if text.endswith('\n') or not text else '\n') + ''.join(line + '\n' for line in self._lines)
        )

    def _without(self, data: bytes) -> bytes:
        lines = decode(data).split('\n')
        return encode('\n'.join(line for line in lines if line not in self._lines))

    def _configuration(self, config: str) -> str:
        """Return our part of the configuration: the script in front of those that the host has.

        Args:
            config: path of the configuration without our part.
        """
        text = heading(OWNER) + '\n# A spam folder that had to be made would be hidden without a subscription.\n'
        for protocol in self._protocols:
            if self.dovecot.version() < (2, 4):
                body = ['plugin {'] + ['  {} = {}'.format(*pair) for pair in self._sequence(config, protocol)] + ['}']
            else:
                body = [
                    f'sieve_script {NAME} {{',
                    '  type = before',
                    '  precedence = 0',
                    '  path = ' + self._paths['sieve'],
                    '}',
                ]
            text += 'protocol {} {{\n{}}}\n'.format(
                protocol, ''.join(f'  {line}\n' for line in ['lda_mailbox_autosubscribe = yes'] + body)
            )
        return text

    def _sequence(self, config: str, protocol: str) -> list[tuple[str, str]]:
        """Return the settings of Dovecot 2.3 that put our script in front; the sequence ends with the first that is
        missing or empty."""
        plugin, found = self._plugin(config, protocol), [self._paths['sieve']]
        while plugin.get(_numbered(len(found))):
            found.append(plugin[_numbered(len(found))])
        if _numbered(len(found) + 1) in plugin:
            # It was beyond the end, and is to stay there.
            found.append('')
        return [(_numbered(number + 1), value) for number, value in enumerate(found)]

    def _plugin(self, config: str, protocol: str) -> dict[str, Any]:
        return dict(
            pair
            for dummy, entries in tools.sections(self.dovecot.settings(config, protocol, 'plugin'), 'plugin')
            for pair in entries
        )

    def _look(self, config: str) -> None:
        """See that our script is the first one.

        Raises:
            ChangeError: it is not.
        """
        for protocol in self._protocols:
            if self.dovecot.version() < (2, 4):
                first = [self._plugin(config, protocol).get(BEFORE)]
            else:
                scripts = tools.sections(self.dovecot.settings(config, protocol, 'sieve_script'), 'sieve_script')
                first = [
                    tools.unquoted(dict(entries).get('path', ''))
                    for dummy, entries in scripts
                    if dict(entries).get('precedence') == '0'
                ]
            if first != [self._paths['sieve']]:
                raise ChangeError(
                    'Sieve script {} does not come first in protocol {} of {}, but {}'.format(
                        self._paths['sieve'],
                        protocol,
                        self.dovecot.config,
                        ', '.join(str(path) for path in first) or 'nothing',
                    )
                )


def _numbered(number: int) -> str:
    return BEFORE + (str(number) if number > 1 else '')


def _write(path: str, data: bytes) -> None:
    with open(path, 'wb') as stream:
        stream.write(data)
