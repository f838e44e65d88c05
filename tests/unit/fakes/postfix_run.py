# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of postfix_config against a FakePostfix, and the end of a process at any point of one."""

from __future__ import annotations

import os
import types

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.converge import converge

from tests.unit.fakes.postfix import MASTER


class Killed(BaseException):
    """The process is gone: nothing that it would have done later happens."""


def service(name, kind='unix', command='smtp', options=None, private='-'):
    return {
        'name': name,
        'type': kind,
        'private': private,
        'unprivileged': '-',
        'chroot': 'n',
        'wakeup': '-',
        'max_processes': '-',
        'command': command,
        'options': options or {},
    }


def option(name, kind, **options):
    return {'name': name, 'type': kind, 'options': options, 'optional': False}


def table(path, content, kind='regexp', mode='0644'):
    return {'path': path, 'type': kind, 'content': content, 'entries': None, 'mode': mode}


def run(fake, check=False, config_dir=None, **values):
    params = {
        'config_dir': config_dir or str(fake.config_dir),
        'sbin_dir': None,
        'create': False,
        'exclusive': False,
        'owner_id': 'us',
        'state': 'present',
        'reload': True,
        'parameters': {},
        'services': [],
        'service_options': [],
        'tables': [],
        'listeners': [],
        'timeout': 1,
        'unit': None,
        'tls_files': None,
    }
    assert set(values) <= set(params)
    params.update(values)
    module = types.SimpleNamespace(
        run_command=fake.run_command, get_bin_path=fake.find_binary, check_mode=check, _diff=True
    )
    result, warnings = converge(module, params)
    return dict(result, warnings=warnings)


def wanted(fake, transport='hop:[127.0.0.1]:325'):
    path = fake.config_dir
    return {
        'parameters': {
            'default_transport': transport,
            'relayhost': '[x]',
            'mynetworks': None,
            'header_checks': f'regexp:{path}/conbool/checks',
            'transport_maps': f'hash:{path}/routes',
        },
        'services': [
            service('hop'),
            service('wash', command='cleanup', private='n', options={'header_checks': f'regexp:{path}/conbool/checks'}),
        ],
        'service_options': [option('submission', 'inet', cleanup_service_name='wash', syslog_name=None)],
        'tables': [table('conbool/checks', '/^X:/ IGNORE\n'), table('routes', 'example.org hop:\n', 'hash')],
    }


STEPS = ('rename', 'unlink', 'mkdir', 'rmdir')


def kill_at(fake, monkeypatch, step):
    """Let the process end at a given step; every change of a directory and every reload has one before and one
    after."""
    count, dead = [0], [False]

    def tick():
        count[0] += 1
        dead[0] = dead[0] or count[0] == step
        if dead[0]:
            raise Killed

    def wrap(function):
        def stepped(*args, **kwargs):
            tick()
            result = function(*args, **kwargs)
            tick()
            return result

        return stepped

    for name in STEPS:
        monkeypatch.setattr(os, name, wrap(getattr(os, name)))
    fake.observers = [lambda event: tick()]


def less(fake):
    return {
        'parameters': {'relayhost': '[y]', 'biff': 'yes'},
        'services': [service('other')],
        'tables': [table('routes', 'example.com other:\n', 'texthash')],
    }


def with_routes(fake):
    """The customer has a table where one of ours goes."""
    (fake.config_dir / 'routes').write_text('example.net smtp:\n')
    os.chmod(fake.config_dir / 'routes', 0o640)
    (fake.queue / 'private' / 'smtp').touch()
    (fake.config_dir / 'master.cf').write_text(MASTER + 'smtp unix - - y - - smtp\n')
    fake._load()
    fake.served.add(str(fake.queue / 'private' / 'smtp'))


LIST, ROUTES = 'smtpd_recipient_restrictions', 'sender_dependent_default_transport_maps'


def limited(fake):
    """Like the role: restrictions of port 25 that go by a table and a service, and submission with a cleanup of its
    own."""
    path = fake.config_dir
    return {
        'services': [service('wash', command='cleanup', private='n'), service('judge', command='smtp')],
        'service_options': [
            option(
                'smtp',
                'inet',
                our_main='',
                our_class='check_policy_service { unix:private/judge, timeout=30s }',
                smtpd_restriction_classes='our_class',
                **{LIST: f'check_client_access regexp:{path}/clients, $our_main'},
            ),
            option('submission', 'inet', cleanup_service_name='wash'),
        ],
        'tables': [table('clients', '/./ our_class\n')],
    }


def edit(fake, name, old, new):
    path = fake.config_dir / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
