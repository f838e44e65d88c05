# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of sendmail_config, from its options to its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import clear_staging, read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_change import FileChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError, FileRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import cf, mc
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.build import (
    STAGING,
    as_left,
    refuse_edited,
    workshop,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program, SendmailError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.daemon import Daemon
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import OWNER, Paths
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import MAILER

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.build import Workshop


def converge(module: AnsibleModule, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring a Sendmail to the wanted state, or tell in check mode what that takes.

    Returns:
        The module's result and its warnings.
    """
    paths = Paths(params['paths'])
    result = {'changed': False, 'files': [], 'reloaded': False}
    if not module.check_mode:
        clear_staging(paths.config_dir, STAGING)
    record = FileRecord(OWNER)
    if params['state'] == 'absent' and not record.entries and not record.pending:
        refuse_without_record(record, paths)
        record.sweep()
        return result, []
    program = Program(module.run_command, paths.sendmail, paths.m4_command)
    with workshop(program, paths.mc, paths.cf, paths.m4) as shop:
        wish = Wish(program, shop, record, paths, params)
        change = wish.change()
        result.update(changed=change.changed, files=change.paths())
        if change.unrecorded:
            result['unrecorded'] = change.unrecorded
        if module._diff:
            result['diff'] = change.diff()
        if change.changed:
            wish.validate()
        if not module.check_mode:
            daemon = wish.daemon(module.run_command)
            daemon.check()
            change.switch(lambda: None, lambda: _activate(daemon, params['timeout']))
            result['reloaded'] = change.changed and daemon.running
    return result, wish.warnings + change.warnings + change.unrecorded


def refuse_without_record(record: FileRecord, paths: Paths) -> None:
    """Without its record nothing can be undone; that is no reason to call it done.

    Raises:
        SendmailError: Sendmail has our rules.
    """
    found = []
    if mc.holds(read_file(paths.mc).data or b'', paths.m4):
        found.append(f'{paths.mc} includes {paths.m4}')
    if re.search(f'^M{MAILER},', decode(read_file(paths.cf).data or b''), re.MULTILINE):
        found.append(f'{paths.cf} has the mailer {MAILER}')
    if found:
        raise SendmailError(
            'There is no record {} of what was changed here, but something of it is there: {}. Nothing was changed.'
            ' Bring the record back from a backup, or take the line out of {}, build {} anew, restart Sendmail, and run'
            ' this again'.format(record.path, '; '.join(found), paths.mc, paths.cf)
        )


def _activate(daemon: Daemon, timeout: int) -> None:
    try:
        daemon.reload(timeout)
    except HostError as exc:
        raise ChangeError(str(exc)) from exc


class Wish:
    """What is wanted of a host's Sendmail, and what m4 makes of it."""

    def __init__(
        self, program: Program, shop: Workshop, record: FileRecord, paths: Paths, params: Mapping[str, Any]
    ) -> None:
        self._program, self._record, self._params = program, record, params
        self._mc_path, self._cf_path, self._m4_path = paths.mc, paths.cf, paths.m4
        self._content = params['content'] if params['state'] == 'present' else None
        self._cf = read_file(self._cf_path).data
        self._base, self._present = shop.build('base'), shop.present()
        self._wanted = self._base if self._content is None else shop.build('wanted', self._content)
        self.warnings: list[str] = []

    def change(self) -> FileChange:
        """Return the FileChange.

        Raises:
            SendmailError: sendmail.cf has changes that would be lost.
        """
        builds = [self._present, self._base, self._wanted]
        wanted: dict[str, Any] = {}
        if self._content is not None:
            if not self._record.pending and not as_left(self._record, self._mc_path, self._cf_path, self._m4_path):
                refuse_edited(self._cf_path, self._cf, builds)
            wanted[self._m4_path] = encode(self._content)
            wanted[self._mc_path] = lambda data: mc.with_include(data, self._m4_path)
            # Who builds it anew, by make for example, writes other comments into it.
            built = self._cf is not None and cf.equal(decode(self._cf), self._wanted.text)
            wanted[self._cf_path] = self._cf if built else self._wanted.data
        elif not any(cf.equal(decode(self._cf or b''), build.text) for build in builds):
            self.warnings.append(
                f'{self._cf_path} was changed by hand since, and stays as it is, with our rules in it: build it anew'
            )
        return FileChange(
            OWNER,
            wanted,
            {
                self._mc_path: lambda data: mc.without(data, self._m4_path),
                self._cf_path: self._without_us,
            },
        )

    def _without_us(self, data: bytes) -> bytes:
        """Return what a sendmail.cf would be without us."""
        text = decode(data)
        if cf.equal(text, self._base.text):
            return data
        if not any(cf.equal(text, build.text) for build in (self._present, self._wanted)):
            return data
        entry = self._record.entry(self._cf_path)
        original = self._record.original(entry)[0] if entry else None
        return original if original is not None and cf.equal(decode(original), self._base.text) else self._base.data

    def validate(self) -> None:
        """Have m4 and Sendmail judge the new configuration, and ask it for the routes that it has to know.

        Raises:
            SendmailError: it must not be brought in force.
        """
        added = [line for line in self._wanted.said.split('\n') if line.strip() and line not in self._base.said]
        if added:
            raise SendmailError('m4 says of the new configuration: {}'.format(' | '.join(added)))
        known = self._program.complaints(self._base.path)
        added = [line for line in self._program.complaints(self._wanted.path) if line not in known]
        if added:
            raise SendmailError('Sendmail says of the new configuration: {}'.format(' | '.join(added)))
        if self._content is None:
            return
        expected = self._params['routes']
        for wanted, seen in zip(
            expected, self._program.routes(self._wanted.path, [route['recipient'] for route in expected])
        ):
            if not seen or seen['mailer'] != wanted['mailer']:
                raise SendmailError(
                    'Mail to {} would not use the mailer {} with the new configuration, but {}. An entry of'
                    ' mailertable, or a rule in sendmail.mc, leads it there'.format(
                        wanted['recipient'],
                        wanted['mailer'],
                        '{mailer} to {host}'.format(**seen) if seen else 'be refused',
                    )
                )

    def daemon(self, run: Callable[..., tuple[int, Any, Any]]) -> Daemon:
        return Daemon(
            run, self._program.describe(self._base.path)['pid_file'], SendmailCf(self._base.text).queue_directory
        )
