# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detours that are no longer wanted, and on which there are messages."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import former_detours
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import server as postfix
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.detours import Detours

from tests.unit.fakes.inbound import PARAMETERS, configure, entry
from tests.unit.fakes.mail_server import FakeModule
from tests.unit.fakes.postfix_server import INFO

OLD, NEW = 10028, 326
LAN = ['10.20.0.0/16']
REQUEUE = 'postsuper -c /etc/postfix -r'


def info_of(wanted, **expanded):
    """A mail server that has what an earlier run wanted."""
    services = [dict(entry(service['name'], service['command'], service['type']), **service) for service in wanted]
    return {
        'config_dir': '/etc/postfix',
        'queue_directory': '/nowhere',
        'expanded': dict(PARAMETERS, **expanded),
        'services': [entry(), *services],
    }


def waiting(queue_id, destination):
    """What is looked at of a message in the queue."""
    return SimpleNamespace(identifier=queue_id, value=destination)


def on(name, listener, queue_id='4A'):
    address, dummy, port = listener.rpartition(':')
    return waiting(queue_id, 'conbool-{}:[{}]:{}'.format(name, address.strip('[]'), port))


@pytest.fixture(name='detours')
def fixture_detours(monkeypatch):
    """What becomes of a configuration where these messages are in the queue."""
    monkeypatch.setattr(former_detours, 'strangers', lambda address, port, pid: [])

    def with_former(info, wanted, messages, also=()):
        class Instance:
            config_dir = '/etc/postfix'

        detours = Detours(Instance(), info)
        monkeypatch.setattr(detours, 'messages', lambda: messages)
        return detours.with_former(wanted, also)

    return with_former


def names(configuration):
    return [service['name'] for service in configuration['services']]


def test_a_listener_stays_as_long_as_a_message_names_it(detours):
    before, wanted = configure(wash_networks=LAN, wash_port=OLD), configure(wash_networks=LAN)
    info = info_of(before['services'])
    assert former_detours.there_but_unwanted(info, wanted) == [('wash', '127.0.0.1:10028')]
    found, said = detours(info, wanted, [on('wash', '127.0.0.1:10028'), on('wash', '127.0.0.1:326', '4B')])
    assert names(found) == [*names(wanted), '127.0.0.1:10028'] and found['tables'] == wanted['tables']
    assert found['services'][-1]['options'] == before['services'][1]['options']
    assert len(said) == 1 and said[0].startswith('1 messages') and '127.0.0.1:10028, such as 4A' in said[0]
    assert detours(info, wanted, []) == (wanted, [])


def test_while_the_mail_server_changes_the_old_listener_stays_in_any_case(detours):
    before, wanted = configure(wash_networks=LAN, wash_port=OLD), configure(wash_networks=LAN)
    info = info_of(before['services'])
    found, said = detours(info, wanted, [], former_detours.there_but_unwanted(info, wanted))
    assert names(found) == [*names(wanted), '127.0.0.1:10028'] and said == []


def test_a_listener_that_is_gone_already_comes_back_for_a_message(detours):
    wanted = configure(wash_networks=LAN)
    info, messages = info_of(wanted['services']), [on('wash', '127.0.0.1:10028')]
    assert former_detours.stranded(info, messages) == {'127.0.0.1:10028': ['4A']}
    found = detours(info, wanted, messages)[0]
    listener = found['services'][-1]
    assert listener == dict(wanted['services'][1], name='127.0.0.1:10028')
    assert former_detours.stranded(info_of(found['services']), messages) == {}


def test_one_at_another_address_takes_mail_from_there(detours):
    wanted = configure(wash_networks=LAN)
    found = detours(info_of(wanted['services']), wanted, [on('wash', '[::1]:10028')])[0]
    assert found['services'][-1]['name'] == '[::1]:10028'
    assert found['services'][-1]['options']['mynetworks'] == '[::1]/128'


def test_a_detour_that_is_not_wanted_at_all_stays_whole(detours, monkeypatch, tmp_path):
    before, wanted = configure(wash_networks=LAN), configure()
    info = dict(info_of(before['services']), config_dir=str(tmp_path))
    for service in info['services']:
        for name, value in service['options'].items():
            service['options'][name] = value.replace('/etc/postfix', str(tmp_path))
    (tmp_path / 'conbool_wash_lan').write_text('/^X-Conbool-/ IGNORE\n', encoding='ascii')
    found, said = detours(info, wanted, [on('wash', '127.0.0.1:326')])
    assert sorted(set(names(found)) - set(names(wanted))) == ['127.0.0.1:326', 'conbool-wash', 'conbool-wash-cleanup']
    assert found['tables'][-1] == {
        'path': 'conbool_wash_lan',
        'type': 'regexp',
        'content': '/^X-Conbool-/ IGNORE\n',
    }
    assert len(said) == 1


def test_where_postfix_cannot_listen_the_message_has_to_be_decided_about_anew(detours, monkeypatch):
    wanted = configure(wash_networks=LAN, parameters={'inet_protocols': 'ipv6'})
    info = info_of(wanted['services'], inet_protocols='ipv6')
    found, said = detours(info, wanted, [on('wash', '127.0.0.1:10028')])
    assert found == wanted and len(said) == 1 and said[0].endswith(f'{REQUEUE} QUEUE_ID')
    # Its master process would end.
    monkeypatch.setattr(former_detours, 'strangers', lambda address, port, pid: ['somebody'])
    wanted = configure(wash_networks=LAN)
    found, said = detours(info_of(wanted['services']), wanted, [on('wash', '127.0.0.1:10028')])
    assert found == wanted and len(said) == 1


@pytest.mark.parametrize('destination', ['smtp:[192.0.2.1]', 'conbool-hop:[127.0.0.1]:25', 'conbool-wash:', 'nonsense'])
def test_what_is_no_detour_of_ours_is_left_alone(destination):
    assert former_detours.places([waiting('4A', destination)]) == {}


def test_whose_the_listeners_have_to_be():
    wanted = configure(wash_networks=LAN, flag=True)
    found = Detours(None, info_of([])).listeners(wanted['services'])
    assert sorted((place.variable, place.address, place.port, place.pid) for place in found) == [
        ('postfix_smarthost_flag_port', '127.0.0.1', 327, None),
        ('postfix_smarthost_release_port', '127.0.0.1', 328, None),
        ('postfix_smarthost_wash_port', '127.0.0.1', 326, None),
    ]


@pytest.mark.parametrize('changed', [True, False])
def test_a_detour_that_fails_at_its_end_has_begun(server, monkeypatch, changed):
    monkeypatch.setattr(postfix, 'facts', lambda *dummy, **more: (INFO, []))
    monkeypatch.setattr(postfix, 'there_but_unwanted', lambda *dummy: [('wash', '127.0.0.1:10028')])
    monkeypatch.setattr(postfix.sessions, 'wait_for_end', lambda *dummy: [])
    taken = [({'changed': changed}, []), ({'changed': changed}, [])]

    def part(module, **options):
        if not taken:
            raise HostError('no')
        return taken.pop()

    monkeypatch.setattr(postfix, 'converge_part', part)
    mta = server(inbound=True, wash_networks=['10.20.0.0/16'])
    with pytest.raises(HostError) as caught:
        mta.wanted(mta.facts(), False).parts[-1].converge(FakeModule(check_mode=False, diff=True))
    assert left_changed(caught.value) is changed
