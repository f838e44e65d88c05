# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Sendmail is asked, without sending a message; and what waits in its queue."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.routes import (
    Queue,
    SendmailQueueLook,
    header_action,
    route,
)

QUEUE_FILE = (
    'V8\nT1\nK2\nN%d\nP30\nMDeferred: Connection refused by'
    ' mail.conbool.com.\nS<alice@example.com>\nRPFD:<bob@external.test>\nH??To: bob\n.\n'
)


class FakeProgram:
    def __init__(self, found, macros=None):
        self.found, self.macros, self.asked = found, macros or {}, []

    def routes(self, dummy, addresses):
        return [self.found for address in addresses]

    def macros_after(self, dummy, commands, names):
        self.asked += commands
        return {name: self.macros.get(name) for name in names}


def test_next_hop_is_that_of_the_decision():
    outside = {'mailer': 'conbool', 'host': 'external.test', 'user': 'x@external.test'}
    program = FakeProgram(outside, {'conbool_to': '[mail.conbool.com]', 'conbool_port': '2525'})
    assert route(program, 'cf', 'a@b.test', 'x@external.test') == {
        'mailer': 'conbool',
        'next_hop': '[mail.conbool.com]:2525',
    }
    program = FakeProgram(outside)
    assert route(program, 'cf', '', 'x@external.test') == {'mailer': 'conbool', 'next_hop': 'external.test:25'}
    assert program.asked == ['3,ConboolRoute <>']
    assert route(FakeProgram({'mailer': 'local', 'host': '', 'user': 'bob'}), 'cf', '', 'bob@b.test') == {
        'mailer': 'local',
        'next_hop': '',
    }
    assert route(FakeProgram(None), 'cf', '', 'bob@b.test') == {'mailer': 'error', 'next_hop': ''}


def test_header_is_judged_by_its_ruleset():
    checks = {'x-conbool-released': {'ruleset': 'ConboolReleased', 'keeps_comments': True}}
    program = FakeProgram(None, {'conbool_direct': '1'})
    assert header_action(program, 'cf', checks, 'X-Conbool-Released:  yes') == 'direct'
    assert program.asked == ['.D{currHeader}"yes"', 'ConboolReleased yes']
    quoted = FakeProgram(None)
    header_action(quoted, 'cf', {'content-type': checks['x-conbool-released']}, 'Content-Type: text/x;\n name="a\\b"')
    assert quoted.asked[0] == r'.D{currHeader}"text/x; name=\"a\\b\""'
    assert header_action(program, 'cf', checks, 'Subject: yes') == ''
    assert header_action(FakeProgram(None), 'cf', checks, 'X-Conbool-Released: no') == ''


def test_queue_and_what_is_put_off_meanwhile(tmp_path):
    (tmp_path / 'qf00001').write_text(QUEUE_FILE % 1, encoding='utf-8')
    (tmp_path / 'df00001').write_text('body', encoding='utf-8')
    (tmp_path / 'qd1').mkdir()
    (tmp_path / 'qd1/qf00002').write_text(QUEUE_FILE % 0, encoding='utf-8')
    queue = Queue(str(tmp_path))
    found, put_off, done = queue.watch(
        0, lambda: (tmp_path / 'qd1/qf00002').write_text(QUEUE_FILE % 1, encoding='utf-8')
    )
    assert len(found) == 2 and done
    assert put_off == [
        '00002 from <alice@example.com> to <bob@external.test>: Deferred: Connection refused by mail.conbool.com.'
    ]


def test_queue_of_several_directories_is_looked_at_as_a_whole(tmp_path):
    (tmp_path / 'mqueue').mkdir()
    (tmp_path / 'other').mkdir()
    (tmp_path / 'mqueue/q1').symlink_to(tmp_path / 'other')
    (tmp_path / 'other/qf').mkdir()
    (tmp_path / 'other/qf/qf00001').write_text(QUEUE_FILE % 1, encoding='utf-8')
    (tmp_path / 'other/back').symlink_to(tmp_path / 'mqueue')
    cf = SendmailCf(f'O QueueDirectory={tmp_path}/mqueue/q*\nQslow, P={tmp_path}/mqueue/slow\n')
    assert cf.queue_directory == str(tmp_path / 'mqueue')
    assert [text.split()[0] for dummy, text in Queue(cf.queue_directory).messages().values()] == ['00001']
    assert SendmailCf('O QueueDirectory=/var/spool/q/\n').queue_directory == '/var/spool/q'
    assert SendmailCf('').queue_directory == '/var/spool/mqueue'


def test_queue_that_cannot_be_read_is_not_an_empty_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        Queue(str(tmp_path / 'none')).messages()


def test_two_looks_see_what_was_put_off_between_them(tmp_path):
    (tmp_path / 'qf00001').write_text(QUEUE_FILE % 1, encoding='utf-8')
    look = SendmailQueueLook(Queue(str(tmp_path)))
    look.begin()
    (tmp_path / 'qf00001').write_text(QUEUE_FILE % 2, encoding='utf-8')
    messages, put_off = look.end()
    assert len(messages) == 1 and messages == put_off


@pytest.mark.parametrize('line', ['S', 'S ', 'S=0'])
def test_a_ruleset_without_a_name_is_named_as_what_it_is(line):
    with pytest.raises(HostError, match=f"has the line '{line.strip()}', which begins a ruleset without a name"):
        SendmailCf(f'DSx\n{line}\nR$*\t$@ $1\n')
