# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation of a planned configuration by Postfix itself, in a copy beside the real one."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Container, Iterable, Mapping
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file, set_time
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import INDEXED, PROGRAM
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import (
    PostfixError,
    complaints,
    words,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import port_of

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service

OUTLIVED = re.compile(r'will be removed|deprecated|obsolete')
FACTS = ('daemon_directory', 'queue_directory', 'maillog_file')


class Stage:
    """The planned files in a directory of their own.

    Args:
        instance: Instance of the real configuration.
        path: the staging directory.
    """

    def __init__(self, instance: Instance, path: str) -> None:
        self.instance = instance
        self.path = path
        self.warnings: list[str] = []

    def write(self, main: str, master: str, tables: Mapping[str, bytes]) -> None:
        for name, data in [('main.cf', encode(main)), ('master.cf', encode(master))] + sorted(tables.items()):
            target = os.path.join(self.path, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, 'wb') as stream:
                stream.write(data)
            set_time(target)

    def check_configuration(self, known: Container[str]) -> None:
        """Let postconf(1) read both files, and postmap(1) start with them.

        C(postfix check) adds nothing to the two but a second of scripts; it also wants to create the queue directory.

        Args:
            known: warnings that the present configuration gives already.

        Raises:
            PostfixError: a fatal error, or a warning that was not there before.
        """
        err = self._accepted('postconf', '-c', self.path, '-nx')
        # Which definition overrides which is said differently each time postconf reads the file once more; none of them
        # is ours.
        new = [text for text in self.relative(err) if text not in known and 'overriding earlier entry' not in text]
        refused = [text for text in new if not OUTLIVED.search(text)]
        if refused:
            raise PostfixError('Postfix warns about the new configuration: ' + '; '.join(refused))
        self.warnings += new
        # The first thing each daemon does: numbers and times of the global parameters are read here, not by postconf.
        self._accepted('postmap', '-c', self.path, '-q', 'probe', 'static:ok')

    def facts(self) -> dict[str, str]:
        return self.instance.parameters(self.path, FACTS)[0]

    def check_table(self, path: str, kind: str) -> bytes | None:
        """Build an index, or let Postfix read a plain table; it only warns about lines that it cannot use.

        Returns:
            The index, None for a plain table or a program.
        """
        target = os.path.join(self.path, path)
        if kind == PROGRAM:
            return None
        if kind in INDEXED:
            status, dummy, err = self.instance.run('postmap', '-c', self.path, f'{kind}:{target}')
        else:
            # Exit status 1 without a word means "not found".
            status, dummy, err = self.instance.run('postmap', '-c', self.path, '-q', 'probe', f'{kind}:{target}')
        if err.strip():
            raise PostfixError(f'tables[{path}]: {self._public(words(decode(err)))}')
        return read_file(target + INDEXED[kind]).data if kind in INDEXED else None

    def relative(self, err: str) -> list[str]:
        """Return the warnings without paths and line numbers, so that those of two directories compare."""
        for directory in (self.path, self.instance.config_dir):
            err = err.replace(directory + '/', '')
        return [re.sub(r', line \d+(-\d+)?', '', text) for dummy, text in complaints(err)]

    def _accepted(self, name: str, *arguments: str) -> str:
        status, out, err = self.instance.run(name, *arguments)
        if status:
            raise PostfixError(f'Postfix refuses the new configuration: {self._public(words(decode(err or out)))}')
        return decode(err)

    def _public(self, text: str) -> str:
        return text.replace(self.path, self.instance.config_dir)


def check_services(
    daemon_directory: str, services: Iterable[Service], known: Collection[str], after: Collection[str]
) -> None:
    """Refuse what would only fail when the master process starts it, where some of it is fatal.

    Args:
        services: services that are new or changed.
        known: keys of the services that are in master.cf already, or were when it was there.
        after: keys of all services of the new configuration.
    """
    left = {port_of(key) for key in known if key not in after}
    for service in services:
        command = os.path.join(daemon_directory, service.command[0])
        if not process.runnable(command):
            raise PostfixError(f'services[{service.name}/{service.kind}].command: there is no program {command}')
        # It is the instance itself that still listens, where a service stays or moves to another address of its port.
        if service.kind == 'inet' and service.key not in known and port_of(service.key) not in left:
            reason = process.refused_address(service.name)
            if reason:
                raise PostfixError(f'services[{service.name}/{service.kind}]: cannot listen there: {reason}')
