# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' own part: options in, one answer out, whatever goes wrong."""

from __future__ import annotations

import json
import signal

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record, one_run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.modules import postfix_config, postfix_info

POSTCONF = """#!/bin/sh
case "$*" in
    *-m) echo regexp; echo hash;;
    *"-x"*) echo 'mail_version = 3.7.11'; echo 'queue_directory = /var/spool/postfix'; echo 'default_database_type = hash'; echo 'myorigin = mx.example.com';;
    *) echo 'mail_version = 3.7.11'; echo 'myorigin = $myhostname'; echo 'postconf: warning: typo: unknown parameter' >&2;;
esac
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, 'BASE', str(tmp_path / 'state' / 'postfix'))
    (tmp_path / 'etc' / 'postfix').mkdir(parents=True)
    (tmp_path / 'etc' / 'postfix' / 'main.cf').write_bytes(b'myorigin =\n  $myhostname\n# \xff\nodd = \xff\n')
    (tmp_path / 'etc' / 'postfix' / 'master.cf').write_text('smtp inet n - y - - smtpd\n  -o a=1\n')
    (tmp_path / 'sbin').mkdir()
    for name, text in (('postconf', POSTCONF), ('postfix', '#!/bin/sh\nexit 1\n')):
        (tmp_path / 'sbin' / name).write_text(text)
        (tmp_path / 'sbin' / name).chmod(0o755)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    yield tmp_path
    for number, handler in zip((signal.SIGTERM, signal.SIGHUP, signal.SIGINT), before):
        signal.signal(number, handler)


def call(module, capsys, host, **arguments):
    arguments = dict({'config_dir': str(host / 'etc' / 'postfix'), 'sbin_dir': str(host / 'sbin')}, **arguments)
    with patch_module_args(arguments), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)


def test_info(host, capsys, monkeypatch):
    # Not read from the answer: once a test has imported the controller's side, ansible-core displays warnings instead
    # of returning them.
    warnings = []
    monkeypatch.setattr(postfix_info.AnsibleModule, 'warn', lambda self, message, **more: warnings.append(message))
    info = call(postfix_info, capsys, host)
    assert info['version'] == '3.7.11'
    assert info['queue_directory'] == '/var/spool/postfix'
    assert info['default_database_type'] == 'hash'
    assert info['lookup_types'] == ['hash', 'regexp']
    assert info['parameters']['myorigin'] == '$myhostname'
    assert info['expanded']['myorigin'] == 'mx.example.com'
    assert info['configured'] == {'myorigin': '$myhostname', 'odd': '\\xff'}
    assert info['running'] is False and info['changed'] is False and info['owners'] == []
    assert info['services'] == [
        {
            'name': 'smtp',
            'type': 'inet',
            'private': 'n',
            'unprivileged': '-',
            'chroot': 'y',
            'wakeup': '-',
            'max_processes': '-',
            'command': 'smtpd',
            'options': {'a': '1'},
        }
    ]
    assert 'typo: unknown parameter' in str(warnings)


def test_info_without_postfix(host, capsys):
    (host / 'sbin' / 'postconf').unlink()
    assert 'has no executable command postconf' in call(postfix_info, capsys, host)['msg']


def test_info_without_main_cf(host, capsys):
    (host / 'etc' / 'postfix' / 'main.cf').unlink()
    assert 'has no main.cf' in call(postfix_info, capsys, host)['msg']


def test_info_with_ipv6_switched_off(host, capsys):
    (host / 'sbin' / 'postconf').write_text(
        '#!/bin/sh\necho "postconf: fatal: parameter inet_interfaces: no local interface found for ::1" >&2\nexit 1\n'
    )
    message = call(postfix_info, capsys, host)['msg']
    assert 'no local interface found for ::1' in message and 'set "inet_protocols = ipv4" in main.cf' in message


def test_info_names_whose_changes_are_in_force(host, capsys, monkeypatch):
    monkeypatch.setattr(file_record, 'BASE', str(host / 'files'))
    record = journal.Journal(str(host / 'etc' / 'postfix'), 'us')
    record.save(dict(journal.empty(), parameters={'myorigin': {'original': [], 'written': ['x']}}), False)
    assert call(postfix_info, capsys, host)['file_owners'] == []
    file_record.FileRecord('spam_delivery').save(
        [file_record.FileRecord.new_entry('/etc/spam', None, None, b'spam')], [], False
    )
    found = call(postfix_info, capsys, host)
    assert found['owners'] == ['us'] and found['file_owners'] == ['spam_delivery']
    assert found['originals'] == {'myorigin': None} and found['opaque_transport_maps'] == []


def test_config_that_is_as_wanted(host, capsys):
    result = call(postfix_config, capsys, host, owner_id='us', parameters={'myorigin': '$myhostname'})
    assert {key: value for key, value in result.items() if key not in ('invocation', 'warnings', 'deprecations')} == {
        'changed': False,
        'reloaded': False,
        'parameters_changed': [],
        'services_changed': [],
        'tables_changed': [],
        'maps': {},
    }


@pytest.mark.parametrize(
    'arguments, message',
    [
        ({'parameters': {'a b': '1'}}, "parameters: 'a b' is not a parameter name"),
        (
            {'unit': {'name': 'hop.service', 'content': 'x'}},
            "unit: 'hop.service' is given for an instance that is not made here",
        ),
        ({'unit': {'content': 'x'}, 'create': True}, 'missing required arguments: name'),
        ({'config_dir': 'relative'}, "config_dir: 'relative' is not an absolute path"),
        ({'config_dir': '/no/such/place'}, "config_dir: the parent directory of '/no/such/place' does not exist"),
        ({'tables': [{'path': 't', 'type': 'regexp'}]}, 'one of the following is required: content, entries'),
        (
            {'tables': [{'path': 't', 'type': 'regexp', 'content': '', 'entries': {}}]},
            'mutually exclusive: content|entries',
        ),
        (
            {'service_options': [{'name': '465', 'type': 'inet', 'options': {'a': '1'}}]},
            'service_options: 465/inet: master.cf has no such entry',
        ),
    ],
)
def test_config_refuses(host, capsys, arguments, message):
    result = call(postfix_config, capsys, host, owner_id='us', **arguments)
    assert result['failed'] and message in result['msg']
    assert 'restored' not in result
    assert not (host / 'state').exists()


def test_config_refuses_tls_files_that_cannot_be_used(host, capsys):
    files = {'ca_file': str(host / 'missing.pem'), 'names': {'ca_file': 'conbool_tls_ca_file'}}
    result = call(postfix_config, capsys, host, owner_id='us', parameters={'relayhost': 'x'}, tls_files=files)
    assert (
        result['failed']
        and 'conbool_tls_ca_file: {}: cannot be read: No such file'.format(files['ca_file']) in result['msg']
    )
    assert not (host / 'state').exists() and 'relayhost' not in (host / 'etc' / 'postfix' / 'main.cf').read_text(
        errors='replace'
    )


def test_undo_needs_no_tls_files(host, capsys):
    assert not call(
        postfix_config, capsys, host, owner_id='us', state='absent', tls_files={'ca_file': str(host / 'missing.pem')}
    ).get('failed')


@pytest.mark.parametrize('restored', [True, False])
def test_config_tells_whether_the_old_files_are_back(host, capsys, monkeypatch, restored):
    def fail(module, params):
        raise SwitchError('no', restored, ['look'])

    monkeypatch.setattr(postfix_config, 'converge', fail)
    warned = []
    monkeypatch.setattr(AnsibleModule, 'warn', lambda self, text: warned.append(text))
    result = call(postfix_config, capsys, host, owner_id='us')
    assert (result['failed'], result['msg'], result['restored']) == (True, 'no', restored)
    assert warned == ['look']


def test_config_waits_for_another_run_and_gives_up(host, capsys):
    with locked(str(host / 'etc'), 1):
        result = call(postfix_config, capsys, host, owner_id='us', timeout=0)
    assert result['failed'] and 'another run is at work' in result['msg']


def test_a_signal_ends_the_run_like_a_failure(host, capsys, monkeypatch):
    def hang_up(module, params):
        signal.raise_signal(signal.SIGHUP)

    monkeypatch.setattr(postfix_config, 'converge', hang_up)
    result = call(postfix_config, capsys, host, owner_id='us')
    assert result['failed'] and result['msg'] == f'the run was ended by signal {signal.SIGHUP}'


def test_the_signal_is_a_failure_that_brings_the_old_files_back():
    with pytest.raises(HostError, match='signal 15'):
        one_run.end(15, None)
