# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows C1 and C3: a second run changes nothing; after `conbool_state: absent` the server is as it was, and no mail is
lost on the way."""

from __future__ import annotations

import pytest

from tests.flow import playbook, snapshot
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.playbook import WHOLE
from tests.flow.site import Site

pytestmark = pytest.mark.configures_hosts

OUT = 'c3@external.test'
MAIL = Case(
    'C3', 'mail during the undo', 'change', 'default', {'via': 'sendmail', 'from': 'alice@example.com', 'to': [OUT]}
)
DIRECT, AT_GATEWAY, WAITING = ((Place(where, (OUT,)),) for where in ('direct', 'gateway', 'queue'))


# Each has a part that the other does not have; Molecule does the same with defaults and with nearly every variable set.
@pytest.mark.parametrize('chosen', [WHOLE, 'spam_header'])
def test_c1_second_run_changes_nothing_and_c3_every_byte_is_as_it_was(lab, fresh_host, variables_of, chosen):
    before = snapshot.take(lab.lab, fresh_host)
    variables = variables_of(chosen)
    playbook.apply(lab.lab, fresh_host, variables)
    again = playbook.apply(lab.lab, fresh_host, variables)
    assert again.changed == []
    assert 'changed=0' in again.output
    assert snapshot.differences(before, snapshot.take(lab.lab, fresh_host))
    playbook.apply(lab.lab, fresh_host, variables, 'rollback.yml')
    assert snapshot.differences(before, snapshot.take(lab.lab, fresh_host)) == []
    again = playbook.apply(lab.lab, fresh_host, variables, 'rollback.yml')
    assert again.changed == []


def test_c3_undo_of_the_last_settings_also_undoes_the_ones_before(lab, fresh_host, variables_of):
    before = snapshot.take(lab.lab, fresh_host)
    for configuration in (WHOLE, 'client_certificate', 'scope_senders', 'default'):
        playbook.apply(lab.lab, fresh_host, variables_of(configuration))
    playbook.apply(lab.lab, fresh_host, variables_of(WHOLE), 'rollback.yml')
    assert snapshot.differences(before, snapshot.take(lab.lab, fresh_host)) == []


def test_c3_spam_delivery_is_undone_alone_and_with_inbound_mail(lab, fresh_host, adapter, variables_of):
    variables = variables_of('default')
    playbook.apply(lab.lab, fresh_host, dict(variables, conbool_inbound=False))
    outbound_only = snapshot.take(lab.lab, fresh_host)
    playbook.apply(lab.lab, fresh_host, dict(variables, spam_delivery_state='absent'))
    without, lines = snapshot.take(lab.lab, fresh_host), _sorted_lines(lab, fresh_host, adapter)
    for delivery in ('folder', 'header'):
        playbook.apply(lab.lab, fresh_host, dict(variables, conbool_spam_delivery=delivery))
        assert snapshot.differences(without, snapshot.take(lab.lab, fresh_host))
    playbook.apply(lab.lab, fresh_host, dict(variables, spam_delivery_state='absent'))
    left = snapshot.differences(without, snapshot.take(lab.lab, fresh_host))
    assert [line.partition(':')[0] for line in left] == adapter.reordered and _sorted_lines(
        lab, fresh_host, adapter
    ) == lines
    playbook.apply(lab.lab, fresh_host, dict(variables, conbool_spam_delivery='folder'))
    playbook.apply(lab.lab, fresh_host, dict(variables, conbool_inbound=False))
    assert snapshot.differences(outbound_only, snapshot.take(lab.lab, fresh_host)) == []


def _sorted_lines(lab, host, adapter):
    return sorted(lab.lab.run(host, ['cat', '/dev/null', *adapter.reordered]).stdout.splitlines())


def test_c3_mail_goes_its_old_way_again(lab, own_host, adapter, variables_of):
    playbook.apply(lab.lab, own_host, variables_of(WHOLE))
    _refused_without_the_record(lab, own_host, variables_of(WHOLE))
    playbook.apply(lab.lab, own_host, variables_of(WHOLE), 'rollback.yml')
    batch = Engine(Site(lab.lab, own_host, adapter)).batch([MAIL])
    batch.send()
    batch.must_be(lambda case: DIRECT)
    assert batch.problems == {}


def _refused_without_the_record(lab, host, variables):
    lab.lab.run(host, ['mv', '/var/lib/conbool-smtp-relay', '/root/record'])
    before = snapshot.take(lab.lab, host)
    refused = playbook.run(lab.lab, host, 'rollback.yml', variables)
    assert refused.returncode and 'There is no record' in '\n'.join(refused.failures)
    assert snapshot.differences(before, snapshot.take(lab.lab, host)) == []
    lab.lab.run(host, ['mv', '/root/record', '/var/lib/conbool-smtp-relay'])


@pytest.mark.only_for('postfix')
def test_c3_mail_waiting_in_both_queues_is_delivered(lab, own_host, adapter, variables_of):
    """With the gateway down the undo refuses rather than lose what waits in the hop; with the gateway back it delivers
    it."""
    variables = variables_of(WHOLE)
    playbook.apply(lab.lab, own_host, variables)
    site = Site(lab.lab, own_host, adapter)
    engine = Engine(site)
    in_hop, in_mta = engine.batch([MAIL]), engine.batch([MAIL])
    with site.gateway_is('down'):
        in_hop.send()
        in_hop.must_be(lambda case: WAITING, flush=False)
        # Mail that finds no hop waits in the mail server's own queue.
        lab.lab.run(own_host, ['systemctl', 'stop', 'conbool-hop'])
        in_mta.send()
        in_mta.must_be(lambda case: WAITING, flush=False)
        lab.lab.run(own_host, ['systemctl', 'start', 'conbool-hop'])
        refused = playbook.run(lab.lab, own_host, 'rollback.yml', dict(variables, outbound_hop_drain_timeout=5))
        assert refused.returncode
        assert OUT in '\n'.join(refused.failures)
        in_hop.must_be(lambda case: WAITING, flush=False)
        # Everything else is undone: a gateway that never comes back does not keep the world out.
        assert lab.lab.internet.send(
            own_host, 'someone@external.test', ['alice@example.com'], b'Subject: hello again\n\n'
        )['accepted']
    playbook.apply(lab.lab, own_host, variables, 'rollback.yml')
    in_hop.must_be(lambda case: AT_GATEWAY)
    # It was never handed to the hop, so it takes the way that the server has now.
    in_mta.must_be(lambda case: DIRECT)
    assert (in_hop.problems, in_mta.problems) == ({}, {})


@pytest.mark.only_for('postfix')
def test_c3_mail_waiting_in_a_stopped_hop_is_not_lost(lab, own_host, adapter, variables_of):
    variables = variables_of(WHOLE)
    playbook.apply(lab.lab, own_host, variables)
    site = Site(lab.lab, own_host, adapter)
    batch = Engine(site).batch([MAIL])
    with site.gateway_is('down'):
        batch.send()
        batch.must_be(lambda case: WAITING, flush=False)
        lab.lab.run(own_host, ['systemctl', 'stop', 'conbool-hop'])
    playbook.run(lab.lab, own_host, 'rollback.yml', variables)
    # Whether the undo refused or sent it: a second one ends the matter.
    playbook.apply(lab.lab, own_host, variables)
    playbook.apply(lab.lab, own_host, variables, 'rollback.yml')
    batch.must_be(lambda case: AT_GATEWAY)
    assert batch.problems == {}


@pytest.mark.only_for('sendmail')
def test_c3_mail_waiting_in_the_queue_takes_its_old_way(lab, own_host, adapter, variables_of):
    playbook.apply(lab.lab, own_host, variables_of('outbound_only'))
    site = Site(lab.lab, own_host, adapter)
    batch = Engine(site).batch([MAIL])
    with site.gateway_is('down'):
        batch.send()
        batch.must_be(lambda case: WAITING, flush=False)
        playbook.apply(lab.lab, own_host, variables_of('outbound_only'), 'rollback.yml')
    batch.must_be(lambda case: DIRECT)
    assert batch.problems == {}
