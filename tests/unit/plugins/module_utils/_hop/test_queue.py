# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in the hop's queue that a FILTER leads to a gateway that was one before."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge

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


@pytest.mark.parametrize('check_mode', [True, False])
def test_they_go_to_the_gateway_that_is_one_now(tmp_path, check_mode):
    for name, way in (('A1', OLD), ('A2', NEW), ('A3', 'direct:')):
        path = tmp_path / 'deferred' / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(message(way))
        # As cleanup(8) leaves a message that is complete.
        path.chmod(0o700)
    module = Module(check_mode=check_mode)
    options = {'config_dir': '/etc/conbool-hop', 'queue_directory': str(tmp_path), 'sbin_dir': ''}
    result, warnings = converge._queue(module, options, NEW)
    assert (result['changed'], warnings) == (True, []) and result['diff'][0]['after'] == f'A1 {NEW}\n'
    assert filters(tmp_path / 'deferred/A1') == [OLD if check_mode else NEW]
    assert filters(tmp_path / 'deferred/A3') == ['direct:']
    assert converge._queue(module, options, NEW)[0]['changed'] == check_mode
