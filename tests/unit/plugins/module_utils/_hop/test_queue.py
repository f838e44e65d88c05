# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in the hop's queue that a FILTER leads to a gateway that was one before."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import waiting
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

from tests.unit.fakes.mail_server import SETTINGS, FakeModule
from tests.unit.fakes.queue_file import filters, message

OLD, NEW = 'gateway:[old.test]:25', 'gateway:' + SETTINGS['relay_destination']


class Module(FakeModule):
    """With Postfix's commands."""

    def __init__(self, **options):
        super().__init__(diff=True, **options)
        self.get_bin_path, self.run_command = lambda name: '/bin/true', self._answer

    @staticmethod
    def _answer(words, **dummy):
        return 0, b'', b''


def put(folder, **ways):
    for name, way in ways.items():
        path = folder / 'deferred' / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(message(way))
        # As cleanup(8) leaves a message that is complete.
        path.chmod(0o700)


@pytest.mark.parametrize('check_mode', [True, False])
def test_they_go_to_the_gateway_that_is_one_now(tmp_path, check_mode):
    put(tmp_path, A1=OLD, A2=NEW, A3='direct:')
    module = Module(check_mode=check_mode)
    options = {'config_dir': '/etc/conbool-hop', 'queue_directory': str(tmp_path), 'sbin_dir': ''}
    result, warnings = waiting.led(module, options, NEW)
    assert (result['changed'], warnings) == (True, []) and result['diff'][0]['after'] == f'A1 {NEW}\n'
    assert filters(tmp_path / 'deferred/A1') == [OLD if check_mode else NEW]
    assert filters(tmp_path / 'deferred/A3') == ['direct:']
    assert waiting.led(module, options, NEW)[0]['changed'] == check_mode


BEFORE, SERVER = '[192.0.2.99]:25', '[192.0.2.100]:25'


@pytest.mark.parametrize('check_mode', [True, False])
@pytest.mark.parametrize('inbound', [True, False])
def test_what_waits_for_a_mail_server_elsewhere_gets_to_the_one_that_it_is_now(
    tmp_path, monkeypatch, inbound, check_mode
):
    put(tmp_path, A1=f'mailboxes:{BEFORE}', A2=f'released:{BEFORE}', A3='direct:')
    # Where the gateway's mail does not come any more, the table of returns names it.
    led = [f'mailboxes:{SERVER}', f'released:{SERVER}'] if inbound else ['', '']
    wanted = [f'mailboxes:{BEFORE}', f'released:{BEFORE}'] if check_mode else led
    inbound = Inbound(Arrival('front_port', 327), '', '') if inbound else None
    hop = Hop({'expanded': {}}, own_programs=True, inbound=inbound)
    options = {'config_dir': '/etc/conbool-hop', 'queue_directory': str(tmp_path), 'sbin_dir': ''}
    options.update(clients=['192.0.2.100/32'], return_address=SERVER)
    monkeypatch.setattr(waiting, 'arriving_of', lambda *dummy: SimpleNamespace(warnings=['one'], ways=led))
    done = waiting.arrived(Module(check_mode=check_mode), SETTINGS, hop, options)
    assert [said for dummy, warnings in done for said in warnings] == (['one'] if inbound else [])
    found = [(filters(tmp_path / 'deferred' / name) or [''])[0] for name in ('A1', 'A2', 'A3')]
    assert found == [*wanted, 'direct:']
    # Whether a run before was killed with its configuration done, and mail left, no file says.
    assert any(result['changed'] for result, dummy in done)
    again = waiting.arrived(Module(check_mode=check_mode), SETTINGS, hop, options)
    assert any(result['changed'] for result, dummy in again) == check_mode
