# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a hop on this host."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import converge, unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.converge import problems
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Arrival, Inbound
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

from tests.unit.fakes.hop import MTA, OPTIONS, SETTINGS

DIRECTORIES = {
    'config_directory': '/etc/postfix',
    'queue_directory': '/var/spool/postfix',
    'data_directory': '/var/lib/postfix',
}


def said(**options):
    settings = {'roles': {'outbound_hop': dict(OPTIONS, **options)}}
    return problems(settings, Hop({'expanded': {**MTA, **DIRECTORIES}}))


def test_its_own_directories_are_fine():
    assert said() == []


@pytest.mark.parametrize('name', ['config_dir', 'queue_directory', 'data_directory'])
@pytest.mark.parametrize('path', [*DIRECTORIES.values(), '/var/lib/postfix/hop', '/etc/postfix/hop'])
def test_a_directory_of_the_mail_server_is_not_taken(name, path):
    found = said(**{name: path})
    assert len(found) == 1 and found[0].startswith(f'outbound_hop_{name}: {path!r} ')


def test_the_way_there_does_not_matter(tmp_path):
    (tmp_path / 'spool').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'spool')
    hop = Hop({'expanded': {**MTA, 'queue_directory': str(tmp_path / 'spool')}})
    options = dict(OPTIONS, queue_directory=str(tmp_path / 'link' / 'hop'))
    assert len(problems({'roles': {'outbound_hop': options}}, hop)) == 1


@pytest.mark.parametrize('fingerprint, count', [('AB', 32), ('AB', 20)])
def test_what_stands_against_taking_the_gateway_s_mail_for_a_server_elsewhere(fingerprint, count):
    inbound = Inbound(Arrival('front_port', 327), '/r.pem', '/r.key')
    hop = Hop({'expanded': MTA}, remote=True, return_address='[192.0.2.100]:25', inbound=inbound)
    given = [':'.join([fingerprint] * count)]
    roles = {'outbound_hop': dict(OPTIONS, clients=['192.0.2.100/32'], return_address='')}
    more = {'inbound_require_certificate': True, 'inbound_certificate_fingerprints': given, 'roles': roles}
    found = problems(dict(SETTINGS, **more), hop)
    # SHA-256 is what the listener compares. Where the server is, is no matter.
    assert [text.partition(':')[0] for text in found] == (
        [] if count == 32 else ['conbool_inbound_certificate_fingerprints']
    )


@pytest.mark.parametrize('marks', [{}, {'released': 'x'}])
def test_the_hop_hands_mail_to_itself_only_where_that_gets_marks(marks):
    hop = Hop({'expanded': MTA}, users=('kerio',), inbound=Inbound(Arrival('front_port', 327), '', '', marks=marks))
    options = dict(OPTIONS, wash_variable='', arrival=hop.inbound.arrival)
    kept = converge._kept_to(options, hop, {'parameters': {'mail_owner': 'postfix'}})
    assert kept == ([325], ('kerio', 'postfix') if marks else ('kerio',))


@pytest.mark.parametrize(
    'path', ['/usr/s bin', '/usr/sbin\nExecStartPre=/bin/sh', 'sbin', '/usr/%n', "/usr/'", '', '/$x']
)
def test_a_unit_has_plain_paths_only(path):
    good = {
        'config_dir': '/etc/conbool-hop',
        'queue_directory': '/var/spool/conbool-hop',
        'data_directory': '/var/lib/conbool-hop',
    }

    def wanted(directory):
        return {'parameters': {'command_directory': directory}, 'services': []}

    with pytest.raises(HostError, match='^command_directory: '):
        unit.content(good, wanted(path))
    for name in good:
        with pytest.raises(HostError, match=f'^outbound_hop_{name}: '):
            unit.content({**good, name: path}, wanted('/usr/sbin'))
