# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.flow import adapters

ONE, TWO = 'flow-0000000001', 'flow-0000000002'
LOG = """\
Nov 22 07:00:01 mx postfix/cleanup[10]: 4A0000001: message-id=<flow-0000000001@flow.example.com>
Nov 22 07:00:01 mx postfix/conbool-hop/smtp[11]: 4A0000001: to=<a@external.test>, relay=127.0.0.1[127.0.0.1]:325, delay=0.1, dsn=2.0.0, status=sent (250)
Nov 22 07:00:01 mx conbool-hop/cleanup[20]: 4B0000001: message-id=<flow-0000000001@flow.example.com>
Nov 22 07:00:02 mx conbool-hop/smtp[21]: Verified TLS connection established to mail.conbool.com[198.18.0.3]:25: TLSv1.3 with cipher X
Nov 22 07:00:02 mx conbool-hop/smtp[21]: 4B0000001: to=<A@external.test>, relay=mail.conbool.com[198.18.0.3]:25, delay=0.1, dsn=2.0.0, status=sent (250)
Nov 22 07:00:03 mx conbool-hop/cleanup[20]: 4B0000002: message-id=<flow-0000000002@flow.example.com>
Nov 22 07:00:04 mx conbool-hop/smtp[22]: Untrusted TLS connection established to mx.bounce.test[198.18.0.4]:25: TLSv1.3 with cipher X
Nov 22 07:00:04 mx conbool-hop/smtp[22]: 4B0000002: to=<b@external.test>, relay=mx.external.test[198.18.0.4]:25, delay=0.1, dsn=2.0.0, status=sent (250)
Nov 22 07:00:04 mx conbool-hop/smtp[23]: 4B0000002: to=<c@bounce.test>, relay=mx.bounce.test[198.18.0.4]:25, delay=0.1, dsn=5.1.1, status=bounced (550)
Nov 22 07:00:05 mx conbool-hop/bounce[24]: 4B0000002: sender non-delivery notification: 4B0000003
Nov 22 07:00:05 mx conbool-hop/qmgr[25]: 4B0000003: from=<>, size=1, nrcpt=1 (queue active)
Nov 22 07:00:06 mx conbool-hop/qmgr[25]: 4B0000009: from=<>, size=1, nrcpt=1 (queue active)
""".splitlines()


@pytest.fixture(name='adapter')
def fixture_adapter():
    return adapters.load('postfix')()


def test_the_level_of_a_delivery_is_that_of_its_process(adapter):
    assert adapter.verification([ONE, TWO], LOG, ['198.18.0.3']) == {ONE: {'a@external.test': 'Verified'}, TWO: {}}
    assert adapter.verification([ONE, TWO], LOG, ['198.18.0.4']) == {ONE: {}, TWO: {'b@external.test': 'Untrusted'}}


def test_a_copy_that_went_elsewhere_says_nothing_about_the_gateway(adapter):
    elsewhere = LOG[4].replace('[21]', '[26]').replace('mail.conbool.com[198.18.0.3]', 'mx.external.test[198.18.0.4]')
    assert adapter.verification([ONE], LOG + [elsewhere], ['198.18.0.3']) == {ONE: {'a@external.test': 'Verified'}}


def test_a_delivery_without_tls_is_in_clear(adapter):
    lines = [line for line in LOG if 'TLS connection' not in line]
    assert adapter.verification([TWO], lines, ['198.18.0.4'])[TWO] == {'b@external.test': 'clear'}


def test_the_lines_about_a_message_include_the_report_about_it(adapter):
    lines = adapter.lines_about(TWO, LOG)
    assert [line.split(']: ')[1][:9] for line in lines] == [
        '4B0000002',
        '4B0000002',
        '4B0000002',
        '4B0000002',
        '4B0000003',
    ]


def test_an_unknown_mail_server_is_named():
    with pytest.raises(ValueError, match="no adapter for the mail server 'pigeon', only for .*postfix"):
        adapters.load('pigeon')
