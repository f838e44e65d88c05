# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local users are kept from the hop, with an nft that answers from a ruleset of its own."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import local_users
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.local_users import LocalUsers, meaning, ruleset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

from tests.unit.fakes.mail_server import FakeModule

LISTED = """\
table inet conbool_hop {
    chain output {
        type filter hook output priority 0; policy accept;
        oifname "lo" tcp dport %s meta skuid != %s reject with tcp reset
    }
}
""".replace('    ', '\t')


class Host(FakeModule):
    """A host with or without nft, and what is in force there."""

    def __init__(self, nft='/usr/sbin/nft', works=True, **more):
        super().__init__(**more)
        self.nft, self.is_able, self.table, self.given = nft, works, None, []
        self.get_bin_path = lambda name: self.nft

    def run_command(self, words, data=None):
        self.given.append(words[1:])
        if words[1:3] == ['-c', '-f']:
            assert meaning(data)
            return (0, '', '') if self.is_able else (1, '', 'Operation not permitted')
        if words[1] == '-f':
            with open(words[2], encoding='ascii') as stream:
                self.table = stream.read()
            return 0, '', ''
        if 'list' in words:
            return (0, self.table, '') if self.table else (1, '', 'No such file or directory')
        assert words[1:] == ['delete', 'table', 'inet', 'conbool_hop']
        self.table = None
        return 0, '', ''


@pytest.fixture(name='host', autouse=True)
def fixture_host(monkeypatch, tmp_path):
    def host(**more):
        made = Host(**more)
        made.run_command = lambda words, data=None: Host.run_command(made, words, data)
        return made

    monkeypatch.setattr(local_users, 'RULESET', str(tmp_path / 'users.nft'))
    return host


def brief(module):
    return [(row['status'], row['severity']) for row in LocalUsers(module).rows()]


def test_what_is_written_and_what_nft_lists_mean_the_same():
    assert meaning(ruleset([326, 325], ['root', '104'])) == ({325, 326}, {0, 104})
    assert meaning(LISTED % ('{ 325, 326 }', '{ 0, 104 }')) == ({325, 326}, {0, 104})
    assert meaning(LISTED % ('325', '0')) == meaning(ruleset([325], [])) == ({325}, {0})
    assert meaning(LISTED.replace('reject with tcp reset', 'accept') % ('325', '0')) is None
    with pytest.raises(HostError, match='there is no user nobody-like-that'):
        ruleset([325], ['nobody-like-that'])


def test_it_is_made_once_and_brought_back_when_somebody_takes_it_away(host):
    module = host(diff=True)
    result, warnings = LocalUsers(module).present([325], ['root'])
    assert result['changed'] and warnings == [] and meaning(module.table) == ({325}, {0})
    assert [entry['after_header'] for entry in result['diff']] == [local_users.RULESET, 'nft']
    assert LocalUsers(module).present([325], ['root']) == ({'changed': False}, [])
    assert brief(module) == [('green', 'info')]
    module.table = None
    assert brief(module) == [('red', 'critical')]
    result = LocalUsers(module).present([325], ['root'])[0]
    assert [entry['after_header'] for entry in result['diff']] == ['nft'] and module.table
    module.table = LISTED % ('325', '{ 0, 1000 }')
    assert brief(module) == [('red', 'critical')]
    assert LocalUsers(module).present([325, 326], ['root'])[0]['changed']
    assert meaning(module.table) == ({325, 326}, {0}) and brief(module) == [('green', 'info')]
    os.unlink(local_users.RULESET)
    assert brief(module) == [('red', 'critical')]


def test_check_mode_tells_and_does_nothing(host):
    module = host(check_mode=True)
    assert LocalUsers(module).present([325], [])[0]['changed']
    assert module.table is None and not local_users.there()


@pytest.mark.parametrize('more', [{'nft': None}, {'works': False}])
def test_a_host_that_cannot_have_it_is_green_and_told(host, more):
    module = host(**more)
    assert LocalUsers(module).present([325], []) == ({'changed': False}, [])
    assert brief(module) == [('green', 'low')]
    assert 'any local user' in LocalUsers(module).rows()[0]['finding']
    assert bool(LocalUsers(module).start_command()) == (module.nft is not None)


def test_a_user_who_is_not_there_is_a_warning(host):
    result, warnings = LocalUsers(host()).present([325], ['nobody-like-that'])
    assert not result['changed'] and re.search('nobody-like-that', warnings[0])


def test_nothing_is_left_of_it(host):
    module = host()
    LocalUsers(module).present([325], [])
    assert LocalUsers(module).absent()[0]['changed']
    assert module.table is None and not local_users.there()
    assert LocalUsers(module).absent() == ({'changed': False}, [])
    assert LocalUsers(host(nft=None)).absent() == ({'changed': False}, [])
