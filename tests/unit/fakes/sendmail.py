# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's Sendmail: an m4 that copies text and follows include(), and a sendmail that says what the test wants."""

from __future__ import annotations

import os
import re

INCLUDE = re.compile(r"^include\(`(.*?)'\)dnl.*$", re.MULTILINE)
MC = 'VERSIONID(`site\')dnl\nO MaxMessageSize=1000\nSLocal_check_mail\nMesmtp, P=[IPC], A=TCP $h\nDS\n'


class FakeSendmail:
    def __init__(self, folder):
        self.folder = folder
        self.builds = 0
        self.calls = []
        self.complaint = ''  # what it says of a configuration with our file in it
        self.m4_says = ''
        self.route = 'mailer conbool, host conbool-verify.invalid, user someone@conbool-verify.invalid'
        self.relay_domains = ''
        self.paths = {'config_dir': str(folder / 'mail'), 'sendmail_command': '/bin/true', 'm4_command': '/bin/false'}
        (folder / 'mail').mkdir()
        self.write('sendmail.mc', MC)
        self.write('sendmail.cf', self.generate(folder / 'mail/sendmail.mc'))

    def write(self, name, text):
        (self.folder / 'mail' / name).write_text(text, encoding='utf-8')

    def read(self, name):
        return (self.folder / 'mail' / name).read_text(encoding='utf-8')

    def generate(self, mc):
        self.builds += 1
        text = re.sub(r'^VERSIONID.*\n', '', mc.read_text(encoding='utf-8'), flags=re.MULTILINE)
        return f'##### built by root@mx at {self.builds}\n' + INCLUDE.sub(
            lambda match: open(match[1], encoding='utf-8').read(), text
        )

    def run_command(self, words, data='', **dummy):
        if words[0].endswith('/timeout'):
            words = words[4:]
        self.calls.append(words)
        if '-u' in words:
            return 0, open(words[-1], 'rb').read(), b''
        if words[0] == '/bin/false':
            mc = self.folder / words[1]
            ours = INCLUDE.search(mc.read_text(encoding='utf-8'))
            return 0, self.generate(mc).encode(), (self.m4_says if ours else '').encode()
        cf = words[-1]
        ours = 'Mconbool' in open(cf, encoding='utf-8').read()
        out = f'Version 8.17.1.9\n Pid file: {self.folder}/pid (selected)\n _FFR_TLS_ALTNAMES\n'
        if ours and self.complaint:
            out += f'{cf}: line 7: {self.complaint}\n'
        out += 'ADDRESS TEST MODE\n> '
        if '$=R' in data:
            out += self.relay_domains + '> '
        for dummy in range(data.count('/parse')):
            out += f'Cracked address = $g\n{self.route}\n> '
        return 0, out.encode(), b''

    @staticmethod
    def staging(folder):
        return [name for name in os.listdir(folder) if name.startswith('.conbool')]
