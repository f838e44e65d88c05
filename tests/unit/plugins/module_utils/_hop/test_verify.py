# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the hop's units and of its queue is a row, against commands that answer from a script."""

from __future__ import annotations

import json
import types

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import verify
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import way as hop_way
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import programs
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.judge import judge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import expectations
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.probe import Facts

from tests.unit.fakes.mail_server import SETTINGS
from tests.unit.fakes.queue_file import message

UNIT = '/etc/systemd/system/conbool-hop.service'


def asked(monkeypatch, programs, shadow='', timer='active', service='LoadState=loaded', held='', links=True):
    def run(argv, **dummy):
        if argv[-1].endswith('.timer'):
            return 0, f'ActiveState={timer}\n', ''
        if argv[-1] == 'conbool-hop-postfix.service':
            return 0, service.replace(' ', '\n') + '\n', ''
        if argv[0] == 'apt-mark':
            return (0, held, '') if held is not None else (100, '', 'E: The list of sources could not be read.')
        return 0, f'FragmentPath={UNIT}\nDropInPaths={shadow}\n', ''

    monkeypatch.setattr(verify, 'running_rows', lambda *dummy: [])
    monkeypatch.setattr(verify, 'program_rows', lambda instance, name, hint: [])
    monkeypatch.setattr(verify.os.path, 'exists', lambda path: programs if path == '/usr/lib/conbool-hop' else links)
    module = types.SimpleNamespace(run_command=run, get_bin_path=None)
    rows = verify.HopServer(module, SETTINGS).running()
    assert all(row['hint'] for row in rows if row['status'] == 'red')
    return [(row['id'], row['target']) for row in rows if row['status'] == 'red']


@pytest.mark.parametrize('programs', [True, False])
def test_units_as_they_are_made(monkeypatch, programs):
    assert asked(monkeypatch, programs) == []


def test_a_drop_in_of_somebody_else(monkeypatch):
    assert asked(monkeypatch, False, f'{UNIT}.d/site.conf') == [('running.unit', f'{UNIT}.d/site.conf')]


LINK = '/usr/lib/systemd/system/timers.target.wants/conbool-hop-postfix.timer'


@pytest.mark.parametrize(
    'state, target',
    [
        ({'timer': 'inactive'}, 'conbool-hop-postfix.timer'),
        ({'timer': 'failed'}, 'conbool-hop-postfix.timer'),
        ({'service': 'LoadState=masked ActiveState=inactive'}, 'conbool-hop-postfix.service'),
        ({'service': 'LoadState=not-found ActiveState=inactive'}, 'conbool-hop-postfix.service'),
        ({'service': 'LoadState=loaded ActiveState=failed'}, 'conbool-hop-postfix.service'),
        ({'held': 'bash\nconbool-hop-postfix\n'}, 'conbool-hop-postfix'),
        ({'held': None}, 'conbool-hop-postfix'),
        ({'links': False}, LINK),
    ],
)
def test_programs_of_our_own_that_get_no_updates(monkeypatch, state, target):
    assert asked(monkeypatch, True, **state) == [('running.timer', target)]
    assert asked(monkeypatch, False, **state) == []


class Commands:
    """What a hop is asked for its parameters."""

    config_dir = ''

    def __init__(self, folder, **parameters):
        self.config_dir, self.known = str(folder), parameters

    def parameters(self, config_dir, names):
        return {name: self.known[name] for name in names if name in self.known}, []


def test_a_program_that_is_gone_or_cannot_be_run(tmp_path):
    (tmp_path / 'master.cf').write_text('smtp inet n - n - - smtpd\nqmgr unix n - n 300 1 qmgr\n', encoding='ascii')
    for name in ('master', 'smtpd', 'qmgr'):
        (tmp_path / name).touch(0o755)
    hop = Commands(tmp_path, daemon_directory=str(tmp_path))
    assert programs.program_rows(hop, 'the hop', 'Do it.') == []
    (tmp_path / 'smtpd').chmod(0o644)
    (tmp_path / 'qmgr').rename(tmp_path / 'qmgr.distrib')
    rows = programs.program_rows(hop, 'the hop', 'Do it.')
    assert [(row['target'], row['status'], row['hint']) for row in rows] == [
        (str(tmp_path / name), 'red', 'Do it.') for name in ('qmgr', 'smtpd')
    ]


@pytest.mark.parametrize('value, only', [('dns', True), ('native', False), ('dns, native', False), (None, True)])
def test_whether_the_hop_reads_the_hosts_file(monkeypatch, value, only):
    hop = verify.HopServer(types.SimpleNamespace(run_command=None, get_bin_path=None), SETTINGS)
    known = {} if value is None else {'smtp_host_lookup': value}
    monkeypatch.setattr(hop, '_instance', lambda: Commands('/', **known))
    assert hop.dns_only() == only


GATEWAY = 'gateway:' + SETTINGS['relay_destination']


@pytest.mark.parametrize(
    'filter_, clients, way, stuck',
    [
        ('direct:', False, 'gateway', False),
        (None, False, 'gateway', True),
        ('direct:', True, 'gateway', False),
        (None, True, 'gateway', True),
        # A sender who is not listed, or what the hop itself has written.
        (None, True, 'direct', False),
        (None, True, 'mta', False),
        (GATEWAY, True, 'direct', True),
    ],
)
def test_tls_trouble_of_other_hosts_is_no_matter_of_the_gateway(monkeypatch, tmp_path, filter_, clients, way, stuck):
    monkeypatch.setattr(hop_way, 'route', lambda *dummy: {'transport': way, 'next_hop': ''})
    (tmp_path / 'deferred').mkdir()
    (tmp_path / 'deferred/4bX1').write_bytes(message(filter_))
    recipients = [{'address': 'b@external.test', 'delay_reason': 'Server certificate not trusted'}]
    line = json.dumps({'queue_name': 'deferred', 'queue_id': '4bX1', 'sender': '', 'recipients': recipients})
    options = dict(SETTINGS['roles']['outbound_hop'], queue_directory=str(tmp_path))
    options['clients'] = ['192.0.2.100/32'] if clients else []
    module = types.SimpleNamespace(run_command=lambda words: (0, line, ''), get_bin_path=None)
    hop = verify.HopServer(module, dict(SETTINGS, roles={'outbound_hop': options}))
    monkeypatch.setattr(hop, '_instance', lambda: types.SimpleNamespace(binary=lambda name: '/usr/sbin/' + name))
    look = hop.queue()
    look.begin()
    look.end()
    assert bool(look.stuck()) == stuck


@pytest.mark.parametrize(
    'offered, requested, wanted, held, found',
    [
        (True, True, True, 'hop', []),
        (True, False, False, 'hop', []),
        # Its files say what they should, and the key cannot be read, say.
        (False, None, True, 'hop', ['inbound.starttls_offered']),
        (False, None, False, 'hop', ['inbound.starttls_offered']),
        (True, False, True, 'hop', ['inbound.client_certificate_requested']),
        # That is enough.
        (False, None, True, 'somebody', ['hop.foreign']),
    ],
)
def test_the_listener_for_the_gateway_is_talked_to(monkeypatch, offered, requested, wanted, held, found):
    def check(options):
        facts = Facts(options['hosts'][0], options)
        facts.update(reachable=True, starttls_offered=False)
        if options['port'] == 327:
            facts.update(starttls_offered=offered, client_certificate_requested=requested)
        return [judge(facts, expectations(options['expect']))]

    def owner_rows(identifier, listener):
        if listener.port == 327 and held != 'hop':
            return [row(f'{identifier}.foreign', '', 'red', '', 'End it.')]
        return [row(f'{identifier}.owner', '', 'green', '')]

    monkeypatch.setattr(verify, 'check', check)
    monkeypatch.setattr(verify, 'owner_rows', owner_rows)
    monkeypatch.setattr(verify.LocalUsers, 'rows', lambda self: [])
    monkeypatch.setattr(verify.HopServer, '_instance', lambda self: Commands('/', inet_protocols='all'))
    monkeypatch.setattr(verify.HopServer, '_policy_rows', lambda self: [])
    settings = {**SETTINGS, 'inbound_require_certificate': wanted}
    module = types.SimpleNamespace(get_bin_path=lambda name: None)
    rows = verify.HopServer(module, settings, arrival=Arrival('in', 327, 'marking', 328)).listener()
    # One row for each address.
    assert list(dict.fromkeys(row['id'] for row in rows if row['status'] == 'red')) == found
