# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A played Zimbra: the double's own zmprov and store (lab/zimbra), and a Postfix that is a dictionary. Not Zimbra."""

from __future__ import annotations

import io
import os
import pwd
import re
import shlex
import stat
from types import SimpleNamespace

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record, unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import (
    beside,
    commands,
    facts,
    inbound,
    mta,
    part,
    record,
    server,
    switch,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.parameters import PARAMETERS

from lab.zimbra.cli import world as double
from lab.zimbra.localconfig import LocalConfig
from lab.zimbra.schema import config_defaults, cos_defaults
from lab.zimbra.store import Store, write_json
from tests.unit.fakes.sender_maps import by_sender

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
# What Postfix has without a main.cf, as far as somebody asks.
DEFAULTS = {
    'mail_version': '3.6.14',
    'inet_interfaces': 'all',
    'inet_protocols': 'all',
    'mail_owner': 'postfix',
    'queue_directory': '/opt/zimbra/data/postfix/spool',
    'default_transport': 'smtp',
    'smtpd_tls_cert_file': '/opt/zimbra/conf/smtpd.crt',
    'smtpd_tls_fingerprint_digest': 'sha256',
    'message_size_limit': '10240000',
    'hopcount_limit': '50',
}
MASTER_CF = '''smtp inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
    -o smtpd_tls_security_level=may
smtp unix - - n - - smtp
'''
SERVICES = ['mta', 'mailbox', 'amavis', 'antispam', 'antivirus', 'opendkim']
MYNETWORKS = ['127.0.0.0/8 [::1]/128 192.0.2.0/24']


class PlayedZimbra:
    """One server, or another one of the same directory.

    C(main_cf) is what Postfix has, C(ran) the programs that were run. C(daemon) is whether the configuration daemon
    writes what it is asked for; C(loses) are parameters that it never writes. C(stopped) is whether Postfix does not run.
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
        self._name(name)
        self.main_cf, self.ran, self.loses, self.daemon, self.late = {}, [], set(), True, False
        self.units, self.stopped = {}, False
        (self.prefix / 'common/conf/master.cf').write_text(MASTER_CF, encoding='ascii')
        self._rewrite()
        real = pwd.getpwnam
        ours = SimpleNamespace(pw_uid=os.geteuid(), pw_gid=os.getegid())
        monkeypatch.setattr(pwd, 'getpwnam', lambda user: ours if user == 'zimbra' else real(user))
        self.enter(monkeypatch)

    def enter(self, monkeypatch):
        """Be the host on which everything runs."""
        monkeypatch.setattr(commands, 'PREFIX', str(self.prefix))
        # Whether the disk has it is not what is played.
        monkeypatch.setattr(os, 'fsync', lambda handle: None)
        monkeypatch.setattr(record, 'BASE', str(self.root / 'records'))
        monkeypatch.setattr(file_record, 'BASE', str(self.root / 'files'))
        units = self.root / 'units'
        units.mkdir(exist_ok=True)
        for module in (unit, part, beside, switch):
            monkeypatch.setattr(module, 'FOLDER', str(units))
        for name in ('REASSERT', 'CERTIFICATE'):
            program = os.path.basename(getattr(beside, name))
            monkeypatch.setattr(beside, name, str(self.root / 'lib' / program))
        monkeypatch.setattr(mta, 'PAUSES', (0, 0))
        monkeypatch.setattr(facts, 'daemon_alive', lambda: self.daemon)
        monkeypatch.setattr(server, 'route', self.route)
        monkeypatch.setattr(policy, 'interpreter', lambda: '/usr/bin/python3')
        monkeypatch.setattr(inbound, 'hashed', lambda: True)
        monkeypatch.setattr(switch, 'wait_for_banner', lambda *place: self.ran.append(('listens', *place)))
        return self

    def _name(self, name):
        local = LocalConfig(self.prefix / 'double/localconfig.json', self.prefix / 'conf/localconfig.xml')
        local.configured['zimbra_server_hostname'] = self.name = name
        local.save()

    def rename(self, name):
        """Somebody gives the server another name: zmsetservername(1) makes a new entry of the old one."""
        with self.store.change() as data:
            data['servers'][name] = data['servers'].pop(self.name)
        self._name(name)

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

    def starts(self, name='zmprov'):
        return len([each for each in self.ran if each[0] == name])

    def run_command(self, words, data=None, **dummy):
        name = os.path.basename(words[0])
        if name == 'bash':
            return self._as_zimbra(words[-1], data)
        status, out, err = getattr(self, '_' + name)(words[1:])
        # Some ask for bytes, as Postfix's commands are asked; the units' for text.
        return (status, out, err) if name in ('systemctl', 'journalctl') else (status, out.encode(), err.encode())

    def _systemctl(self, words):
        self.ran.append(('systemctl', *words))
        for unit_name in [word for word in words[1:] if word[:2] != '--']:
            self.units.setdefault(unit_name, {'ActiveState': 'inactive', 'UnitFileState': ''})
            if words[0] == 'stop' and not (self.root / 'units' / unit_name).exists():
                return 5, '', f'Failed to stop {unit_name}: Unit {unit_name} not loaded.'
        state = self.units.get(words[-1], {})
        if words[0] == 'show':
            return 0, ''.join(f'{name}={value}\n' for name, value in state.items()), ''
        if words[0] in ('start', 'restart', 'stop'):
            for unit_name in words[1:]:
                self.units[unit_name]['ActiveState'] = 'inactive' if words[0] == 'stop' else 'active'
        if words[0] in ('enable', 'disable'):
            state['UnitFileState'] = words[0] + 'd'
        return 0, '', ''

    def _journalctl(self, words):
        return 0, '', ''

    def _postqueue(self, words):
        self.ran.append(('postqueue', *words[2:]))
        return (69, '', 'fatal: Queue report unavailable - mail system is down') if self.stopped else (0, '', '')

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
        # What the configuration daemon reads, once for all parameters: each reading is one of the whole directory.
        own, everywhere = self.own('servers', self.name), self.own('config')
        effective = {**everywhere, **{name: values for name, values in own.items() if values}}
        for attribute, parameter in PARAMETERS.items():
            if parameter not in self.loses:
                values = [{'TRUE': 'yes', 'FALSE': 'no'}.get(value, value) for value in effective.get(attribute, [])]
                self.main_cf[parameter] = ' '.join(values)
        self.main_cf['content_filter'] = 'smtp-amavis:[127.0.0.1]:10024'
        self.main_cf['mynetworks'] = ' '.join(effective.get('zimbraMtaMyNetworks', []))
        self._write()

    def _write(self):
        text = ''.join(f'{name} = {value}\n' for name, value in self.main_cf.items())
        (self.prefix / 'common/conf/main.cf').write_text(text, encoding='utf-8')
        self._watch()

    def _watch(self):
        """What the path unit does when it is active: run what puts lines back."""
        script = self.root / 'lib/reassert'
        if self.units.get(beside.WATCH, {}).get('ActiveState') == 'active' and script.exists():
            lines = [shlex.split(line)[1:] for line in script.read_text().splitlines() if line.startswith('ensure ')]
            missing = {name: full for name, ours, full in lines if ours not in self.main_cf.get(name, '')}
            if missing:
                self.edit(**missing)

    def edit(self, **values):
        """Somebody changes main.cf, None for unset."""
        for name, value in values.items():
            self.main_cf.pop(name, None)
            if value is not None:
                self.main_cf[name] = value
        self._write()

    def upgrade(self):
        """An upgrade replaces main.cf, and the configuration daemon writes its own parameters."""
        self.main_cf.clear()
        self._rewrite()

    def route(self, dummy, sender, recipient):
        """What trivial-rewrite(8) says."""
        if recipient.rpartition('@')[2] in self.store.read()['domains']:
            return {'transport': 'lmtp', 'next_hop': f'{self.name}:7025'}
        found = by_sender(self.main_cf.get('sender_dependent_relayhost_maps', ''), sender)
        if found:
            return {'transport': 'smtp', 'next_hop': found}
        return {'transport': 'smtp', 'next_hop': self.main_cf.get('relayhost') or recipient.rpartition('@')[2]}

    def _zimbra_configrewrite(self, sections):
        if self.daemon and 'mta' in sections:
            self._rewrite()
        return 0, '', ''

    def _zimbra_postfix(self, arguments):
        if self.stopped:
            return 1, '', 'postfix/postfix-script: fatal: the Postfix mail system is not running'
        # What Postfix is told to look into has to be there.
        named = re.findall(r'(?:cidr|texthash|regexp):(/[^\s,]+/conbool_\w+)', ' '.join(self.main_cf.values()))
        missing = [path for path in named if not os.path.exists(path)]
        return (1, '', f'fatal: open {missing[0]}: No such file') if missing else (0, '', '')

    def _zimbra_zmcontrol(self, arguments):
        return 0, 'Release 10.1.0.GA.4655.UBUNTU22_64 UBUNTU22_64 FOSS edition.\n', ''

    def _zimbra_zmamavisdctl(self, arguments):
        return 0, '', ''

    def _postconf(self, words):
        if words[:1] == ['-d']:
            return 0, '', ''
        assert words[:2] == ['-c', str(self.prefix / 'common/conf')]
        options, names = [word for word in words[2:] if word[0] == '-'], [word for word in words[2:] if word[0] != '-']
        if options == ['-e']:
            self.edit(**dict(re.split(' = ', pair, maxsplit=1) for pair in names))
        elif options == ['-X']:
            self.edit(**dict.fromkeys(names))
        elif options == ['-m']:
            return 0, 'cidr\nlmdb\npcre\nregexp\ntexthash\n', ''
        else:
            known = {**DEFAULTS, **self.main_cf}
            return 0, ''.join(f'{name} = {known.get(name, "")}\n' for name in names or sorted(known)), ''
        return 0, '', ''

    def _postfix(self, words):
        return int(self.stopped), '', ''
