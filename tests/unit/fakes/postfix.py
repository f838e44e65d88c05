# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Postfix that answers from files: enough of postconf, postmap, postfix and master to play a whole run."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import process, unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import sessions
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf

MAIN = (
    '# customer\nmyhostname = mx.example.com\nmynetworks = 127.0.0.0/8,\n  # the lan\n  10.0.0.0/8\nrelayhost =\nbiff'
    ' = no'
)
MASTER = (
    'smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n#  -o'
    ' smtpd_x=y\ncleanup unix n - y - 0 cleanup\n'
)


# The tests let these fail for the module; the master process is another process.
UNLINK, MKDIR = os.unlink, os.mkdir
SOCKETS_OF = instance.sockets_of


class Systemd:
    """One service unit, that of the instance."""

    def __init__(self, folder):
        folder.mkdir()
        self.path = folder / 'hop.service'
        # What the unit's file said when systemd read it last, and when the service was started.
        self.read, self.started, self.enabled = None, None, False

    def text(self):
        return self.path.read_text() if self.path.exists() else None

    def call(self, postfix, argv):
        for observer in postfix.observers:
            observer('before systemctl')
        result = getattr(self, '_' + argv[0].replace('-', '_'))(postfix)
        for observer in postfix.observers:
            observer('after systemctl')
        return result

    def _show(self, postfix):
        return (
            0,
            'LoadState=loaded\nActiveState={}\nUnitFileState={}\nNeedDaemonReload={}\n'.format(
                'active' if postfix.running and self.started else 'inactive',
                'enabled' if self.enabled else '',
                'no' if self.read in (None, self.text()) else 'yes',
            ),
            '',
        )

    def _daemon_reload(self, dummy):
        self.read = self.text()
        return 0, '', ''

    def _enable(self, dummy):
        self.enabled = True
        return 0, '', ''

    def _disable(self, dummy):
        self.enabled = False
        return 0, '', ''

    def _start(self, postfix):
        self.read = self.started = self.read or self.text()
        return postfix.start()

    def _stop(self, postfix):
        postfix.running, self.started = False, None
        return 0, '', ''

    def _restart(self, postfix):
        self._stop(postfix)
        return self._start(postfix)


class FakePostfix:

    def __init__(self, root, monkeypatch):
        self.root = Path(root)
        self.config_dir = self.root / 'etc' / 'postfix'
        self.queue = self.root / 'queue'
        for directory in (self.config_dir, self.queue, self.root / 'sbin', self.root / 'daemons'):
            directory.mkdir(parents=True)
        for name in (
            'sbin/postconf',
            'sbin/postmap',
            'sbin/postfix',
            'sbin/systemctl',
            'daemons/smtp',
            'daemons/smtpd',
            'daemons/cleanup',
        ):
            (self.root / name).touch(mode=0o755)
        (self.config_dir / 'main.cf').write_text(MAIN)
        (self.config_dir / 'master.cf').write_text(MASTER)
        (self.root / 'maillog').write_text('old: postfix/smtpd[1]: fatal: long ago\n')
        self.systemd = Systemd(self.root / 'units')
        monkeypatch.setattr(unit, 'FOLDER', str(self.root / 'units'))
        self.upgraded = False
        self.running, self.unit, self.calls, self.served, self.loaded, self.observers = True, None, [], set(), None, []
        # What the master process dies of: a function of both texts that returns its last words.
        self.deadly = lambda main, master: None
        # Waiting for the disk is most of a run's time, and no test pulls the plug.
        monkeypatch.setattr(os, 'fsync', lambda handle: None)
        monkeypatch.setattr(instance, 'SETTLE', 0)
        monkeypatch.setattr(process, 'PAUSE', 0.01)
        monkeypatch.setattr(instance, 'LOG_FILES', (str(self.root / 'maillog'),))
        monkeypatch.setattr(process, 'alive', lambda pid: pid == 4711 and self.running)
        monkeypatch.setattr(process, 'replaced', lambda pid: pid == 4711 and self.upgraded)
        monkeypatch.setattr(process, 'systemd_unit', lambda pid: self.unit)
        # Each reload is over at once, and no session lasts.
        manager = process.Process(4712, 'qmgr', 4711, 2**60)
        monkeypatch.setattr(sessions, 'processes', lambda parent: [manager])
        self._load()

    # -- what the module calls

    def find_binary(self, name):
        path = self.root / 'sbin' / name
        return str(path) if path.exists() else None

    def run_command(self, argv, encoding='utf-8', **dummy):
        if argv[0] == process.TIMEOUT:
            argv = argv[4:]
        self.calls.append([os.path.basename(argv[0])] + argv[1:])
        status, out, err = getattr(self, '_' + os.path.basename(argv[0]))(argv[1:])
        return (status, out, err) if encoding else (status, encode(out), encode(err))

    def spawned(self):
        """Return the names of the commands run since the last call."""
        names, self.calls = [call[0] + (' ' + call[-1] if call[0] == 'postfix' else '') for call in self.calls], []
        return names

    # -- the commands

    def _texts(self, directory):
        return tuple(decode((Path(directory) / name).read_bytes()) for name in ('main.cf', 'master.cf'))

    def _postconf(self, argv):
        if argv[-1] == 'default_database_type':
            return 0, 'hash\n', ''
        if argv == ['-d', '-h', 'mail_owner']:
            return 0, 'nobody\n', ''
        assert argv[0] == '-c'
        if argv[2:-1] == ['-d', '-h']:
            return (
                (0, '\n', '')
                if argv[-1].startswith(('smtpd_', 'sender_', 'tls_'))
                else (0, '', f'postconf: warning: {argv[-1]}: unknown parameter\n')
            )
        main, master = self._texts(argv[1])
        for line in MainCf(main).logical_lines():
            if '=' not in line.words():
                return (
                    1,
                    '',
                    (
                        f'postconf: fatal: {argv[1]}/main.cf, line {line.first + 1}: missing \'=\' after attribute'
                        f' name: "{line.words()}"\n'
                    ),
                )
        if len(MasterCf(master).entries()) != len(MasterCf(master).logical_lines()):
            return 1, '', f'postconf: fatal: file {argv[1]}/master.cf: line 9: bad field count\n'
        unused = [
            'main.cf: unused parameter: {}={}'.format(*pair)
            for pair in MainCf(main).values().items()
            if pair[0].startswith('unknown')
        ]
        for service in MasterCf(master).services().values():
            unused += [
                'master.cf: unused parameter: {}={}'.format(*pair)
                for pair in service.options.items()
                if pair[0].startswith('unknown')
            ]
        err = ''.join(f'postconf: warning: {argv[1]}/{text}\n' for text in unused)
        if argv[2] == '-x':
            values = {'daemon_directory': self.root / 'daemons', 'queue_directory': self.queue, 'maillog_file': ''}
            return 0, ''.join(f'{name} = {values[name]}\n' for name in argv[3:]), err
        assert argv[2] == '-nx'
        return 0, 'everything = fine\n', err

    def _postmap(self, argv):
        main, dummy = self._texts(argv[1])
        if MainCf(main).get('message_size_limit') == 'abc':
            return 1, '', 'postmap: fatal: bad numerical configuration: message_size_limit = abc\n'
        kind, dummy, path = argv[-1].partition(':')
        if kind == 'static':
            return 0, 'ok\n', ''
        content = Path(path).read_text()
        if 'BAD' in content:
            return 0 if argv[2] != '-q' else 1, '', f'postmap: warning: {kind} map {path}, line 1: what is BAD?\n'
        if argv[2] != '-q':
            Path(path + '.db').write_text('index of ' + content)
            return 0, '', ''
        return 1, '', ''

    def _postfix(self, argv):
        assert argv[:2] == ['-c', str(self.config_dir)]
        if argv[2] == 'status':
            return 0 if self.running else 1, '', ''
        if argv[2] == 'reload':
            if not self.running:
                return 1, '', ''
            for observer in self.observers:
                observer('before reload')
            self._load()
            for observer in self.observers:
                observer('after reload')
            return 0, '', ''
        assert argv[2] == 'start'
        return self.start()

    def _systemctl(self, argv):
        if argv == ['restart', self.unit]:
            return self.start()
        return self.systemd.call(self, argv)

    def _journalctl(self, dummy):
        return 0, 'the unit said this\n', ''

    def start(self):
        assert not self.running
        self.running = True
        self._load()
        return 0 if self.running else 1, '', 'Job failed.'

    def _load(self):
        main, master = self.loaded = self._texts(self.config_dir)
        words = self.deadly(main, master)
        if words:
            self.running = False
            with (self.root / 'maillog').open('a') as stream:
                stream.write(f'now: postfix/master[4711]: fatal: {words}\n')
            return
        for name in ('private', 'public', 'pid'):
            if not (self.queue / name).exists():
                MKDIR(self.queue / name)
        (self.queue / 'pid' / 'master.pid').write_text('    4711\n')
        sockets = set(SOCKETS_OF(str(self.queue), MasterCf(master).services().values()))
        # Like the real one: new services get a new socket, old sockets are left lying about.
        for path in sockets - self.served:
            if os.path.exists(path):
                UNLINK(path)
            Path(path).touch()
        self.served = sockets

    # -- what the tests look at

    def tree(self):
        """Return every file below the directory of the configuration, with its mode."""
        top = self.root / 'etc'
        return {
            str(path.relative_to(top)): (path.read_bytes() if path.is_file() else None, path.stat().st_mode)
            for path in sorted(top.rglob('*'))
        }

    def dangling(self):
        """Return what the configuration on disk, or the one that is loaded, refers to in vain."""
        main, master = self._texts(self.config_dir) if (self.config_dir / 'main.cf').exists() else ('', '')
        served = {os.path.basename(path) for path in self.served}
        found = [
            f'main.cf: no service {name}'
            for name in re.findall(r'transport = (\S+?):', main)
            if self.running and name not in served
        ]
        for text in (main, master, self.loaded[0], self.loaded[1]):
            for kind, path in re.findall(r'\b(hash|regexp|texthash):(/\S+)', text):
                if not os.path.exists(path) or (kind == 'hash' and not os.path.exists(path + '.db')):
                    found.append(f'no table {kind}:{path}')
        for name in re.findall(r'cleanup_service_name=(\S+)', self.loaded[1]):
            if self.running and name not in served:
                found.append(f'master.cf: no service {name}')
        for table in self.config_dir.rglob('routes'):
            found += [
                f'routes: no service {name}'
                for name in re.findall(r' (\S+?):', table.read_text())
                if self.running and name not in served
            ]
        return found
