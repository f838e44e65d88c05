# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Exim of the lab, asked about configurations that are not in force."""

from __future__ import annotations

import json
import re
import shlex

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import (
    SPLIT,
    UNSPLIT,
    with_includes,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import UNKNOWN_SITE, site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import render

from tests.unit.fakes.exim_facts import SETTINGS

HOSTS = ('exim-debian12', 'exim-debian13')
STAGE, MADE = '/run/stage', '/run/stage/made'
# A queue beside that of the host.
SPOOL = '/run/spool'
LAN, STRANGER = '192.0.2.55', '198.51.100.9'
MACROS = 'conf.d/main/00_site'
OURS = r'${if acl{{acl_conbool_client}}{acl_check_rcpt}{acl_conbool_refuse}}'

# Writes files (by name) and answers of update-exim4.conf.conf into a copy of the configuration, in one call.
WRITER = """
import json, pathlib, re, shutil, sys
stage, files, answers = json.load(sys.stdin)
shutil.rmtree(stage, ignore_errors=True)
shutil.copytree('/etc/exim4', stage)
for name, text in files.items():
    path = pathlib.Path(stage, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
path = pathlib.Path(stage, 'update-exim4.conf.conf')
text = path.read_text()
for name, value in answers.items():
    text = re.sub(f'(?m)^{name}=.*', f"{name}='{value}'", text)
path.write_text(text)
"""


class Exim:
    """Debian's configuration with our texts in it, and changes of both.

    config: the file that is asked about.
    """

    config = MADE

    def __init__(self, lab, host):
        self.lab, self.host = lab, host
        self.settings = dict(
            SETTINGS, networks=list(lab.addresses['gateway']), relay_host='mail.conbool.com', allowed_networks=[LAN]
        )
        self._order = self._done = None
        self._made({}, {})
        base = self.program()
        self.site = site(base, base.describe()[1])

    def sh(self, command, check=True, text=None):
        return self.lab.run(self.host, ['sh', '-c', command], check=check, input=text)

    @staticmethod
    def maker():
        return f'update-exim4.conf -d {STAGE} -o {MADE}'

    def made(self, changes=None, edit=None, files=None, answers=None, site=None):
        """The configuration with our texts.

        edit: name of a text to what is done to it. files, answers: of the site. site: what is known of that otherwise.
        """
        texts = render(dict(self.settings, **(changes or {})), {**self.site, **(site or {})}, False)
        for name, function in (edit or {}).items():
            changed = function(texts[name])
            assert changed != texts[name]
            texts[name] = changed
        self.texts = texts
        return self._made({**{SPLIT[name]: text for name, text in texts.items()}, **(files or {})}, answers or {})

    def made_so_far(self, count):
        """What a run has written that was killed behind so many texts, and a start of the host makes of it."""
        texts = list(render(self.settings, self.site, False).items())
        return self._made({SPLIT[name]: text for name, text in texts[:count]}, {})

    def _made(self, files, answers):
        """Debian's configuration with these files and answers, unless it is the last one that was made."""
        order = json.dumps([STAGE, files, answers])
        if order != self._order:
            self.lab.run(self.host, ['python3', '-c', WRITER], input=order)
            self._order, self._done = order, self.sh(self.maker(), check=False)
        return self._done

    def template(self):
        return self.lab.run(self.host, ['cat', '/etc/exim4/exim4.conf.template'], input=b'').stdout

    def made_unsplit(self):
        """The same texts, included in Debian's own template; the site's files in conf.d count for nothing then."""
        texts = render(self.settings, self.site, False)
        answers = {
            'dc_use_split_config': 'false',
            'dc_localdelivery': 'mail_spool',
            'dc_eximconfig_configtype': 'smarthost',
            'dc_smarthost': 'smart.test',
            'dc_hide_mailname': 'true',
            'dc_readhost': 'home.test',
        }
        files = {f'{UNSPLIT}/{name}': text for name, text in texts.items()}
        files['exim4.conf.template'] = with_includes(self.template(), f'{STAGE}/{UNSPLIT}').decode()
        return self._made(files, answers)

    def made_by_hand(self, changes=None):
        """Debian's configuration as if somebody had written it, with the texts where the role's README says."""
        self._made({}, {})
        text = self.sh(f'cat {MADE}').stdout
        texts = render(dict(self.settings, **(changes or {})), UNKNOWN_SITE, False)
        text, count = re.subn(r'(?m)^tls_(?:try_verify_hosts|verify_certificates) *=.*\n', '', text)
        assert count == 2
        places = {
            'acl': 'begin acl',
            'rcpt': 'acl_check_rcpt:',
            'data': 'acl_check_data:',
            'literals': 'begin routers',
            'transport': 'begin transports',
            'retry': 'begin retry',
        }
        for name, line in places.items():
            assert text.count(f'\n{line}\n') == 1
            text = text.replace(f'\n{line}\n', f'\n{line}\n{texts[name]}\n')
        text = texts['main'] + text.replace('\ndnslookup:\n', '\n' + texts['router'] + '\ndnslookup:\n')
        self._order = None
        self.sh(f'cat >{MADE}', text=text)

    def program(self):
        program = Program.__new__(Program)
        program.config, program.path, program._run_command = self.config, '/usr/sbin/exim4', self._run
        return program

    def _run(self, words, data=None, **dummy):
        done = self.lab.run(self.host, words, input=b'' if data is None else data, check=False)
        return done.returncode, done.stdout, done.stderr

    def marked(self, message):
        """Whether a message (bytes) goes direct by its headers."""
        return self.says('${if CONBOOL_MARKED{direct}{gateway}}', message) == 'direct'

    def says(self, text, message):
        self.lab.run(self.host, ['sh', '-c', 'cat >/run/message'], input=message)
        return self.program().expand(['=' + text], '/run/message')[0][1:]

    def empty(self):
        """No mail is in the queue of its own, and nothing is remembered of hosts."""
        self.sh(f'rm -rf {SPOOL} && install -d -o Debian-exim -g Debian-exim {SPOOL}')

    def send(self, text):
        """Send a message to the outside, and wait for the try; what Exim said of it."""
        words = ['exim4', '-C', self.config, '-v', '-odi', '-f', 'alice@example.com', 'x@external.test']
        return self._run(words, text.encode())[2].decode()

    def run_queue(self, option):
        self._run(['exim4', '-C', self.config, option])

    def waiting(self):
        return int(self._run(['exim4', '-C', self.config, '-bpc'])[1])

    def router_of(self, message, address, recipient, port=25):
        """By which router a message (bytes) of a client leaves, once the lists have seen it. Nothing is sent (-N)."""
        talk = f'EHLO x\r\nMAIL FROM:<x@external.test>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n'.encode()
        options = ['-N', '-odi', '-bs', '-oMa', f'{address}.1234', '-oMi', f'127.0.0.1.{port}']
        done = self._run(
            ['exim4', '-C', self.config, *options], talk + message.replace(b'\n', b'\r\n') + b'\r\n.\r\nQUIT\r\n'
        )
        found = re.search(rb' [*]> \S+ .*\bR=(\S+)', done[2])
        assert found, done
        return found[1].decode()

    def told(self, address, recipient, port=25, sender='x@external.test'):
        """What a client is told of a recipient."""
        said = self.talked(address, recipient, port, sender).stdout.split('\n')
        return said[-3].strip() if said[-1] == '' else said[-2].strip()

    def talked(self, address, recipient, port=25, sender='x@external.test'):
        """What Exim says when a client names a recipient, and, as complaints, what it asks for that."""
        talk = f'EHLO x\nMAIL FROM:<{sender}>\nRCPT TO:<{recipient}>\nQUIT\n'
        command = f'exim4 -C {self.config} -bh {shlex.quote(address)} -oMi 127.0.0.1.{port}'
        return self.sh(command, text=talk)
