# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the hop's units and of its queue is a row, against commands that answer from a script."""

from __future__ import annotations

import json
import types

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import verify

from tests.unit.fakes.mail_server import SETTINGS
from tests.unit.fakes.queue_file import message

UNIT = '/etc/systemd/system/conbool-hop.service'


def asked(monkeypatch, programs, shadow='', timer='active'):
    def run(argv, **dummy):
        if argv[-1].endswith('.timer'):
            return 0, f'ActiveState={timer}\n', ''
        return 0, f'FragmentPath={UNIT}\nDropInPaths={shadow}\n', ''

    monkeypatch.setattr(verify, 'running_rows', lambda *dummy: [])
    monkeypatch.setattr(verify.os.path, 'exists', lambda path: programs)
    module = types.SimpleNamespace(run_command=run, get_bin_path=None)
    return [(row['id'], row['target']) for row in verify.HopServer(module, SETTINGS).running()]


@pytest.mark.parametrize('programs', [True, False])
def test_units_as_they_are_made(monkeypatch, programs):
    assert asked(monkeypatch, programs) == []


def test_a_drop_in_of_somebody_else(monkeypatch):
    assert asked(monkeypatch, False, f'{UNIT}.d/site.conf') == [('running.unit', f'{UNIT}.d/site.conf')]


@pytest.mark.parametrize('state', ['inactive', 'failed'])
def test_programs_of_our_own_that_get_no_updates(monkeypatch, state):
    assert asked(monkeypatch, True, timer=state) == [('running.timer', 'conbool-hop-postfix.timer')]
    assert asked(monkeypatch, False, timer=state) == []


@pytest.mark.parametrize('filter_, stuck', [('direct:', False), (None, True)])
def test_tls_trouble_of_other_hosts_is_no_matter_of_the_gateway(monkeypatch, tmp_path, filter_, stuck):
    (tmp_path / 'deferred').mkdir()
    (tmp_path / 'deferred/4bX1').write_bytes(message(filter_))
    recipients = [{'address': 'b@external.test', 'delay_reason': 'Server certificate not trusted'}]
    line = json.dumps({'queue_name': 'deferred', 'queue_id': '4bX1', 'sender': '', 'recipients': recipients})
    options = dict(SETTINGS['roles']['outbound_hop'], queue_directory=str(tmp_path))
    module = types.SimpleNamespace(run_command=lambda words: (0, line, ''), get_bin_path=None)
    hop = verify.HopServer(module, dict(SETTINGS, roles={'outbound_hop': options}))
    monkeypatch.setattr(hop, '_instance', lambda: types.SimpleNamespace(binary=lambda name: '/usr/sbin/' + name))
    look = hop.queue()
    look.begin()
    look.end()
    assert bool(look.stuck()) == stuck
