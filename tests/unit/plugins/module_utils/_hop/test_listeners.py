# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hop listens, who is there instead, and how it moves."""

from __future__ import annotations

import dataclasses
import os
import socket
from unittest.mock import Mock

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge, listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.provenance import Provenance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

from tests.unit.fakes.hop import SMTP
from tests.unit.fakes.mail_server import SETTINGS, FakeModule

HOP = Hop(
    {
        'expanded': {'myhostname': 'mx', 'message_size_limit': '0', 'inet_protocols': 'all', 'command_directory': '/x'},
        'services': [SMTP],
        'version': '3.7.11',
        'lookup_types': ['btree'],
    }
)
MASTER = """\
127.0.0.1:10027 inet n - n - - smtpd
127.0.0.1:325 inet n - n - - smtpd
127.0.0.1:10028 inet n - n - - smtpd
  -o cleanup_service_name=wash
cleanup unix n - n - 0 cleanup
"""


def settings(**options):
    roles = dict(SETTINGS['roles'], outbound_hop=dict(SETTINGS['roles']['outbound_hop'], **options))
    return dict(SETTINGS, roles=roles)


@pytest.fixture(name='configured')
def fixture_configured(tmp_path, monkeypatch):
    (tmp_path / 'master.cf').write_text(MASTER, encoding='ascii')
    monkeypatch.setattr(listeners, 'strangers', lambda address, port, pid: [])
    return settings(config_dir=str(tmp_path))


def former(values, hop=HOP):
    return [entry['name'] for entry in listeners.former(converge.options_of(values, hop), hop.protocols)]


def test_what_the_hop_has_and_does_not_need_is_a_former_listener(configured):
    assert former(configured) == ['127.0.0.1:10027']
    washing = Hop(HOP.identity, True, 326, 'some_wash_port')
    assert former(configured, washing) == ['127.0.0.1:10027', '127.0.0.1:10028']
    assert converge.moves(configured, HOP)
    assert not converge.moves(settings(config_dir='/nowhere'), HOP)


def test_a_port_that_was_taken_from_a_stopped_hop_is_given_up(configured, monkeypatch):
    monkeypatch.setattr(listeners, 'strangers', lambda address, port, pid: ['mallory'] * (port == 10027))
    assert former(configured) == []


def test_what_postfix_may_not_use_any_more_is_given_up(configured):
    hop = Hop({'expanded': dict(HOP.identity['expanded'], inet_protocols='ipv6')})
    assert former(configured, hop) == []


def test_the_address_is_one_that_the_mail_server_can_use():
    hop = Hop({'expanded': dict(HOP.identity['expanded'], inet_protocols='ipv6'), 'services': [SMTP]})
    assert converge.options_of(settings(address=''), hop)['address'] == '::1'
    assert converge.problems(settings(address=''), hop) == []
    found = converge.problems(settings(address='127.0.0.1'), hop)
    assert len(found) == 1 and found[0].startswith("outbound_hop_address: '127.0.0.1' cannot be used")


@pytest.fixture(name='users', autouse=True)
def fixture_users(monkeypatch):
    """Whom the table lets in."""
    asked = []

    class LocalUsers:
        def __init__(self, module):
            pass

        def present(self, ports, users):
            asked.append((list(ports), users))
            return {'changed': False}, []

        def start_command(self):
            return '/usr/sbin/nft -f /x'

    monkeypatch.setattr(converge, 'LocalUsers', LocalUsers)
    return asked


@pytest.fixture(name='thief')
def fixture_thief():
    with socket.create_server(('127.0.0.1', 0)) as thief:
        yield thief.getsockname()[1]


def test_a_stranger_at_the_port_is_named_before_any_change(thief):
    found = converge.problems(settings(port=thief), HOP)
    assert len(found) == 1
    assert found[0].startswith(f'outbound_hop_port: {thief} cannot be used, 127.0.0.1:{thief} is held by pid')
    assert f'pid {os.getpid()} (' in found[0] and 'set outbound_hop_port to' in found[0]
    rows = converge.ready_rows(settings(port=thief), HOP)
    assert [(row['id'], row['status']) for row in rows] == [('hop.foreign', 'red')]


def test_one_who_comes_while_the_hop_is_made_is_named_with_the_failure(thief, monkeypatch, tmp_path):
    def refuse(module, **options):
        raise HostError('The service does not run as wanted')

    monkeypatch.setattr(converge, 'converge_part', refuse)
    with pytest.raises(HostError, match=f'does not run as wanted. outbound_hop_port: {thief} cannot be used'):
        converge.present(FakeModule(), settings(port=thief, config_dir=str(tmp_path)), HOP)
    with pytest.raises(HostError, match='does not run as wanted$'):
        converge.present(FakeModule(), settings(config_dir=str(tmp_path)), HOP)


@pytest.mark.parametrize('before, changed', [(None, True), ('3.7', False)])
def test_a_package_that_was_made_stays_when_the_hop_cannot_be(monkeypatch, tmp_path, before, changed):
    monkeypatch.setattr(converge, 'find', lambda *dummy, **more: ({'version': '3.7'}, before, '3.7', []))
    monkeypatch.setattr(converge.package, 'maker_of', lambda module: None)
    monkeypatch.setattr(converge, 'hop_configuration', Mock(side_effect=HostError('no')))
    with pytest.raises(HostError) as caught:
        converge.present(FakeModule(), settings(config_dir=str(tmp_path)), dataclasses.replace(HOP, own_programs=True))
    assert left_changed(caught.value) is changed


def test_what_is_gone_of_a_hop_is_known_when_the_rest_of_it_cannot_go(monkeypatch, tmp_path):
    monkeypatch.setattr(converge, '_converge', lambda *dummy, **more: ({'changed': True}, []))
    monkeypatch.setattr(converge, 'LocalUsers', Mock(side_effect=OSError('no')))
    with pytest.raises(OSError) as caught:
        converge.absent(FakeModule(), settings(config_dir=str(tmp_path)))
    assert left_changed(caught.value)


def test_who_may_connect_is_said_once_the_hop_is_there(configured, users, monkeypatch):
    monkeypatch.setattr(converge, 'converge_part', lambda module, **options: ({'changed': users == []}, []))
    hop = Hop(HOP.identity, users=('postfix',), beside=(326, 327))
    assert converge.present(FakeModule(), configured, hop)[0]['changed']
    assert users == [([325, 326, 327], ('postfix',))]


@pytest.mark.parametrize(
    'provenance, further',
    [
        (None, []),
        (
            Provenance('judging', 326, 'judged', 329),
            ['doubtful:[127.0.0.1]:326', 'counted:[127.0.0.1]:329', 'washed:[127.0.0.1]:329'],
        ),
    ],
)
def test_mail_that_waits_for_what_was_one_before_is_looked_for_once_the_hop_is_there(
    configured, monkeypatch, provenance, further
):
    asked = []
    monkeypatch.setattr(converge, 'converge_part', lambda module, **options: ({'changed': False}, []))
    monkeypatch.setattr(
        converge.waiting, 'led', lambda module, options, way: asked.append(way) or ({'changed': True}, [])
    )
    hop = dataclasses.replace(HOP, provenance=provenance)
    assert converge.present(FakeModule(), configured, hop)[0]['changed']
    assert asked == ['gateway:' + configured['relay_destination'], *further]


@pytest.mark.parametrize(
    'remote, version, said', [(True, '3.5.8', 1), (True, '3.7.11', 0), (True, '3.4.13', 1), (False, '3.5.8', 0)]
)
def test_old_line_ends_are_said_where_others_send(configured, monkeypatch, remote, version, said):
    parameters = {'command_directory': '/usr/sbin'}
    programs = {'sbin_dir': '/x', 'version': version, 'lookup_types': ['btree'], 'parameters': parameters}
    monkeypatch.setattr(converge, 'find', lambda *dummy, **more: (programs, None, None, []))
    monkeypatch.setattr(converge, 'converge_part', lambda module, **options: ({'changed': False}, []))
    identity = {'expanded': {'myhostname': 'relay.example.com', 'message_size_limit': '0'}}
    warnings = converge.present(FakeModule(), configured, Hop(identity, own_programs=True, remote=remote))[1]
    assert len(warnings) == said and all('SMTP smuggling' in text for text in warnings)


@pytest.mark.parametrize('moving', [True, False])
def test_a_moving_hop_keeps_its_former_listener(configured, monkeypatch, moving):
    asked = []

    def part(module, **options):
        asked.append(options)
        return {'changed': True}, []

    monkeypatch.setattr(converge, 'converge_part', part)
    converge.present(FakeModule(), configured, HOP, moving)
    names = [entry['name'] for entry in asked[0]['services'] if entry['type'] == 'inet']
    assert names == ['127.0.0.1:325'] + ['127.0.0.1:10027'] * moving
    assert '\nExecStartPre=-+/usr/sbin/nft -f /x\nExecStart=' in asked[0]['unit']['content']


def test_only_a_process_of_root_is_the_hop(tmp_path, monkeypatch):
    (tmp_path / 'pid').mkdir()
    (tmp_path / 'pid' / 'master.pid').write_text(f'{os.getpid()}\n', encoding='ascii')
    options = {'queue_directory': str(tmp_path), 'config_dir': str(tmp_path)}
    assert listeners.master(options) == (os.getpid() if os.geteuid() == 0 else None)
    with monkeypatch.context() as patch:
        patch.setattr(os, 'stat', lambda path: os.stat_result([0] * 4 + [1000] + [0] * 5))
        found = listeners.master(options)
    assert found is None
    # Its queue is going to be elsewhere.
    options['queue_directory'] = '/nowhere'
    assert listeners.master(options) is None
    (tmp_path / 'main.cf').write_text(f'queue_directory = {tmp_path}\n', encoding='ascii')
    assert listeners.master(options) == (os.getpid() if os.geteuid() == 0 else None)
