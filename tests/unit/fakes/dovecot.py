# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose Dovecot is pretended: doveconf reads the files that are there, sievec copies, a reload remembers what it
saw."""

from __future__ import annotations

import os
import re

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import dovecot
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.dovecot import Dovecot, parse

MAIN = '''# comment
!include conf.d/*.conf
!include_try local.conf
'''
NAMESPACE = '''namespace inbox {
  inbox = yes
  prefix =%s
  mailbox Drafts {
    special_use = \\Drafts
  }
%s}
'''
JUNK = '''  mailbox "Bulk Mail" {
    special_use = %s
  }
'''


class Killed(BaseException):
    """SIGKILL: nothing of the module runs any more."""


class Host:
    """With C(hook), a function that gets the command line before it is carried out, and may raise or return a
    failure."""

    check_mode = False
    _diff = True

    def __init__(self, folder, monkeypatch, version):
        self.folder, self.version, self.hook, self.loaded, self.runs, self.log = folder, version, None, None, True, []
        self.commands = {'doveconf', 'dovecot', 'doveadm', 'sievec'}
        self.directory = folder / 'etc/dovecot'
        (self.directory / 'conf.d').mkdir(parents=True)
        (folder / 'run').mkdir()
        (self.directory / 'dovecot.conf').write_text(MAIN)
        (self.directory / 'local.conf').write_text(
            f'service lmtp {{\n  unix_listener {self.socket} {{\n  }}\n  inet_listener x {{\n    port = 2003\n '
            ' }\n}\n'
        )
        self.write('10-mail', NAMESPACE % ('', ''))
        self.plugins()
        monkeypatch.setattr(file_record, 'BASE', str(folder / 'var/files'))
        monkeypatch.setattr(Dovecot, 'running', lambda this: self.runs)
        monkeypatch.setattr(Dovecot, '_greeted', lambda this, path: None)
        monkeypatch.setattr(dovecot.tempfile, 'tempdir', str(folder / 'run'))

    @property
    def socket(self):
        return '/var/spool/postfix/private/dovecot-lmtp'

    def write(self, name, text):
        (self.directory / 'conf.d' / (name + '.conf')).write_text(text)

    def plugins(self, lmtp=True, lda=False):
        old = self.version.startswith('2.3')
        yes = (
            '  mail_plugins = " quota sieve"\n' if old else '  mail_plugins {\n    quota = yes\n    sieve = yes\n  }\n'
        )
        self.write(
            '20-plugins',
            ''.join(f'protocol {name} {{\n{yes}}}\n' for name, there in (('lmtp', lmtp), ('lda', lda)) if there),
        )

    def files(self):
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.folder.rglob('*'))
        }

    def get_bin_path(self, name, opt_dirs):
        return '/usr/bin/' + name if name in self.commands else None

    def run_command(self, argv, environ_update):
        words = [os.path.basename(argv[0])] + argv[1:]
        self.log.append(' '.join(words))
        failure = self.hook(words) if self.hook else None
        if failure:
            return failure
        out = getattr(self, '_' + words[0])(words[1:])
        return out if isinstance(out, tuple) else (0, out, '')

    def _dovecot(self, words):
        return self.version + ' (abc)\n'

    def _doveadm(self, words):
        self.loaded = self._read(str(self.directory / 'dovecot.conf'))
        return ''

    def _sievec(self, words):
        with open(words[2], 'rb') as stream:
            script = stream.read()
        target = words[3] if len(words) > 3 else words[2][: -len('sieve')] + 'svbin'
        with open(target, 'wb') as stream:
            stream.write(b'\0' + self.version.encode() + script)
        os.chmod(target, 0o644)
        return ''

    def _doveconf(self, words):
        entries = [('base_dir', '/run/dovecot')] + parse(self._read(words[1]))
        protocol = words[3].split('=')[1] if words[2] == '-f' else None
        for name, value in list(entries):
            if protocol and name == 'protocol ' + protocol:
                entries += value
        asked = words[4:] if protocol else words[2:]
        merged = {}
        for name, value in entries:
            if name.partition(' ')[0] in asked:
                merged[name] = _over(merged.get(name, []), value) if isinstance(value, list) else value
        return _text(merged.items())

    def _read(self, path):
        if not os.path.exists(path):
            return ''
        with open(path, encoding='utf-8') as stream:
            text = stream.read()
        for include in re.findall('^(!include.*)\n', text, re.MULTILINE):
            pattern = os.path.join(os.path.dirname(path), include.split()[1])
            folder = os.path.dirname(pattern)
            paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))] if '*' in pattern else [pattern]
            text = text.replace(include + '\n', ''.join(self._read(found) for found in paths))
        return text


def _over(first, second):
    """Later values win; a section is merged with one of the same name."""
    merged = dict(first)
    for name, value in second:
        merged[name] = _over(merged.get(name, []), value) if isinstance(value, list) else value
    return list(merged.items())


def _text(entries, depth=0):
    text = ''
    for name, value in entries:
        text += '  ' * depth + (
            '{} {{\n{}{}}}\n'.format(name, _text(value, depth + 1), '  ' * depth)
            if isinstance(value, list)
            else f'{name} = {value}\n'
        )
    return text
