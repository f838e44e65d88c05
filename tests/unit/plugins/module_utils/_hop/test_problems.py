# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a hop on this host."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.converge import problems
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.server import Hop

from tests.unit.fakes.hop import MTA, OPTIONS

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
