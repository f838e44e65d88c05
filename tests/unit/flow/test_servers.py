# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mail servers are chosen, and which of them for a full run only."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.flow import adapters, servers


def chosen(*names, host=None, marker=None):
    """Mail server and host -> whether it is for a full run only."""
    found = servers.chosen(names or None, host, marker)
    wanted = [each for each in found if each.values[0]]
    return {(each.values[0].mta, each.values[0].kind): bool(each.marks) for each in wanted}


def test_all_are_chosen_and_further_releases_for_a_full_run():
    found = chosen()
    assert {mta for mta, dummy in found} == set(adapters.names())
    assert not found['postfix', 'postfix-debian12'] and found['postfix', 'postfix-debian13']
    assert not found['kerio', 'kerio-debian12'] and found['kerio_direct', 'kerio-debian12']


@pytest.mark.parametrize('name', ['postfix', 'kerio_direct'])
def test_who_is_named_is_run_on_one_release(name):
    assert chosen(name) == {(name, adapters.load(name).default_host): False}


def test_a_test_says_for_whom_it_is():
    marker = SimpleNamespace(args=('kerio',), kwargs={'full': ['postfix']})
    assert set(chosen('kerio', 'sendmail', marker=marker)) == {('kerio', 'kerio-debian12')}
    assert chosen('postfix', marker=marker) == {('postfix', 'postfix-debian12'): True}
    assert chosen('postfix', host='other') == {('postfix', 'other'): False}


def test_a_mail_server_has_the_same_number_for_each_test():
    """Otherwise pytest runs the steps of a host's life in another order."""
    every = [each.values[0] for each in servers.chosen(None, None, None)]
    some = [each.values[0] for each in servers.chosen(None, None, SimpleNamespace(args=('postfix',), kwargs={}))]
    assert [number for number, server in enumerate(some) if server] == [
        number for number, server in enumerate(every) if server.mta == 'postfix'
    ]


@pytest.mark.parametrize('name', adapters.names())
def test_each_adapter_says_what_tests_ask_of_it(name):
    """But for what is asked with another answer beside it, and how Postfix is killed under fire."""
    asked = {each for each in vars(adapters.load('postfix')) if not each.startswith('_')}
    assert {each for each in asked if not hasattr(adapters.load(name), each)} <= {'full', 'is_double', 'kill_request'}
