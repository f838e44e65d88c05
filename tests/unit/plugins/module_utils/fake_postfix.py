# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Postfix that answers from files: enough of postconf, postmap, postfix and master to play a whole run."""
from __future__ import annotations

import os
import re
from pathlib import Path

from ansible_collections.conbool.smtp_relay.plugins.module_utils import postfix_instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_files import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils.postfix_master_cf import MasterCf

MAIN = '# customer\nmyhostname = mx.example.com\nmynetworks = 127.0.0.0/8,\n  # the lan\n  10.0.0.0/8\nrelayhost =\nbiff = no'
MASTER = 'smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n#  -o smtpd_x=y\ncleanup unix n - y - 0 cleanup\n'


# The tests let os.unlink() fail for the module; the master process is another process.
UNLINK = os.unlink
SOCKETS_OF = postfix_instance.sockets_of


class Killed(BaseException):
    """The process is gone: nothing that it would have done later happens."""


class FakePostfix:

    def __init__(self, root, monkeypatch):
        self.root = Path(root)
        self.config_dir = self.root / 'etc' / 'postfix'
        self.queue = self.root / 'queue'
        for directory in (self.config_dir, self.queue / 'pid', self.queue / 'private', self.queue / 'public', self.root / 'sbin', self.root / 'daemons'):
            directory.mkdir(parents=True)
        for name in ('sbin/postconf', 'sbin/postmap', 'sbin/postfix', 'sbin/systemctl', 'daemons/smtp', 'daemons/smtpd', 'daemons/cleanup'):
            (self.root / name).touch(mode=0o755)
        (self.queue / 'pid' / 'master.pid').write_text('    4711\n')
        (self.config_dir / 'main.cf').write_text(MAIN)
        (self.config_dir / 'master.cf').write_text(MASTER)
        (self.root / 'maillog').write_text('old: postfix/smtpd[1]: fatal: long ago\n')
        self.running, self.unit, self.calls, self.served, self.loaded, self.observers = True, None, [], set(), None, []
        # What the master process dies of: a function of both texts that returns its last words.
        self.deadly = lambda main, master: None
        # Waiting for the disk is most of a run's time, and no test pulls the plug.
        monkeypatch.setattr(os, 'fsync', lambda handle: None)
        monkeypatch.setattr(postfix_instance, 'SETTLE', 0)
        monkeypatch.setattr(postfix_instance, 'PAUSE', 0.01)
        monkeypatch.setattr(postfix_instance, 'LOG_FILES', (str(self.root / 'maillog'),))
        monkeypatch.setattr(postfix_instance, 'alive', lambda pid: pid == 4711 and self.running)
        monkeypatch.setattr(postfix_instance, 'systemd_unit', lambda pid: self.unit)
        self._load()

    # -- what the module calls

    def find_binary(self, name):
        path = self.root / 'sbin' / name
        return str(path) if path.exists() else None

    def run_command(self, argv, **dummy):
        self.calls.append([os.path.basename(argv[0])] + argv[1:])
        status, out, err = getattr(self, '_' + os.path.basename(argv[0]))(argv[1:])
        return status, encode(out), encode(err)

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
        assert argv[0] == '-c'
        main, master = self._texts(argv[1])
        for line in MainCf(main).logical_lines():
            if '=' not in line.words():
                return 1, '', 'postconf: fatal: %s/main.cf, line %d: missing \'=\' after attribute name: "%s"\n' % (argv[1], line.first + 1, line.words())
        if len(MasterCf(master).entries()) != len(MasterCf(master).logical_lines()):
            return 1, '', 'postconf: fatal: file %s/master.cf: line 9: bad field count\n' % argv[1]
        unused = ['main.cf: unused parameter: %s=%s' % pair for pair in MainCf(main).values().items() if pair[0].startswith('unknown')]
        for service in MasterCf(master).services().values():
            unused += ['master.cf: unused parameter: %s=%s' % pair for pair in service.options.items() if pair[0].startswith('unknown')]
        err = ''.join('postconf: warning: %s/%s\n' % (argv[1], text) for text in unused)
        if argv[2] == '-x':
            values = {'daemon_directory': self.root / 'daemons', 'queue_directory': self.queue, 'maillog_file': ''}
            return 0, ''.join('%s = %s\n' % (name, values[name]) for name in argv[3:]), err
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
            return 0 if argv[2] != '-q' else 1, '', 'postmap: warning: %s map %s, line 1: what is BAD?\n' % (kind, path)
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
        return self._start()

    def _systemctl(self, argv):
        assert argv == ['restart', self.unit]
        return self._start()

    def _start(self):
        assert not self.running
        self.running = True
        self._load()
        return 0 if self.running else 1, '', ''

    def _load(self):
        main, master = self.loaded = self._texts(self.config_dir)
        words = self.deadly(main, master)
        if words:
            self.running = False
            with (self.root / 'maillog').open('a') as stream:
                stream.write('now: postfix/master[4711]: fatal: %s\n' % words)
            return
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
        return {str(path.relative_to(top)): (path.read_bytes() if path.is_file() else None, path.stat().st_mode) for path in sorted(top.rglob('*'))}

    def dangling(self):
        """Return what the configuration on disk, or the one that is loaded, refers to in vain."""
        main, master = self._texts(self.config_dir) if (self.config_dir / 'main.cf').exists() else ('', '')
        served = {os.path.basename(path) for path in self.served}
        found = ['main.cf: no service %s' % name for name in re.findall(r'transport = (\S+?):', main) if self.running and name not in served]
        for text in (main, master, self.loaded[0], self.loaded[1]):
            for kind, path in re.findall(r'\b(hash|regexp|texthash):(/\S+)', text):
                if not os.path.exists(path) or (kind == 'hash' and not os.path.exists(path + '.db')):
                    found.append('no table %s:%s' % (kind, path))
        for name in re.findall(r'cleanup_service_name=(\S+)', self.loaded[1]):
            if self.running and name not in served:
                found.append('master.cf: no service %s' % name)
        for table in self.config_dir.rglob('routes'):
            found += ['routes: no service %s' % name for name in re.findall(r' (\S+?):', table.read_text()) if self.running and name not in served]
        return found
