# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A played Zimbra: the double's own zmprov and store (lab/zimbra), and a Postfix that is a dictionary. Not Zimbra."""

from __future__ import annotations

import io
import json
import os
import pwd
import re
import shlex
import stat
from types import SimpleNamespace

from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import commands, record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.parameters import PARAMETERS

from lab.zimbra.cli import world as double
from lab.zimbra.localconfig import LocalConfig
from lab.zimbra.schema import config_defaults, cos_defaults
from lab.zimbra.store import Store, write_json

HOST = 'mail.example.com'
PROGRAMS = (
    'bin/zmprov',
    'bin/postfix',
    'bin/zmcontrol',
    'bin/zmamavisdctl',
    'libexec/configrewrite',
    'common/sbin/postconf',
    'common/sbin/postfix',
    'common/sbin/postqueue',
)
SERVICES = ['mta', 'mailbox', 'amavis', 'antispam', 'antivirus', 'opendkim']
MYNETWORKS = ['127.0.0.0/8 [::1]/128 192.0.2.0/24']


class PlayedZimbra:
    """One server, or another one of the same directory.

    C(main_cf) is what Postfix has, C(ran) the programs that were run. C(daemon) is whether the configuration daemon
    writes what it is asked for; C(loses) are parameters that it never writes.
    """

    def __init__(self, root, monkeypatch, name=HOST, store=None):
        self.root, self.name = root / name, name
        self.prefix = self.root / 'opt/zimbra'
        for path in PROGRAMS:
            program = self.prefix / path
            program.parent.mkdir(parents=True, exist_ok=True)
            program.touch()
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        for folder in ('conf', 'common/conf', 'double', 'data/spamassassin/localrules'):
            (self.prefix / folder).mkdir(parents=True, exist_ok=True)
        self.store = store or Store(root / 'store.json')
        if not store:
            write_json(self.store.path, {'config': config_defaults(), 'cos': {'default': cos_defaults()}})
            with self.store.change() as data:
                data['domains'] = {domain: {} for domain in ('example.com', 'sub.example.co.uk')}
        with self.store.change() as data:
            data['servers'][name] = {'zimbraServiceEnabled': SERVICES, 'zimbraMtaMyNetworks': MYNETWORKS}
        local = LocalConfig(self.prefix / 'double/localconfig.json', self.prefix / 'conf/localconfig.xml')
        local.configured['zimbra_server_hostname'] = name
        local.save()
        self.main_cf, self.ran, self.loses, self.daemon, self.late = {}, [], set(), True, False
        self._rewrite()
        monkeypatch.setattr(pwd, 'getpwnam', lambda user: SimpleNamespace(pw_uid=os.geteuid(), pw_gid=os.getegid()))
        self.enter(monkeypatch)

    def enter(self, monkeypatch):
        """Be the host on which everything runs."""
        monkeypatch.setattr(commands, 'PREFIX', str(self.prefix))
        monkeypatch.setattr(record, 'BASE', str(self.root / 'records'))
        return self

    def own(self, kind, name=''):
        """The own values of an entry."""
        data = self.store.read()
        return data['config'] if kind == 'config' else data[kind][name]

    def set(self, kind, name='', **values):
        """Somebody sets attributes, None for unset."""
        with self.store.change() as data:
            entry = data['config'] if kind == 'config' else data[kind].setdefault(name, {})
            for attribute, value in values.items():
                entry.pop(attribute, None)
                if value is not None:
                    entry[attribute] = value if isinstance(value, list) else [value]

    def effective(self, attribute):
        """What the configuration daemon reads."""
        return self.own('servers', self.name).get(attribute) or self.own('config').get(attribute, [])

    def starts(self, name='zmprov'):
        return len([each for each in self.ran if each[0] == name])

    def run_command(self, words, data=None, **dummy):
        name = os.path.basename(words[0])
        if name == 'bash':
            return self._as_zimbra(words[-1], data)
        status, out, err = getattr(self, '_' + name)(words[1:])
        return status, out.encode(), err.encode()

    def _as_zimbra(self, line, data):
        words = shlex.split(line)
        assert (words[:2] == ['cat', '|']) is (data is not None)
        words = [word for word in words if word not in ('exec', 'cat', '|', '</dev/null')]
        assert words[:3] == ['timeout', '-k', '10'], line
        name, arguments = os.path.basename(words[4]), words[5:]
        self.ran.append((name, *arguments))
        if self.late:
            return 124, b'', b''
        if name == 'zmprov':
            return self._zmprov(arguments, data)
        status, out, err = getattr(self, '_zimbra_' + name)(arguments)
        return status, out.encode(), err.encode()

    def _zmprov(self, arguments, data):
        out, err = io.StringIO(), io.StringIO()
        world = double.World(
            home=self.prefix,
            state=self.prefix / 'double',
            store=self.store,
            user='zimbra',
            env={},
            stdin=io.BytesIO(data or b''),
            out=out,
            err=err,
        )
        status = double.start(world, 'zmprov', arguments)
        return status, out.getvalue().encode('utf-8', 'surrogateescape'), err.getvalue().encode()

    def _rewrite(self):
        for attribute, parameter in PARAMETERS.items():
            if parameter not in self.loses:
                values = [{'TRUE': 'yes', 'FALSE': 'no'}.get(value, value) for value in self.effective(attribute)]
                self.main_cf[parameter] = ' '.join(values)
        self.main_cf['mynetworks'] = ' '.join(self.effective('zimbraMtaMyNetworks'))

    def _zimbra_configrewrite(self, sections):
        if self.daemon and 'mta' in sections:
            self._rewrite()
        return 0, '', ''

    def _zimbra_postfix(self, arguments):
        return 0, '', ''

    def _zimbra_zmcontrol(self, arguments):
        return 0, 'Release 10.1.0.GA.4655.UBUNTU22_64 UBUNTU22_64 FOSS edition.\n', ''

    def _zimbra_zmamavisdctl(self, arguments):
        return 0, '', ''

    def _postconf(self, words):
        assert words[:2] == ['-c', str(self.prefix / 'common/conf')]
        words = words[2:]
        if words[0] == '-e':
            self.main_cf.update(re.split(' = ', pair, maxsplit=1) for pair in words[1:])
        elif words[0] == '-X':
            for name in words[1:]:
                self.main_cf.pop(name, None)
        else:
            return 0, ''.join(f'{name} = {self.main_cf.get(name, "")}\n' for name in words if name[0] != '-'), ''
        return 0, '', ''


class PlayedModule:
    """What a function that converges takes for an AnsibleModule."""

    def __init__(self, zimbra, check_mode=False, diff=True):
        self.check_mode, self._diff, self.run_command = check_mode, diff, zimbra.run_command

    @staticmethod
    def get_bin_path(name, *dummy, **dummies):
        return None


def dump(store):
    """Everything in a directory, to be compared."""
    return json.dumps(store.read(), sort_keys=True)
