# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows C1, C2 and C3 in one life of a host: check mode foretells every run, a second run changes nothing, parts go and
come back, and in the end the server is as it was, with no mail lost on the way."""

from __future__ import annotations

import pytest

from tests.conftest import is_full
from tests.flow import snapshot
from tests.flow.life import OUT, Life, case
from tests.flow.model import Place

# The shortest life for all mail servers, the whole of it for Postfix; in a full run for all of them.
pytestmark = [
    pytest.mark.configures_hosts,
    pytest.mark.servers('postfix', 'sendmail', full=['exim', 'sendmail_hop', 'zimbra', 'kerio', 'kerio_swap']),
]
whole_life = pytest.mark.servers('postfix', full=['exim', 'sendmail', 'sendmail_hop'])

DIRECT, AT_GATEWAY, WAITING = ((Place(where, (OUT,)),) for where in ('direct', 'gateway', 'queue'))
MAIL = case('C3', DIRECT[0], {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]})
RECORD = '/var/lib/conbool-smtp-relay'


@pytest.fixture(scope='module', name='life')
def fixture_life(lab, own_host, adapter, variables_of, request):
    return Life(lab.lab, own_host, adapter, variables_of, is_full(request.config))


def _check_told_the_truth(moment):
    """Check mode changed nothing, and foretold task by task and line by line what the run then did."""
    assert moment.touched == []
    assert moment.foretold.changed == moment.outcome.changed
    assert moment.foretold.diff_lines() == moment.outcome.diff_lines()


def _same(one, other):
    assert snapshot.differences(one.host, other.host) == []


def _different(one, other):
    assert snapshot.differences(one.host, other.host)


# ---- there and back


def test_c2_check_mode_on_a_fresh_host(life):
    _check_told_the_truth(life.at('converged'))
    assert life.at('converged').outcome.changed
    _different(life.at('fresh'), life.at('converged'))


def test_c1_second_run_changes_nothing(life):
    assert life.at('again').outcome.changed == [] and 'changed=0' in life.at('again').outcome.output
    _same(life.at('converged'), life.at('again'))


def test_c2_check_mode_on_a_converged_host(life):
    _check_told_the_truth(life.at('again'))
    assert life.at('again').foretold.changed == []


@whole_life
def test_c3_undo_is_refused_without_the_record(life):
    life.now('again')
    life.lab.run(life.host, ['mv', RECORD, '/root/record'])
    before = life.snapshot()
    refused = life.run('rollback.yml')
    assert refused.returncode and 'There is no record' in '\n'.join(refused.failures)
    assert snapshot.differences(before, life.snapshot()) == []
    life.lab.run(life.host, ['mv', '/root/record', RECORD])


def test_c2_check_mode_of_the_undo(life):
    _check_told_the_truth(life.at('undone'))
    assert life.at('undone').outcome.changed


def test_c3_every_byte_is_as_it_was(life):
    _same(life.at('fresh'), life.at('undone'))


def test_c3_second_undo_changes_nothing(life):
    assert life.at('undone again').outcome.changed == []
    _same(life.at('fresh'), life.at('undone again'))


def test_c3_mail_goes_its_old_way_again(life):
    life.now('undone again')
    batch = life.batch([MAIL])
    batch.send()
    batch.must_be(lambda case: DIRECT)
    assert batch.problems == {}


# ---- parts


@whole_life
@pytest.mark.parametrize('part', ['firewall', 'inbound', 'spam'])
def test_c3_a_part_goes_and_comes_back_while_the_others_work(life, part):
    never, away, back = (life.at(f'{part} {when}') for when in ('never there', 'away', 'back'))
    complete = life.at('all parts')
    _different(never, complete)
    _same(never, away)
    assert away.mail == {}
    _same(complete, back)
    assert back.mail == {}


@whole_life
def test_c3_spam_delivery_is_undone_alone_after_folder_and_header(life):
    never, left = life.at('spam never there'), life.at('spam away after both')
    _different(never, life.at('spam back'))
    _different(never, life.at('spam by header'))
    differences = snapshot.differences(never.host, left.host)
    assert [line.partition(':')[0] for line in differences] == life.adapter.reordered
    assert left.lines == never.lines


# ---- other settings, and the end


@whole_life
@pytest.mark.parametrize('step', [pytest.param('client certificate', marks=pytest.mark.full), 'scope', 'last settings'])
def test_c2_check_mode_on_the_way_to_other_settings(life, step):
    _check_told_the_truth(life.at(step))
    assert life.at(step).outcome.changed


@pytest.fixture(scope='module', name='in_stopped_hop')
def fixture_in_stopped_hop(life):
    """Mail that waits in a hop that somebody has stopped. Whether the undo refuses or sends it: a second one ends the
    matter."""
    life.now('last settings')
    batch = life.batch([MAIL])
    with batch.site.gateway_is('down'):
        batch.send()
        batch.must_be(lambda case: WAITING, flush=False)
        life.lab.run(life.host, ['systemctl', 'stop', 'conbool-hop'])
    life.run('rollback.yml')
    life.apply('site.yml', 'default')
    return batch


@pytest.fixture(scope='module', name='in_both_queues')
def fixture_in_both_queues(life, in_stopped_hop):
    """What waited in hop and mail server, and what the undo said while the gateway was down."""
    in_hop, in_mta = life.batch([MAIL]), life.batch([MAIL])
    with in_hop.site.gateway_is('down'):
        in_hop.send()
        in_hop.must_be(lambda case: WAITING, flush=False)
        # Mail that finds no hop waits in the mail server's own queue.
        life.lab.run(life.host, ['systemctl', 'stop', 'conbool-hop'])
        in_mta.send()
        in_mta.must_be(lambda case: WAITING, flush=False)
        life.lab.run(life.host, ['systemctl', 'start', 'conbool-hop'])
        refused = life.run('rollback.yml', outbound_hop_drain_timeout=5)
        in_hop.must_be(lambda case: WAITING, flush=False)
        # Everything else is undone: a gateway that never comes back does not keep the world out.
        let_in = life.lab.internet.send(
            life.host, 'someone@external.test', ['alice@example.com'], b'Subject: hello again\n\n'
        )
    life.apply('rollback.yml')
    return in_hop, in_mta, refused, let_in


@pytest.mark.servers('postfix')
def test_c3_mail_waiting_in_both_queues_is_delivered(in_both_queues):
    """With the gateway down the undo refuses rather than lose what waits in the hop; with the gateway back it delivers
    it."""
    in_hop, in_mta, refused, let_in = in_both_queues
    assert refused.returncode and OUT in '\n'.join(refused.failures)
    assert let_in['accepted']
    in_hop.must_be(lambda case: AT_GATEWAY)
    # It was never handed to the hop, so it takes the way that the server has now.
    in_mta.must_be(lambda case: DIRECT)
    assert (in_hop.problems, in_mta.problems) == ({}, {})


@pytest.mark.servers('postfix')
def test_c3_mail_waiting_in_a_stopped_hop_is_not_lost(in_stopped_hop, in_both_queues):
    in_stopped_hop.must_be(lambda case: AT_GATEWAY)
    assert in_stopped_hop.problems == {}


@pytest.mark.servers('postfix')
def test_c3_undo_of_the_last_settings_also_undoes_the_ones_before(life, in_both_queues):
    assert snapshot.differences(life.at('fresh').host, life.snapshot()) == []


@pytest.mark.servers('sendmail', full=['exim'])
def test_c3_mail_waiting_in_the_queue_takes_its_old_way(life):
    life.apply('site.yml', 'outbound_only')
    batch = life.batch([MAIL])
    with batch.site.gateway_is('down'):
        batch.send()
        batch.must_be(lambda case: WAITING, flush=False)
        life.apply('rollback.yml', 'outbound_only')
    batch.must_be(lambda case: DIRECT)
    assert batch.problems == {}
    assert snapshot.differences(life.at('fresh').host, life.snapshot()) == []
