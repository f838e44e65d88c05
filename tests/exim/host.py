# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Exim of the lab, asked about configurations that are not in force."""

from __future__ import annotations

import shlex

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import (
    SPLIT,
    UNSPLIT,
    with_includes,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import render

from tests.unit.fakes.exim_facts import SETTINGS

HOST = 'exim-debian12'
STAGE, MADE = '/run/stage', '/run/stage/made'
LAN, STRANGER = '192.0.2.55', '198.51.100.9'


class Exim:
    """Debian's configuration with our texts in it, and changes of both."""

    def __init__(self, lab):
        self.lab = lab
        self.settings = dict(
            SETTINGS, networks=list(lab.addresses['gateway']), relay_host='mail.conbool.com', allowed_networks=[LAN]
        )
        self.sh(f'rm -rf {STAGE} && cp -r /etc/exim4 {STAGE} && {self.maker()}')
        base = self.program()
        self.site = site(base, base.describe()[1])

    def sh(self, command, check=True, text=None):
        return self.lab.run(HOST, ['sh', '-c', command], check=check, input=text)

    @staticmethod
    def maker():
        return f'update-exim4.conf -d {STAGE} -o {MADE}'

    def made(self, changes=None, edit=None, files=None, answers=None):
        """The configuration with our texts.

        edit: name of a text to what is done to it. files, answers: of the site.
        """
        texts = render(dict(self.settings, **(changes or {})), self.site, False)
        for name, function in (edit or {}).items():
            changed = function(texts[name])
            assert changed != texts[name]
            texts[name] = changed
        self.sh(f'rm -rf {STAGE} && cp -r /etc/exim4 {STAGE}')
        for name, text in [*((SPLIT[name], text) for name, text in texts.items()), *(files or {}).items()]:
            self.sh(f'cat >{STAGE}/{name}', text=text)
        for name, value in (answers or {}).items():
            self.sh(f"sed -i \"s/^{name}=.*/{name}='{value}'/\" {STAGE}/update-exim4.conf.conf")
        return self.sh(self.maker(), check=False)

    def template(self):
        return self.lab.run(HOST, ['cat', '/etc/exim4/exim4.conf.template'], input=b'').stdout

    def made_unsplit(self):
        """The same texts, included in Debian's own template; the site's files in conf.d count for nothing then."""
        texts = render(self.settings, self.site, False)
        answers = {'dc_use_split_config': 'false', 'dc_localdelivery': 'mail_spool'}
        edit = ';'.join(f"s/^{name}=.*/{name}='{value}'/" for name, value in answers.items())
        self.sh(f'rm -rf {STAGE} && cp -r /etc/exim4 {STAGE} && mkdir {STAGE}/{UNSPLIT}')
        self.sh(f'sed -i "{edit}" {STAGE}/update-exim4.conf.conf')
        for name, text in texts.items():
            self.sh(f'cat >{STAGE}/{UNSPLIT}/{name}', text=text)
        changed = with_includes(self.template(), f'{STAGE}/{UNSPLIT}')
        self.lab.run(HOST, ['sh', '-c', f'cat >{STAGE}/exim4.conf.template'], input=changed)
        return self.sh(self.maker(), check=False)

    def program(self):
        program = Program.__new__(Program)
        program.config, program.path, program._run_command = MADE, '/usr/sbin/exim4', self._run
        return program

    def _run(self, words, data=None, **dummy):
        done = self.lab.run(HOST, words, input=b'' if data is None else data, check=False)
        return done.returncode, done.stdout, done.stderr

    def marked(self, message):
        """Whether a message (bytes) goes direct by its headers."""
        return self.says('${if CONBOOL_MARKED{direct}{gateway}}', message) == 'direct'

    def says(self, text, message):
        self.lab.run(HOST, ['sh', '-c', 'cat >/run/message'], input=message)
        return self.program().expand(['=' + text], '/run/message')[0][1:]

    def told(self, address, recipient, port=25, sender='x@external.test'):
        """What a client is told of a recipient."""
        talk = f'EHLO x\nMAIL FROM:<{sender}>\nRCPT TO:<{recipient}>\nQUIT\n'
        command = f'exim4 -C {MADE} -bh {shlex.quote(address)} -oMi 127.0.0.1.{port}'
        said = self.sh(command, text=talk).stdout.split('\n')
        return said[-3].strip() if said[-1] == '' else said[-2].strip()
