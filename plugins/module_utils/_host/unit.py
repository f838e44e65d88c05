# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd service of our own: its file, and whether it runs now and after a reboot."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import disk
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode

FOLDER = '/etc/systemd/system'
SHOWN = ('LoadState', 'ActiveState', 'UnitFileState', 'NeedDaemonReload')


# What is run, whether it is, as whom, and with what of the host. Resources, time limits and the order of units are the
# administrator's own affair.
DECISIVE = re.compile(
    'Exec(Start|Reload|Stop|Condition)$|Condition|Assert|Conflicts$|RefuseManualStart$|Type$|RemainAfterExit$|PIDFile$'
    '|User$|Group$|DynamicUser$|Root|Private(Network|Users)$|(Network|IPC)NamespacePath$|Restrict(AddressF|NetworkI)'
    '|IPAddressDeny$|SocketBindDeny$|CapabilityBoundingSet$|(Inaccessible|ReadOnly|Bind|BindReadOnly|Exec|NoExec)Paths$'
    '|TemporaryFileSystem$'
)
# Of these an empty value takes away what a unit of ours has; to lists of commands and paths one may add.
EMPTIED = re.compile(
    'Exec(Start|StartPre|StartPost|Reload|Stop|StopPost)$|PIDFile$|RestrictAddressFamilies$|CapabilityBoundingSet$'
    '|ReadWritePaths$'
)
# Of these "no" is what a unit of ours has anyway. LXC and Incus say so of all services.
SWITCHES = re.compile('RefuseManualStart$|DynamicUser$|Private(Network|Users)$|RootEphemeral$|RootDirectoryStartOnly$')
OFF = ('0', 'f', 'false', 'n', 'no', 'off')


class Shadow(NamedTuple):
    """A file that systemd reads in place of a unit's own one, or on top of it: what it sets, and whether the unit may
    do something else, or nothing, because of it."""

    path: str
    settings: list[str]
    decisive: bool


class UnitError(HostError):
    """systemctl failed; the text is its own, with the end of the unit's journal."""


class Unit:
    """One service unit.

    Args:
        run: takes an argument list; returns exit status, stdout and stderr.
        name: name of the unit, with C(.service).
    """

    def __init__(self, run: Callable[[list[str]], tuple[int, str, str]], name: str) -> None:
        self._run = run
        self._name = name

    def state(self) -> dict[str, str]:
        """Return what systemd knows of the unit, also when there is none."""
        return self.show(*SHOWN)

    def show(self, *names: str) -> dict[str, str]:
        """Return properties of the unit; of those that are shown several times, all values together."""
        out, found = self._systemctl('show', '--property=' + ','.join(names), self._name), {}
        for name, dummy, value in (line.partition('=') for line in out.splitlines() if '=' in line):
            found[name] = ' '.join(filter(None, [found.get(name), value]))
        return found

    def shadows(self) -> list[Shadow]:
        """Return the files that systemd reads in place of the unit's own file, or on top of it."""
        shown, own = self.show('FragmentPath', 'DropInPaths'), os.path.join(FOLDER, self._name)
        found = [Shadow(path, [], True) for path in [shown.get('FragmentPath', '')] if path not in ('', own)]
        for path in shown.get('DropInPaths', '').split():
            shadow = _shadow(path)
            # Those for all services, of the distribution or the site, are not about this one, as a rule.
            general = os.path.basename(os.path.dirname(path)) == 'service.d'
            if not general or (shadow.settings and shadow.decisive):
                found.append(shadow)
        return found

    def needed(self, differs: bool, outdated: bool = False) -> list[list[str]]:
        """Return the systemctl commands that make the unit run now and after a reboot.

        Args:
            differs: the unit's file is, or would be, written anew.
            outdated: a running service has to be restarted, whether its file differs or not.
        """
        state, commands = self.state(), []
        active = state.get('ActiveState') in ('active', 'reloading')
        # A run that was killed after writing the file left the reload to us.
        if differs or state.get('NeedDaemonReload') == 'yes':
            commands.append(['daemon-reload'])
        if state.get('UnitFileState') != 'enabled':
            commands.append(['enable', self._name])
        # What systemd tries again and again began with what was there before, and "start" would only wait for that.
        trying = state.get('ActiveState') == 'activating'
        if not active and not trying:
            commands.append(['start', self._name])
        elif differs or outdated or trying:
            commands.append(['restart', self._name])
        return commands

    def needed_to_leave(self, differs: bool) -> list[list[str]]:
        """Return the systemctl commands that end the service; daemon-reload is for after the removal of the unit's
        file.

        Args:
            differs: there is a file to be removed.
        """
        state, commands = self.state(), []
        if state.get('ActiveState') not in ('inactive', None):
            commands.append(['stop', self._name])
        if state.get('UnitFileState') == 'enabled':
            commands.append(['disable', self._name])
        if differs or state.get('NeedDaemonReload') == 'yes':
            commands.append(['daemon-reload'])
        return commands

    def carry_out(self, commands: list[list[str]]) -> None:
        """Give the commands, in order."""
        for command in commands:
            self._systemctl(*command)

    def _systemctl(self, *words: str) -> str:
        status, out, err = self._run(['systemctl'] + list(words))
        if status != 0:
            journal = self._run(['journalctl', '--no-pager', '--lines=20', '--output=cat', '--unit=' + self._name])[1]
            raise UnitError('systemctl {}: {}\n{}'.format(' '.join(words), err.strip(), journal.strip()))
        return out


def _shadow(path: str) -> Shadow:
    """Return what a drop-in does."""
    data = disk.read_file(path).data
    if data is None:
        # What systemd has read is not to be seen any more.
        return Shadow(path, [], True)
    lines = [line.strip().partition('=') for line in decode(data).replace('\\\n', ' ').splitlines()]
    settings = [
        (name.strip(), value.strip()) for name, sign, value in lines if sign and not name.startswith(('#', ';'))
    ]
    decisive = any(_decides(name, value) for name, value in settings)
    return Shadow(path, list(dict.fromkeys(name for name, dummy in settings)), decisive)


def _decides(name: str, value: str) -> bool:
    """Whether a setting of a drop-in may have a unit of ours do something else, or nothing."""
    if not value:
        return bool(EMPTIED.match(name))
    return bool(DECISIVE.match(name)) and not (SWITCHES.match(name) and value.lower() in OFF)


class UnitChange:
    """What brings a unit's file and its service to the wanted state.

    Args:
        run: as for Unit.
        name: as for Unit.
        content: text of the unit's file; None means that there is no such unit.
        outdated: as for Unit.needed().
    """

    def __init__(
        self, run: Callable[[list[str]], tuple[int, str, str]], name: str, content: str | None, outdated: bool = False
    ) -> None:
        self.name = name
        self.path = os.path.join(FOLDER, name)
        self._run, self._unit = run, Unit(run, name)
        self._before, self._after = disk.read_file(self.path).data, None if content is None else encode(content)
        self._differs = self._before != self._after
        self.commands = (
            self._unit.needed_to_leave(self._differs) if content is None else self._unit.needed(self._differs, outdated)
        )

    @property
    def changed(self) -> bool:
        return self._differs or bool(self.commands)

    @property
    def restarts(self) -> bool:
        return ['restart', self.name] in self.commands

    @property
    def starts(self) -> bool:
        return self.restarts or ['start', self.name] in self.commands

    def paths(self) -> list[str]:
        """Return the path of the unit's file if that is to be written or removed."""
        return [self.path] if self._differs else []

    def words(self) -> list[str]:
        return [' '.join(command) for command in self.commands]

    def diff(self) -> list[dict[str, str]]:
        """Return the unit's file and the systemctl commands, as Ansible shows what changes."""
        found = []
        if self._differs:
            found.append(difference(self.path, self._before, self._after))
        if self.commands:
            found.append(difference('systemctl', '', ''.join(line + '\n' for line in self.words())))
        return found

    def arrive(self) -> None:
        """Bring the unit's file in place and have the service run."""
        # Whoever notes what was there before may have written it already. A second time is a second moment in which a
        # run that is killed leaves something behind.
        if disk.read_file(self.path).data != self._after:
            disk.clear_temporary([self.path])
            # Not older than it is: systemd goes by the time when it looks whether it has read a unit.
            disk.replace_file(self.path, self._after, 0o644, time.time_ns())
        try:
            self._unit.carry_out(self.commands)
        except UnitError:
            if self._differs and self.restarts:
                self._fall_back()
            raise

    def _fall_back(self) -> None:
        """Have the service run by the file that it ran by; it may be that this host cannot do what the new one asks
        for."""
        disk.replace_file(self.path, self._before, 0o644, time.time_ns())
        with contextlib.suppress(UnitError):
            self._unit.carry_out([['daemon-reload'], ['restart', self.name]])

    def stop(self) -> None:
        self._only('stop')

    def start_again(self) -> None:
        """Start what stop() has stopped."""
        if ['stop', self.name] in self.commands:
            self._unit.carry_out([['start', self.name]])

    def leave(self) -> None:
        """Remove the unit of a service that is stopped."""
        self._only('disable')
        if self._differs:
            disk.clear_temporary([self.path])
            disk.Write(self.path, None).do()
        self._only('daemon-reload')

    def back(self) -> None:
        """Have the unit be as it was before arrive() or leave(), however far these got: there and at work, or gone."""
        former = UnitChange(self._run, self.name, None if self._before is None else decode(self._before))
        if self._before is None:
            former.stop()
            former.leave()
        elif former.changed:
            former.arrive()

    def _only(self, verb: str) -> None:
        self._unit.carry_out([command for command in self.commands if command[0] == verb])
