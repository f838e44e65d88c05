# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change that fails half-way has left, and tells."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import one_run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._module import handed, smarthost
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Part, Wanted

from tests.unit.fakes.mail_server import FakeModule, FakeServer


class Ended(Exception):
    """The module has answered."""


class Module(FakeModule):
    """An AnsibleModule whose answer is kept."""

    answer = None

    def __init__(self):
        super().__init__(diff=True)
        self.params = {'timeout': 1}

    def fail_json(self, **answer):
        self.answer = answer
        raise Ended

    exit_json = fail_json

    def warn(self, text):
        pass


def part(name, said, fails=None):
    def take(module):
        said.append(name)
        if fails:
            raise fails
        return {'changed': True, 'diff': [{'before_header': name}]}, [f'{name} warns']

    return Part(name, take)


@pytest.fixture(name='said', autouse=True)
def fixture_said(monkeypatch):
    said = []
    nothing = part('spam', said).converge
    monkeypatch.setattr(smarthost.spam, 'converge', lambda module, options: nothing(module))
    monkeypatch.setattr(smarthost.spam, 'marked', lambda *dummy: {})
    monkeypatch.setattr(smarthost.firewall, 'limited', lambda module: True)
    monkeypatch.setattr(smarthost.firewall, 'look_ahead', lambda module, limit: ({'settled': False}, []))
    monkeypatch.setattr(smarthost.firewall, 'converge', lambda module, limit: part('mail_port', said).converge(module))
    monkeypatch.setattr(smarthost.hop, 'there', lambda settings: False)
    monkeypatch.setattr(smarthost, 'file_owners', list)
    return said


def test_port_is_given_back_once_inbound_is_undone_though_outbound_cannot_be(said, monkeypatch):
    server = FakeServer({'state': 'absent', 'inbound': True})
    parts = [part('postfix_smarthost_inbound', said), part('postfix_smarthost_outbound', said, HostError('in use'))]
    monkeypatch.setattr(server, 'undo', lambda: parts)
    with pytest.raises(HostError, match='in use'):
        smarthost.absent(FakeModule(), server)
    assert 'mail_port' in said, said


def test_a_call_that_fails_says_which_parts_it_has_changed(said, tmp_path):
    server = FakeServer({'inbound': False})
    failure = SwitchError('it does not start', True, [])
    server.given['wanted'] = Wanted(parts=[part('outbound', said), part('inbound', said, failure)])
    module = Module()
    with pytest.raises(Ended):
        one_run.run(module, [str(tmp_path)], lambda module, dummy: smarthost.present(module, server))
    assert said == ['outbound', 'inbound']
    told = str(module.answer)
    # Before, it was a task of its own: "changed", with its diff and its warnings, and only then came the failure.
    assert 'outbound' in told and module.answer.get('changed') and module.answer.get('diff'), module.answer


BEHIND = HostError('in use')
BEHIND.changed = True


@pytest.mark.parametrize(
    'failure, parts',
    [
        (HostError('no'), []),
        (SwitchError('it does not start', True, []), []),
        (SwitchError('it does not start', False, []), ['outbound']),
        (BEHIND, ['outbound']),
    ],
)
def test_a_part_that_is_not_as_it_was_is_changed_though_it_failed(said, tmp_path, failure, parts):
    server, module = FakeServer({'inbound': False}), Module()
    server.given['wanted'] = Wanted(parts=[part('outbound', said, failure)])
    with pytest.raises(Ended):
        one_run.run(module, [str(tmp_path)], lambda module, dummy: smarthost.present(module, server))
    assert (module.answer['changed'], module.answer['parts']) == (bool(parts), parts)
    assert module.answer['failed_part'] == 'outbound'


def test_a_sendmail_without_a_hop_does_not_need_the_directory_of_its_configuration(tmp_path, monkeypatch):
    server = FakeServer({'inbound': False})
    server.given['wanted'] = Wanted()
    server.settings['roles']['outbound_hop'] = dict(
        server.settings['roles']['outbound_hop'], config_dir=str(tmp_path / 'nowhere/conbool-hop')
    )
    module = Module()
    module.params = {'settings': server.settings, 'stage': 'change', 'timeout': 1}
    monkeypatch.setattr(handed, 'AnsibleModule', lambda **dummy: module)
    monkeypatch.setattr(smarthost, 'server_of', lambda *dummy: server)
    monkeypatch.setattr(server, 'lock_directories', list)
    monkeypatch.setattr(smarthost, 'rows_of', lambda *dummy: [])
    with pytest.raises(Ended):
        smarthost.main(type(server))
    assert 'msg' not in module.answer, module.answer
