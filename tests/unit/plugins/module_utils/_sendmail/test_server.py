# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.verify import certain_headers, certain_routes
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.routes import Queue, header_action, route
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.server import sendmail_rows

SETTINGS = {
    'domains': ['example.com'],
    'scope': 'all',
    'scope_senders': [],
    'loop_headers': ['X-Conbool-example-com'],
    'bypass_calendar': True,
    'bypass_null_sender': True,
    'relay_host': 'mail.conbool.com',
    'relay_port': 25,
}
GATEWAY = {'mailer': 'conbool', 'next_hop': '[mail.conbool.com]:25'}
DIRECT = {'mailer': 'conbool', 'next_hop': 'conbool-verify.invalid:25'}
LOCAL = {'mailer': 'local', 'next_hop': ''}
SKIPPED = {'skipped': True}
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


def rows(choose, settings=None, action=lambda sample: 'direct' if sample['direct'] else '', **more):
    settings = dict(SETTINGS, **(settings or {}))
    asked = {
        'routes': [choose(sample) for sample in certain_routes(settings)],
        'headers': [{'action': action(sample)} for sample in certain_headers(settings)],
        'count': 0,
        'messages': [],
        'put_off': [],
    }
    return sendmail_rows({'asked': dict(asked, **more), 'inbound': SKIPPED}, settings)


def as_wanted(sample):
    return (GATEWAY if sample['sender'] else DIRECT) if sample['hop'] else LOCAL


def test_all_is_green_when_mail_goes_where_it_must():
    assert {row['status'] for row in rows(as_wanted)} == {'green'}


@pytest.mark.parametrize(
    'choose, settings, found',
    [
        (lambda sample: DIRECT if sample['hop'] else LOCAL, {}, {'route.bypass', 'route.ok'}),
        (lambda sample: GATEWAY, {}, {'route.captured', 'route.ok'}),
        (as_wanted, {'bypass_null_sender': False}, {'route.bypass', 'route.ok'}),
    ],
)
def test_routes_that_are_wrong_are_red(choose, settings, found):
    assert {row['id'] for row in rows(choose, settings) if row['id'].startswith('route')} == found


def test_headers_and_queue_are_judged():
    found = {
        row['id']
        for row in rows(
            as_wanted,
            action=lambda sample: '' if sample['direct'] else 'direct',
            count=1,
            messages=['a'],
            put_off=['a: refused'],
        )
    }
    assert {'header.wrong', 'queue.grows'} < found


def test_what_could_not_be_asked_is_a_row():
    assert (
        sendmail_rows({'asked': {'failed': True, 'msg': 'there is no command sendmail'}, 'inbound': SKIPPED}, SETTINGS)[
            0
        ]['status']
        != 'green'
    )


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
    assert program.asked == ['ConboolReleased yes']
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


def test_with_the_hop_all_mail_goes_there_and_the_hop_is_judged():
    hop = {
        'address': '127.0.0.1',
        'port': 10027,
        'listener': {'failed': True, 'msg': 'refused'},
        'asked': {
            'count': 0,
            'put_off': [],
            'messages': [],
            'headers': [
                {'action': 'FILTER direct:' if sample['direct'] else ''} for sample in certain_headers(SETTINGS)
            ],
        },
    }
    to_hop = {'mailer': 'conbool', 'next_hop': '[127.0.0.1]:10027'}
    asked = {
        'routes': [to_hop if sample['hop'] else LOCAL for sample in certain_routes(SETTINGS)],
        'headers': [],
        'count': 0,
        'messages': [],
        'put_off': [],
    }
    rows_found = sendmail_rows({'asked': asked, 'hop': hop, 'inbound': SKIPPED}, SETTINGS)
    assert {row['status'] for row in rows_found if row['id'].startswith(('route', 'header', 'queue'))} == {'green'}
    assert [row['target'] for row in rows_found if row['id'] == 'queue.ok'] == ['mail server', 'hop']
    assert [row for row in rows_found if row['status'] != 'green']
    asked['routes'][-1] = GATEWAY
    assert 'route.bypass' in {
        row['id'] for row in sendmail_rows({'asked': asked, 'hop': hop, 'inbound': SKIPPED}, SETTINGS)
    }
