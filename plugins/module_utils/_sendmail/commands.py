# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail's own commands, and m4 with Sendmail's macros: what they make of a configuration that is not in force."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode

# Not /usr/sbin/sendmail first: on a host with two mail servers that is whichever the alternatives say.
COMMANDS = (
    '/usr/libexec/sendmail/sendmail',
    '/usr/lib/sm.bin/sendmail',
    '/usr/sbin/sendmail.sendmail',
    '/usr/sbin/sendmail',
)
MAKEMAP = ('/usr/sbin/makemap', '/usr/lib/sm.bin/makemap', '/usr/sbin/makemap.sendmail')
LONGEST_SHOWN = 16
# Rules ask DNS, block lists for one: Sendmail would wait for each name for minutes.
HASTE = ('-O', 'Timeout.resolver.retrans=1s', '-O', 'Timeout.resolver.retry=1')
# Seconds that one program may take. Maps (LDAP) know no haste.
LONGEST = 30
M4 = ('/usr/bin/m4', '/usr/local/bin/m4', '/usr/bin/gm4')

# What each answer to /parse begins with.
PARSED = 'Cracked address = '
_ROUTE = re.compile(r'mailer (\S+?)(?:, host (\S*?))?, user (.*)$', re.MULTILINE)
_DESCRIPTION = {
    'version': re.compile(r'^Version (\S+)', re.MULTILINE),
    'host_name': re.compile(r'\$j = (\S+)'),
    'pid_file': re.compile(r'Pid file:\s*(\S+) \(selected\)'),
}


class SendmailError(HostError):
    """Sendmail or m4 said no, in its own words; or there is no Sendmail that can be changed."""


class Unanswered(SendmailError):
    """Sendmail took too long, mostly since a resolver or a map is away."""


class Program:
    """The commands.

    Args:
        run_command: AnsibleModule.run_command or a function like it.
        sendmail: path of the command, None to look for it.
        m4: likewise.
    """

    def __init__(
        self, run_command: Callable[..., tuple[int, Any, Any]], sendmail: str | None = None, m4: str | None = None
    ) -> None:
        self._run_command = run_command
        self.sendmail = _command('sendmail', sendmail, COMMANDS)
        self.m4 = _command('m4', m4, M4)

    def _run(self, words: list[str], **options: Any) -> tuple[int, bytes, bytes]:
        done = process.run(self._run_command, words, LONGEST, **options)
        if done is None:
            raise Unanswered(
                f'{words[0]} gave no answer within {LONGEST} seconds, mostly since DNS or a map that it asks (LDAP) is'
                ' away'
            )
        return done

    def generate(self, mc_path: str, directory: str) -> tuple[str, str]:
        """Return what m4 makes of a sendmail.mc, and what it said.

        Args:
            mc_path: the file.
            directory: that from which relative names in it count.
        """
        status, out, err = self._run([self.m4, mc_path], cwd=directory)
        if status:
            raise SendmailError(f'm4: {_words(err)}')
        return decode(out), decode(err)

    def _test_mode(self, cf_path: str, commands: Iterable[str], *options: str) -> str:
        """Return what the address test mode answers; Sendmail reads the configuration, and does nothing else."""
        status, out, err = self._run(
            [self.sendmail, *HASTE, *options, '-bt', '-C', cf_path], data=''.join(line + '\n' for line in commands)
        )
        text = decode(out) + decode(err)
        if 'ADDRESS TEST MODE' not in text:
            raise SendmailError('sendmail -bt -C {}: {}'.format(cf_path, _words(out + err) or f'exit status {status}'))
        return text

    def describe(self, cf_path: str) -> dict[str, Any]:
        """Return C(version), C(host_name), C(pid_file), C(features) that it was built with and C(ffr), the experimental
        ones among them."""
        text = self._test_mode(cf_path, [], '-d0.13')
        found = {name: pattern.search(text) for name, pattern in _DESCRIPTION.items()}
        if not found['version']:
            raise SendmailError(f'{self.sendmail} does not tell its version')
        described = {name: match.group(1) if match else '' for name, match in found.items()}
        built = re.search(r'Compiled with:(.*?)^ *OS Defines:', text, re.DOTALL | re.MULTILINE)
        return dict(
            described,
            features=sorted(built.group(1).split()) if built else [],
            ffr=sorted(set(re.findall(r'\b_FFR_\w+', text))),
        )

    def complaints(self, cf_path: str) -> list[str]:
        """Return what Sendmail has against a configuration, without the lines' numbers."""
        pattern = re.compile(rf'^(?:> )?{re.escape(cf_path)}: line \d+: (.*)$', re.MULTILINE)
        return pattern.findall(self._test_mode(cf_path, []))

    def routes(self, cf_path: str, addresses: Iterable[str]) -> list[dict[str, str] | None]:
        """Return for each address what a configuration does with it: C(mailer), C(host) and C(user); None where it is
        refused."""
        commands = ['/parse ' + address for address in addresses]
        answers = self._test_mode(cf_path, commands).split(PARSED)[1:] if commands else []
        if len(answers) != len(commands):
            raise SendmailError(f'sendmail -bt -C {cf_path} answers {len(answers)} of {len(commands)} questions')
        found = [_ROUTE.search(answer) for answer in answers]
        return [
            match and {'mailer': match.group(1), 'host': (match.group(2) or '').rstrip('.'), 'user': match.group(3)}
            for match in found
        ]

    def answer(self, cf_path: str, ruleset: str, **macros: str) -> str:
        """Return what a ruleset of a configuration makes of anything, with these macros set; empty where there is no
        such ruleset."""
        return self.answers(cf_path, ruleset, [('anything', macros)])[0]

    def answers(self, cf_path: str, ruleset: str, questions: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
        """Return what a ruleset of a configuration makes of each of some texts, with these macros set; empty texts
        where there is no such ruleset.

        Args:
            ruleset: one, or several with commas, of which the last one's answer counts.
        """
        commands = []
        for text, macros in questions:
            commands += [f'.D{{{name}}}{value}' for name, value in macros.items()] + [f'{ruleset} {text}']
        # No longer name is shown (prescan() and rewrite() in parseaddr.c).
        name = re.escape(ruleset.split(',')[-1][:LONGEST_SHOWN])
        said = self._test_mode(cf_path, commands)
        found = re.findall(rf'^(?:> )*(?:rewrite: ruleset )?{name}\s+returns: (.*)$', said, re.MULTILINE)
        return found if len(found) == len(questions) else [''] * len(questions)

    def canonical(self, cf_path: str, name: str) -> str:
        """Return the name by which Sendmail knows a host that may be an alias (CNAME)."""
        found = re.search(r'getcanonname\(.*?\) returns (\S+)', self._test_mode(cf_path, ['/canon ' + name]))
        return found[1].rstrip('.') if found else name

    def members(self, cf_path: str, name: str) -> list[str]:
        """Return the members of a class."""
        answers = re.split(r'^(?:> )+', self._test_mode(cf_path, ['$=' + name]), flags=re.MULTILINE)
        return answers[1].split() if len(answers) > 1 else []

    def map_entries(self, kind: str, path: str) -> list[tuple[str, str]]:
        """Return what is in a map, made by makemap, as pairs of key and value."""
        status, out, err = self._run([_command('makemap', None, MAKEMAP), '-u', kind, path])
        if status:
            raise SendmailError(f'makemap -u {kind} {path}: {_words(err)}')
        return [tuple(line.split('\t', 1)) for line in decode(out).split('\n') if '\t' in line]

    def macros_after(self, cf_path: str, commands: Iterable[str], names: Sequence[str]) -> dict[str, str | None]:
        """Return the values of macros after commands of the test mode, None for those that have none."""
        text = self._test_mode(cf_path, list(commands) + [f'${{{name}}}' for name in names])
        values = re.findall(r'^> (.*)$', text, re.MULTILINE)[-len(names) - 1 : -1]
        return {name: None if value == 'Undefined' else value for name, value in zip(names, values)}


def _command(name: str, path: str | None, known: Iterable[str]) -> str:
    if path:
        if not os.access(path, os.X_OK):
            raise SendmailError(f'{name}: {path!r} is no executable command')
        return path
    found = next((choice for choice in known if os.access(choice, os.X_OK)), None)
    if not found:
        raise SendmailError(
            'there is no command {} that can be run (none of {}): install its package again'.format(
                name, ', '.join(known)
            )
        )
    return found


def _words(data: bytes) -> str:
    return ' '.join(decode(data).split())[-600:]
