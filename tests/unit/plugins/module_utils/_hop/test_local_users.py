# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local users are kept from the hop, with an nft that answers from a ruleset of its own."""

from __future__ import annotations

import json
import os
import re
from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import local_users, package
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.local_users import LocalUsers, meaning, ruleset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import nft
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

from tests.unit.fakes.mail_server import FakeModule

# As nft 1.0.6 lists it; others leave out the handles, or put a set of one in braces.
CHAIN = {'family': 'inet', 'table': 'conbool_hop', 'name': 'output', 'handle': 1, 'type': 'filter', 'hook': 'output'}
NUMBER = re.compile(r'\d+')


def match(operator, left, right):
    return {'match': {'op': operator, 'left': left, 'right': right}}


def rule(ports, users, **more):
    return [
        match('==', {'meta': {'key': 'oifname'}}, 'lo'),
        match('==', {'payload': {'protocol': 'tcp', 'field': 'dport'}}, ports),
        match('!=', {'meta': {'key': 'skuid'}}, users),
        more or {'reject': {'type': 'tcp reset'}},
    ]


def listing(*rules, **chain):
    place = {'family': 'inet', 'table': 'conbool_hop', 'chain': 'output', 'handle': 4}
    entries = [
        {'metainfo': {'version': '1.0.6', 'json_schema_version': 1}},
        {'table': {'family': 'inet', 'name': 'conbool_hop', 'handle': 2}},
        {'chain': dict(CHAIN, prio=0, policy='accept', **chain)},
    ]
    return json.dumps({'nftables': entries + [{'rule': dict(place, expr=each)} for each in rules]})


OURS = rule({'set': [325, 326]}, {'set': [0, 104]})
ACCEPT = [{'counter': {'packets': 0, 'bytes': 0}}, {'accept': None}]


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
                sets = [list(map(int, NUMBER.findall(text))) for text in re.findall(r'{ (\d[^}]*) }', stream.read())]
            self.table = listing(rule(*({'set': members} for members in sets)))
            return 0, '', ''
        if 'list' in words:
            assert words[1:3] == ['-j', '-n'] or self.table is None or words[1] == 'list'
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


def test_what_is_written_is_known_again_and_nothing_else_is():
    assert meaning(ruleset([326, 325], ['root', '104'])) == ({325, 326}, {0, 104})
    for change in (
        ('reject with tcp reset', 'accept'),
        ('        oifname', '        accept\n        oifname'),
        ('0', '0-9'),
    ):
        assert meaning(ruleset([325], []).replace(*change)) is None
    with pytest.raises(HostError, match='there is no user nobody-like-that'):
        ruleset([325], ['nobody-like-that'])


@pytest.mark.parametrize(
    'text',
    [
        listing(OURS),
        listing(rule({'set': [{'range': [325, 326]}]}, {'set': [104, 0]})),
        listing(OURS).replace('"handle": 4, ', ''),
    ],
)
def test_whatever_nft_lists_for_it_is_the_table(text):
    assert nft.canonical(text) == local_users.listed({325, 326}, {0, 104})


@pytest.mark.parametrize(
    'text',
    [
        listing(ACCEPT, OURS),
        listing(OURS, ACCEPT),
        listing(),
        listing(rule({'set': [325, 326]}, {'set': [0, 104]}, accept=None)),
        listing(rule({'set': [325]}, {'set': [0, 104]})),
        listing(rule({'set': [325, 326]}, {'set': [{'range': [0, 104]}]})),
        listing(OURS).replace('"prio": 0', '"prio": 5'),
        listing(OURS).replace('"policy": "accept"', '"policy": "drop"'),
        listing(OURS).replace('"hook": "output"', '"hook": "input"'),
        # What is dormant filters nothing.
        listing(OURS).replace('"handle": 2', '"handle": 2, "flags": "dormant"'),
        listing(OURS).replace(
            '{"rule"', '{"chain": {"family": "inet", "table": "conbool_hop", "name": "more"}}, {"rule"', 1
        ),
    ],
)
def test_a_table_with_anything_else_in_it_is_another_one(host, text):
    module = host(diff=True)
    LocalUsers(module).present([325, 326], ['root', '104'])
    module.table = text
    (found,) = LocalUsers(module).rows()
    assert (found['status'], 'Somebody has changed it' in found['hint']) == ('red', True)
    result = LocalUsers(module).present([325, 326], ['root', '104'])[0]
    assert [entry['after_header'] for entry in result['diff']] == ['nft']
    assert brief(module) == [('green', 'info')]


def test_it_is_made_once_and_brought_back_when_somebody_takes_it_away(host):
    module = host(diff=True)
    result, warnings = LocalUsers(module).present([325], ['root'])
    assert result['changed'] and warnings == [] and nft.canonical(module.table) == local_users.listed({325}, {0})
    assert [entry['after_header'] for entry in result['diff']] == [local_users.RULESET, 'nft']
    assert LocalUsers(module).present([325], ['root']) == ({'changed': False}, [])
    assert brief(module) == [('green', 'info')]
    module.table = None
    assert brief(module) == [('red', 'critical')]
    result = LocalUsers(module).present([325], ['root'])[0]
    assert [entry['after_header'] for entry in result['diff']] == ['nft'] and module.table
    assert LocalUsers(module).present([325, 326], ['root'])[0]['changed']
    assert nft.canonical(module.table) == local_users.listed({325, 326}, {0}) and brief(module) == [('green', 'info')]
    with open(local_users.RULESET, 'a', encoding='ascii') as stream:
        stream.write('# more\n')
    assert brief(module) == [('red', 'critical')]
    os.unlink(local_users.RULESET)
    assert brief(module) == [('red', 'critical')]


def test_what_nft_refuses_leaves_what_was_there(host):
    module = host()
    LocalUsers(module).present([325], ['root'])
    before = module.table, open(local_users.RULESET, encoding='ascii').read()
    module.is_able = False
    result, warnings = LocalUsers(module).present([325, 326], ['root'])
    assert not result['changed'] and 'Operation not permitted' in warnings[0]
    assert (module.table, open(local_users.RULESET, encoding='ascii').read()) == before
    # What is there is in force.
    assert brief(module) == [('green', 'info')]
    module.table = None
    (found,) = LocalUsers(module).rows()
    assert found['status'] == 'red' and 'Operation not permitted' in found['hint']
    assert 'Operation not permitted' in LocalUsers(module).present([325], ['root'])[1][0]


def test_the_user_of_the_package_is_foretold_before_the_package_is_there(host, monkeypatch):
    foretold, warnings = LocalUsers(host(check_mode=True, diff=True)).present([325], ['104', package.OWNER])
    assert foretold['changed'] and warnings == []

    def by_name(name):
        assert name == package.OWNER
        return SimpleNamespace(pw_uid=998)

    monkeypatch.setattr(local_users.pwd, 'getpwnam', by_name)
    module = host(diff=True)
    assert LocalUsers(module).present([325], ['104', package.OWNER]) == (foretold, [])
    assert '{ 0, 104, conbool-hop }' in foretold['diff'][0]['after']
    module.table = listing(rule({'set': [325]}, {'set': [0, 104, 998]}))
    assert LocalUsers(module).present([325], ['104', package.OWNER]) == ({'changed': False}, [])
    assert brief(module) == [('green', 'info')]


def test_a_user_of_the_package_who_is_gone_is_red(host):
    LocalUsers(host()).present([325], [package.OWNER])
    assert brief(host()) == [('red', 'critical')]


def test_an_nft_that_answers_something_else_is_no_table(host):
    module = host()
    module.table = 'table inet conbool_hop {'
    with pytest.raises(HostError, match='conbool_hop'):
        LocalUsers(module).present([325], [])


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
