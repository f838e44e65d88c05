# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What waits in Exim's queue, read. Its words are those of 4.96."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.queue import Look

from tests.unit.fakes.exim import Answers

QUEUE = """\
25m  2.9K 1xY7kV-0001gB-09 <alice@example.com>
          x@external.test
        D done@external.test

 3d   605 1xY7kU-0001eb-0V <> *** frozen ***
          y@external.test

"""
LOG = """\
2026-11-30 20:13:18 Received from alice@example.com
2026-11-30 20:13:19 x@external.test R=conbool_gateway T=conbool_smtp H=mail.conbool.com [192.0.2.1] defer (111): Connection refused
2026-11-30 20:33:19 x@external.test R=conbool_gateway T=conbool_smtp defer (-53): retry time not reached for any host
"""


@pytest.mark.parametrize('folder', ['msglog', 'msglog/V'])
def test_a_message_that_waits_says_why_and_is_stuck_by_the_last_try(monkeypatch, tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True)
    log = tmp_path / folder / '1xY7kV-0001gB-09'
    log.write_text(LOG)
    look = Look(Program(Answers(monkeypatch, bp=QUEUE)), str(tmp_path), 'R=conbool_gateway')
    look.begin()
    messages, put_off = look.end()
    assert messages[0] == (
        '1xY7kV-0001gB-09 from <alice@example.com> to <x@external.test>: x@external.test R=conbool_gateway T=conbool_smtp'
        ' H=mail.conbool.com[192.0.2.1] defer (111): Connection refused'
    )
    assert messages[1] == '1xY7kU-0001eb-0V from <> to <y@external.test>: frozen' and put_off == []
    assert look.stuck() == messages[:1]
    with log.open('a') as stream:
        stream.write(LOG.split('\n')[2] + '\n')
    assert look.end()[1] == []
    with log.open('a') as stream:
        stream.write(LOG.split('\n')[1] + '\n')
    assert look.end()[1] == messages[:1]


def test_another_server_s_tls_is_no_matter_of_the_way_to_the_gateway(monkeypatch, tmp_path):
    (tmp_path / 'msglog').mkdir()
    text = LOG.replace(
        'R=conbool_gateway T=conbool_smtp H=mail.conbool.com [192.0.2.1] defer (111): Connection refused',
        'R=conbool_direct T=remote_smtp H=mx.test [192.0.2.9] defer (-37): TLS session: failed',
    )
    (tmp_path / 'msglog/1xY7kV-0001gB-09').write_text(text)
    look = Look(Program(Answers(monkeypatch, bp=QUEUE)), str(tmp_path), 'R=conbool_gateway')
    look.end()
    assert look.stuck() == []


def test_a_frozen_message_to_the_gateway_is_a_matter_for_a_person_and_one_without_a_log_of_nobody(
    monkeypatch, tmp_path
):
    (tmp_path / 'msglog').mkdir()
    line = 'y@external.test R={} defer (-1): remote host address is the local host'
    for router, count in (('conbool_gateway', 1), ('conbool_direct', 0)):
        (tmp_path / 'msglog/1xY7kU-0001eb-0V').write_text(f'2026-11-30 23:57:38 {line.format(router)}\n')
        look = Look(Program(Answers(monkeypatch, bp=QUEUE)), str(tmp_path), 'R=conbool_gateway')
        found = [text for text in look.end()[0] if 'frozen, y@external.test' in text]
        assert len(found) == 1 and look.stuck().count(found[0]) == count
    look = Look(Program(Answers(monkeypatch, bp=QUEUE)), str(tmp_path), 'R=conbool_gateway', False)
    assert all('message_logs' in text for text in look.end()[0]) and look.stuck() == []


@pytest.mark.parametrize(
    'line',
    [
        # As 4.96 wrote them.
        'x@external.test R=conbool_gateway T=conbool_smtp defer (-37) H=mail.conbool.com [192.0.2.1]: TLS session:'
        ' (certificate verification failed): certificate invalid',
        'x@external.test R=conbool_gateway T=conbool_smtp defer (-38) H=mail.conbool.com [2001:db8::1]: a TLS session is'
        ' required, but the server did not offer TLS support',
        'x@external.test R=conbool_gateway T=conbool_smtp defer (111): Connection refused',
    ],
)
def test_a_gateway_with_which_something_is_wrong_is_a_matter_for_a_person_at_once(monkeypatch, tmp_path, line):
    (tmp_path / 'msglog').mkdir()
    (tmp_path / 'msglog/1xY7kV-0001gB-09').write_text(f'2026-11-30 23:57:38 {line}\n')
    exim = Answers(monkeypatch, bp=QUEUE.replace('25m', ' 0m'))
    look = Look(Program(exim), str(tmp_path), 'R=conbool_gateway')
    assert line.split(' defer ')[1].split(': ')[-1] in look.end()[0][0]
    assert len(look.stuck()) == 1


@pytest.mark.parametrize(
    'said, stuck',
    [
        ('RCPT TO:<x@external.test>: 450 4.2.0 greylisted, come back later', False),
        ('pipelined RCPT TO:<x@external.test>: 451 4.3.0 no answer about this recipient', False),
        ('RCPT TO:<x@external.test>: 450 4.7.1 client host rejected', True),
        ('MAIL FROM:<alice@example.com> SIZE=1700: 451 4.3.0 local error', True),
    ],
)
def test_what_the_gateway_says_of_a_recipient_is_no_matter_of_the_way_there(monkeypatch, tmp_path, said, stuck):
    """As with other mail servers, whose words these are turned into."""
    (tmp_path / 'msglog').mkdir()
    text = LOG.replace(
        'defer (111): Connection refused', f'defer (-44): SMTP error from remote mail server after {said}'
    )
    (tmp_path / 'msglog/1xY7kV-0001gB-09').write_text(text)
    look = Look(Program(Answers(monkeypatch, bp=QUEUE)), str(tmp_path), 'R=conbool_gateway')
    look.end()
    assert bool(look.stuck()) is stuck
    assert ' said: 45' in look.end()[0][0]


def test_what_waits_in_a_queue_with_a_name_is_looked_at_too(monkeypatch, tmp_path):
    """The list of the usual one says nothing of it."""
    for folder in ('input/V', 'msglog', 'bulk/input', 'bulk/msglog', 'db'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'bulk/msglog/1xY7kV-0001gB-09').write_text(LOG)
    exim = Answers(monkeypatch, bp='', qGbulk=QUEUE)
    look = Look(Program(exim), str(tmp_path), 'R=conbool_gateway')
    messages = look.end()[0]
    assert [text.split(' ')[0] for text in messages] == ['1xY7kV-0001gB-09', '1xY7kU-0001eb-0V']
    assert look.stuck() == messages[:1] and exim.asked[-1][0][-2:] == ['-qGbulk', '-bp']
    assert len(exim.asked) == 2
    assert Look(Program(exim), str(tmp_path / 'not_there'), 'R=conbool_gateway').end()[0] == []
