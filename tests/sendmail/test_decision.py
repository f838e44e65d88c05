# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sendmail that decided by itself gets the hop by default, and no mail is lost or goes another way for that."""

from __future__ import annotations

import pytest

from tests.sendmail.host import Host

HOST = 'sendmail-hop-debian12'
NATIVE = {'sendmail_smarthost_decision': 'native'}
HEADERS = {'flow-released': 'X-Conbool-Released: yes', 'flow-plain': 'X-Other: yes'}
CALENDAR = """\
Subject: flow-nested
Message-ID: <flow-nested@flow>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

come
--b
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
--b--
"""


@pytest.fixture(scope='module', name='lab')
def fixture_lab(borrowed):
    with borrowed.hosts(HOST):
        yield borrowed.lab


@pytest.fixture(name='host')
def fixture_host(borrowed, lab):
    borrowed.up(HOST, fresh=True)
    return Host(lab, HOST)


def wait_in_queue(host, count):
    host.sh(
        f'for i in $(seq 60); do [ $(grep -l Deferred /var/spool/mqueue/qf* 2>/dev/null | wc -l) = {count} ] && exit;'
        ' sleep 0.5; done; mailq -Am; exit 1'
    )


def test_a_host_that_decided_by_itself_gets_the_hop_and_loses_nothing(lab, host):
    outcome = host.play(NATIVE)
    assert outcome.returncode == 0, outcome.output
    for node in (lab.internet, lab.gateway):
        node.set('down')
    try:
        for token, header in HEADERS.items():
            text = f'Subject: {token}\nMessage-ID: <{token}@flow>\n{header}\n\nx\n'
            lab.run(HOST, ['sendmail', '-f', 'alice@example.com', 'x@external.test'], input=text)
        wait_in_queue(host, 2)
        # Whether the verification at its end likes mail that waits is not what is asked here.
        outcome = host.play()
        assert 'Outlook' not in outcome.output
        assert host.sh("grep -c 'void 1' /etc/mail/sendmail.cf").strip() == '1'
        # Tried once more, and written to the queue anew, by the new rules.
        host.sh('sendmail -Am -qf', check=False)
    finally:
        for node in (lab.internet, lab.gateway):
            node.set()
    again = host.play()
    assert (again.returncode, again.changed) == (0, []), again.output
    host.sh('sendmail -Am -qf; postqueue=/usr/lib/conbool-hop/usr/sbin/postqueue; $postqueue -c /etc/conbool-hop -f')
    lab.run(HOST, ['sendmail', '-f', 'alice@example.com', 'x@external.test'], input=CALENDAR)
    lab.internet.wait_for('flow-released', count=1, timeout=40)
    lab.gateway.wait_for('flow-plain', count=1, timeout=40)
    lab.internet.wait_for('flow-nested', count=1, timeout=40)
    assert [len(lab.gateway.deliveries(token)) for token in ('flow-released', 'flow-plain', 'flow-nested')] == [0, 1, 0]
    assert [len(lab.internet.deliveries(token)) for token in ('flow-released', 'flow-plain')] == [1, 0]


def test_where_no_hop_can_be_had_sendmail_decides_and_the_run_says_what_that_means(host):
    host.sh('rm -rf /srv/archive /var/lib/apt/lists/* && mkdir /srv/archive')
    outcome = host.play()
    assert outcome.returncode == 0, outcome.output
    assert 'Outlook, Google, Apple and Thunderbird' in ' '.join(outcome.output.split())
    assert host.sh("grep -c 'void 1' /etc/mail/sendmail.cf || true").strip() == '0'
    assert host.next_hop('alice@example.com') == ('[mail.conbool.com]', '25')
    assert host.play().changed == []
