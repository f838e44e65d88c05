# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd service of our own: its file, and whether it runs now and after a reboot."""

from __future__ import annotations

SHOWN = ('LoadState', 'ActiveState', 'UnitFileState', 'NeedDaemonReload')


class UnitError(Exception):
    """systemctl failed; the text is its own, with the end of the unit's journal."""


class Unit:
    """One service unit.

    Args:
        run: function that takes an argument list and returns (exit status, stdout, stderr).
        name: name of the unit, with C(.service).
    """

    def __init__(self, run, name):
        self._run = run
        self._name = name

    def state(self):
        """Return what systemd knows of the unit, also when there is none."""
        out = self._systemctl('show', '--property=' + ','.join(SHOWN), self._name)
        return dict(line.partition('=')[::2] for line in out.splitlines() if '=' in line)

    def needed(self, differs):
        """Return the systemctl commands that make the unit run now and after a reboot.

        Args:
            differs: the unit's file is, or would be, written anew.
        """
        state, commands = self.state(), []
        active = state.get('ActiveState') in ('active', 'reloading')
        # A run that was killed after writing the file left the reload to us.
        if differs or state.get('NeedDaemonReload') == 'yes':
            commands.append(['daemon-reload'])
        if state.get('UnitFileState') != 'enabled':
            commands.append(['enable', self._name])
        if not active:
            commands.append(['start', self._name])
        elif differs:
            commands.append(['restart', self._name])
        return commands

    def needed_to_leave(self):
        """Return the systemctl commands to be given before the unit's file is removed."""
        state, commands = self.state(), []
        if state.get('ActiveState') not in ('inactive', None):
            commands.append(['stop', self._name])
        if state.get('UnitFileState') == 'enabled':
            commands.append(['disable', self._name])
        return commands

    def carry_out(self, commands):
        """Give the commands, in order."""
        for command in commands:
            self._systemctl(*command)

    def forget(self):
        """Make systemd forget a unit whose file is gone."""
        self._systemctl('daemon-reload')

    def _systemctl(self, *words):
        status, out, err = self._run(['systemctl'] + list(words))
        if status != 0:
            journal = self._run(['journalctl', '--no-pager', '--lines=20', '--output=cat', '--unit=' + self._name])[1]
            raise UnitError('systemctl %s: %s\n%s' % (' '.join(words), err.strip(), journal.strip()))
        return out
