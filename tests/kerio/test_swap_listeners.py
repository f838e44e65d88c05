# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode swap: which listeners a Kerio Connect has, and gets back, whatever somebody has changed in between. Nothing is
asked or changed."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import hop, listener
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.names import SMTP
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import Remembered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site


def anywhere(port=25):
    return {'type': 'AllAddresses', 'address': 'All addresses', 'port': port}


def local(port=25):
    return {'type': 'Localhost', 'address': '127.0.0.1', 'port': port}


def at(address, port=25):
    return {'type': 'RealIpAddress', 'address': address, 'port': port}


def site(*listeners):
    group = {'isUsed': False, 'ipGroup': {'id': '', 'name': ''}}
    services = [{'name': SMTP, 'listeners': list(listeners), 'group': group, 'isRunning': True}]
    return Site('10.0.8', '', '', 'mail.example.com', {}, {}, {}, services, [], [], [])


def shown(*listeners):
    return listener._shown(listeners)


class Run:
    """Runs one after the other, and what each would make of what is there."""

    def __init__(self):
        self.remembered = Remembered()

    def __call__(self, port, *present):
        kept = Remembered()
        steps = listener.steps(site(*present), self.remembered, port, kept)
        self.remembered = kept
        return ''.join(step.after for step in steps)


@pytest.fixture(name='run')
def fixture_run():
    return Run()


ONE, TWO, NEW = at('192.0.2.1'), at('192.0.2.2'), at('192.0.2.3')


@pytest.mark.parametrize(
    'before, by_hand, restored',
    [
        # By hand it came back in part, or as something else; the next run has it leave once more.
        ([ONE, TWO], [local(), NEW], [NEW, ONE, TWO]),
        ([ONE, TWO], [ONE], [ONE, TWO]),
        ([anywhere()], [anywhere()], [anywhere()]),
        ([anywhere()], [local(), at('192.0.2.9', 2525), NEW], [at('192.0.2.9', 2525), anywhere()]),
    ],
)
def test_one_that_came_back_by_hand_leaves_again_and_what_was_before_is_not_forgotten(run, before, by_hand, restored):
    run(25, *before)
    after = run(25, *by_hand)
    more = [each for each in by_hand if each['port'] != 25]
    assert after == shown(local(), *more)
    assert run(0, local(), *more) == shown(*restored) and run.remembered.listeners == {}


def test_what_keeps_loopback_open_is_made_again(run):
    run(25, anywhere())
    assert run(25, anywhere(2526)) == shown(local(), anywhere(2526))
    assert run(0, local(), anywhere(2526)) == shown(anywhere(2526), anywhere())


def test_another_port_is_left_and_the_one_of_before_comes_back(run):
    run(25, anywhere(), anywhere(26))
    assert run(26, local(), anywhere(26)) == shown(local(26), anywhere())
    assert run.remembered.listeners['port'] == 26
    assert run(0, local(26), anywhere()) == shown(anywhere(), anywhere(26))


def test_the_one_of_before_comes_back_where_nobody_is_at_the_other_port(run):
    run(25, anywhere())
    assert run(26, local()) == shown(anywhere()) and run.remembered.listeners == {}


def test_where_all_is_as_it_was_left_nothing_is_done(run):
    run(25, anywhere(), anywhere(2526))
    remembered = run.remembered
    own = at('192.0.2.9', 2525)
    for present in ([local(), anywhere(2526)], [anywhere(2526), own, local()]):
        assert run(25, *present) == '' and run.remembered.listeners == remembered.listeners
    assert run(0, anywhere(2526), own, local()) == shown(anywhere(2526), own, anywhere())


def test_the_way_back_is_that_of_when_the_port_has_been_left():
    """Otherwise the second run would change it."""
    first = site(at('192.0.2.1'), anywhere(2526))
    assert hop.way_in(first) == '[127.0.0.1]:2526'
    left = listener.left(first, 25)
    assert hop.way_in(first, left) == hop.way_in(site(*left)) == ''
