# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest

from tests.flow import adapters, agent, loader
from tests.flow.session import _as_far_as_possible

GATEWAY = ['198.18.0.3', '2001:db8::3']
ONE, TWO, THREE = 'flow-0000000001', 'flow-0000000002', 'flow-0000000003'
LOG = """\
Nov 22 15:33:48 mx sendmail[266]: 6AMFXmgt000266: from=alice@example.com, msgid=<flow-0000000001@flow.example.com>, relay=root@localhost
2026-11-22T15:33:48+0000 mx sendmail[266]: STARTTLS=client, relay=[127.0.0.1], version=TLSv1.3, verify=FAIL, cipher=X, bits=256/256
Nov 22 15:33:48 mx sm-mta[271]: 6AMFXm0q000271: from=<alice@example.com>, msgid=<flow-0000000001@flow.example.com>, relay=[127.0.0.1]
Nov 22 15:33:48 mx sendmail[266]: 6AMFXmgt000266: to=a@external.test, mailer=relay, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (6AMFXm0q000271)
2026-11-22T15:33:48+0000 mx sm-mta[277]: STARTTLS=client, relay=mail.conbool.com., version=TLSv1.3, verify=OK, cipher=X, bits=256/256
Nov 22 mx sm-mta[277]: 6AMFXm0q000271: to=<A@external.test>,<b@external.test>, mailer=conbool, relay=mail.conbool.com. [IPv6:2001:db8:0:0:0:0:0:3], stat=Sent
Nov 22 15:33:49 mx sm-mta[280]: 6AMFXm0q000280: from=<alice@example.com>, msgid=<flow-0000000002@flow.example.com>, relay=[127.0.0.1]
2026-11-22T15:33:49+0000 mx sm-mta[281]: STARTTLS=client, relay=mail.conbool.com., version=TLSv1.3, verify=FAIL, cipher=X, bits=256/256
2026-11-22T15:33:49+0000 mx sm-mta[281]: 6AMFXm0q000280: to=<c@external.test>, mailer=conbool, relay=mail.conbool.com. [198.18.0.3], dsn=2.0.0, stat=Sent (ok)
Nov 22 15:33:49 mx sm-mta[282]: 6AMFXm0q000282: from=<alice@example.com>, msgid=<flow-0000000003@flow.example.com>, relay=[127.0.0.1]
2026-11-22T15:33:49+0000 mx sm-mta[283]: 6AMFXm0q000282: to=<d@external.test>, mailer=conbool, relay=mail.conbool.com. [198.18.0.3], dsn=2.0.0, stat=Sent (ok)
2026-11-22T15:33:49+0000 mx sm-mta[283]: 6AMFXm0q000282: to=<e@bounce.test>, mailer=conbool, relay=mx.bounce.test. [198.18.0.4], dsn=5.1.1, stat=User unknown
2026-11-22T15:33:49+0000 mx sm-mta[283]: 6AMFXm0q000282: 6AMFXmvb000283: DSN: User unknown
2026-11-22T15:33:49+0000 mx sm-mta[283]: 6AMFXmvb000283: to=<alice@example.com>, mailer=local, dsn=2.0.0, stat=Sent
2026-11-22T15:33:50+0000 mx sm-mta[290]: 6AMFXmzz000290: from=<x@example.com>, msgid=<other@example.com>, relay=[127.0.0.1]
""".splitlines()
QUEUE_FILE = """\
V8
T1795361628
K1795361628
N%d
P30
MDeferred: Connection refused by mail.conbool.com.
$_[127.0.0.1]
${conbool_direct}1
S<alice@example.com>
rRFC822; a@external.test
RPFD:<a@external.test>
RPFD:b@external.test
H?P?Return-Path: <g>
H??Subject: flow-0000000001: title
\tgoes on
HFrom: alice@example.com
.
"""


@pytest.fixture(name='adapter')
def fixture_adapter():
    return adapters.load('sendmail')()


def test_verification_is_that_of_the_process_that_sent(adapter):
    assert adapter.verification([ONE, TWO, THREE], LOG, GATEWAY) == {
        ONE: {'a@external.test': 'Verified', 'b@external.test': 'Verified'},
        TWO: {'c@external.test': 'FAIL'},
        THREE: {'d@external.test': 'clear'},
    }


def test_lines_about_a_message_are_those_of_all_its_queue_files_and_reports(adapter):
    assert adapter.lines_about(ONE, LOG) == [LOG[0], LOG[2], LOG[3], LOG[5]]
    assert adapter.lines_about(THREE, LOG) == LOG[9:14]


@pytest.mark.parametrize('tries, queue', [(0, 'active'), (2, 'deferred')])
def test_queue_files_are_read(tmp_path, tries, queue):
    (tmp_path / 'qf6AMFXm0q000271').write_text(QUEUE_FILE % tries, encoding='utf-8')
    (tmp_path / 'df6AMFXm0q000271').write_text('the body\n', encoding='utf-8')
    (tmp_path / 'qfother').write_text('V8\nN0\nHSubject: other\n.\n', encoding='utf-8')
    (tmp_path / 'dfother').write_text('', encoding='utf-8')
    found = list(agent._sendmail_queue(tmp_path, b'flow-00', set()))
    assert len(found) == 1
    assert (found[0]['queue'], found[0]['sender']) == (queue, 'alice@example.com')
    assert found[0]['recipients'] == [
        [name, 'Deferred: Connection refused by mail.conbool.com.'] for name in ('a@external.test', 'b@external.test')
    ]
    assert base64.b64decode(
        found[0]['content']
    ) == b'Return-Path: <g>\nSubject: flow-0000000001: title\n\tgoes on\nFrom: alice@example.com\n.\n\nthe body\n'.replace(
        b'.\n\n', b'\n'
    )


def test_forged_headers_stay_where_they_cannot_be_taken_away(adapter):
    cases = {case.id: case for case in loader.Table().cases}
    case = cases['O11.all']
    assert case.expect[0].absent and _as_far_as_possible(case, adapter).expect[0].absent == ()
    assert _as_far_as_possible(case, adapters.load('postfix')()) == case
    assert _as_far_as_possible(cases['O11.others-stay'], adapter).expect == cases['O11.others-stay'].expect


def test_behind_sendmail_it_is_the_hop_that_verifies():
    adapter = adapters.load('sendmail_hop')()
    lines = LOG[:6] + [
        '2026-11-22T15:33:48+0000 mx conbool-hop/cleanup[7]: C4ED53: message-id=<flow-0000000001@flow.example.com>',
        (
            '2026-11-22T15:33:48+0000 mx conbool-hop/smtp[8]: Verified TLS connection established to'
            ' mail.conbool.com[198.18.0.3]:25: TLSv1.3'
        ),
        (
            '2026-11-22T15:33:48+0000 mx conbool-hop/smtp[8]: C4ED53: to=<a@external.test>,'
            ' relay=mail.conbool.com[198.18.0.3]:25, delay=0, status=sent (ok)'
        ),
    ]
    assert adapter.verification([ONE], lines, GATEWAY) == {ONE: {'a@external.test': 'Verified'}}
    about = '\n'.join(adapter.lines_about(ONE, lines))
    assert 'C4ED53' in about and 'sm-mta[271]' in about
    assert adapter.variables and 'O6.nested' not in adapter.expected_failures and 'T3' in adapter.expected_failures
    assert adapter.flush_request()['postfix_queues'] == adapter.look_request()['postfix_queues']
