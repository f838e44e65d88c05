# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sendmail.cf says (Sendmail Installation and Operations Guide, chapter 5)."""

from __future__ import annotations

import os
import re
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

# Where the queue is when QueueDirectory is not set.
QUEUE = '/var/spool/mqueue'
# A ruleset's name ends where its number begins, as in Sparse=0.
_RULESET = re.compile(r'S\s*(\w+)')
_HEADER_CHECK = re.compile(r'H\s*([^\s:?]+)\s*:\s*\$>(\+?)\s*(\w+)')
_OPTION = re.compile(r'O\s+([\w.]+)\s*=\s*(.*)')
_MAILER = re.compile(r'M([^\s,]+)\s*,(.*)', re.DOTALL)
_MAP = re.compile(r'K\s*(\S+)\s+(\S+)(?:\s+-\S+)*\s+(/\S+)\s*$')
_FIELD = re.compile(r'\s*([A-Za-z/]+)\s*=\s*([^,]*)')


def lines(text: str) -> list[str]:
    """Return the lines that count, each with its continuation lines: neither comments, which say when and where it was
    built, nor blanks."""
    found: list[str] = []
    for line in text.split('\n'):
        if line[:1] in (' ', '\t') and line.strip() and found:
            found[-1] += '\n' + line.rstrip()
        elif line.strip() and not line.startswith('#'):
            found.append(line.rstrip())
    return found


def queue_base(directory: str) -> str:
    """Return the directory below which all queues are that a QueueDirectory names, those of queue groups too
    (setup_queues() in queue.c)."""
    return os.path.dirname(directory) if directory.endswith('*') else directory.rstrip('/')


def _ruleset(line: str) -> str:
    """Return the name in a line that begins a ruleset.

    Raises:
        HostError: there is none. Sendmail does not start with such a file.
    """
    found = _RULESET.match(line)
    if not found:
        raise HostError(f'sendmail.cf has the line {line!r}, which begins a ruleset without a name: put it right first')
    return found[1]


def equal(one: str, other: str) -> bool:
    """Return whether two texts of a sendmail.cf say the same."""
    return lines(one) == lines(other)


def differences(one: str, other: str) -> tuple[list[str], list[str]]:
    """Return the lines that only one of two texts has: (lines of the first, lines of the second)."""
    first, second = lines(one), lines(other)
    return [line for line in first if line not in second], [line for line in second if line not in first]


class SendmailCf:
    """The parts of a sendmail.cf that matter here."""

    def __init__(self, text: str) -> None:
        # Options by name; their names are compared without case.
        self.options: dict[str, str] = {}
        # Header name in lower case, or *, to the ruleset that judges it, and whether comments are kept for that ($>+).
        self.header_checks: dict[str, dict[str, Any]] = {}
        # Ruleset to the number of its rules.
        self.rulesets: dict[str, int] = {}
        # Mailer to its fields (A: argument vector, P: path, ...).
        self.mailers: dict[str, dict[str, str]] = {}
        # What ClientPortOptions say, of which there may be one for each family.
        self.client_ports: list[str] = []
        # What DaemonPortOptions say, of which there is one for each listener.
        self.daemon_ports: list[str] = []
        # What DS says: where mail for other hosts goes; empty for their own MX.
        self.smart_host = ''
        # Name of a map to its kind and its file, for those that are made from a file.
        self.maps: dict[str, tuple[str, str]] = {}
        ruleset = None
        for line in lines(text):
            kind = line[0]
            if kind == 'S':
                ruleset = _ruleset(line)
                self.rulesets.setdefault(ruleset, 0)
            elif kind == 'R' and ruleset:
                self.rulesets[ruleset] += 1
            elif kind == 'O' and _OPTION.match(line):
                name, value = _OPTION.match(line).groups()
                self.options[name.lower()] = value.strip()
                ports = {'clientportoptions': self.client_ports, 'daemonportoptions': self.daemon_ports}
                if name.lower() in ports:
                    ports[name.lower()].append(value.strip())
            elif kind == 'H' and _HEADER_CHECK.match(line):
                name, plus, check = _HEADER_CHECK.match(line).groups()
                self.header_checks[name.lower()] = {'ruleset': check, 'keeps_comments': plus == '+'}
            elif kind == 'M' and _MAILER.match(line):
                name, fields = _MAILER.match(line).groups()
                self.mailers[name] = {key[0].upper(): value.strip() for key, value in _FIELD.findall(fields)}
            elif kind == 'K' and _MAP.match(line):
                name, sort, path = _MAP.match(line).groups()
                self.maps[name] = (sort, path)
            elif line.startswith('DS'):
                self.smart_host = line[2:].strip()

    @property
    def queue_directory(self) -> str:
        """The directory below which all queues are."""
        return queue_base(self.options.get('queuedirectory') or QUEUE)
