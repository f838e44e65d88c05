# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only this host's own notices are its own."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.senders import senders

from tests.unit.fakes.hop import configure, rules, service, table

OWN = 'double-bounce@mx.example.com'


def of(**mta):
    configuration = configure(mta=mta)
    return sorted(table(configuration, 'senders')['entries']), rules(configuration, 'own_mail')


def test_the_default():
    named, own = of()
    assert named == ['<>', OWN]
    assert [bool(pattern.search(OWN)) for pattern, dummy in own] == [False, True]


@pytest.mark.parametrize(
    'sender',
    ['double-bounce@elsewhere.test', 'double-bounce@mxxexample.com', f'x{OWN}', f'{OWN}.test', 'double-bounce@'],
)
def test_nobody_elses(sender):
    named, own = of()
    assert sender not in named and not any(pattern.search(sender) for pattern, dummy in own)


def test_the_mail_servers_and_the_hops():
    configuration = configure(mta={'double_bounce_sender': 'Nobody', 'myorigin': 'Example.com'})
    assert table(configuration, 'senders')['entries'] == {
        '<>': 'FILTER direct:',
        'nobody@example.com': 'FILTER direct:',
        # It writes none to itself; whoever else does is like anybody, and does not get its mail back.
        'double-bounce@example.com': 'FILTER gateway:[mail.conbool.com]:25',
    }
    own = rules(configuration, 'own_mail')
    assert not any(pattern.search('nobody@example.com') for pattern, dummy in own)


def test_a_mail_server_that_is_no_postfix_has_no_such_sender():
    expanded = {'myhostname': 'mx.example.com', 'myorigin': 'mx.example.com'}
    assert senders({'expanded': expanded}, 'direct', 'gateway') == {'<>': 'direct', OWN: 'gateway'}


def test_the_origin_can_be_in_a_file(tmp_path):
    (tmp_path / 'mailname').write_text('Mail.example.org \nmore\n')
    assert of(myorigin=str(tmp_path / 'mailname'))[0] == ['<>', 'double-bounce@mail.example.org']
    assert of(myorigin=str(tmp_path / 'missing'))[0] == ['<>', OWN]


GATEWAY = 'FILTER gateway:[mail.conbool.com]:25'
MARK = 'X-Conbool-Null-Sender: user'


def action(configuration, path, header):
    return next((action for pattern, action in rules(configuration, path) if pattern.search(header)), None)


def test_what_a_user_hands_in_is_not_the_servers():
    configuration = configure({'bypass_null_sender': 'server'}, wash_port=10028)
    assert set(table(configuration, 'senders')['entries'].values()) == {'FILTER direct:'}
    assert action(configuration, 'header_checks', MARK) == GATEWAY
    assert action(configuration, 'header_checks', 'X-Conbool-Released: yes') == 'FILTER direct:'
    assert table(configuration, 'user_senders')['entries'] == {'<>': GATEWAY, OWN: GATEWAY}
    listener = service(configuration, '127.0.0.1:10028')['options']
    assert listener['smtpd_sender_restrictions'] == 'check_sender_access texthash:/etc/conbool-hop/user_senders'
    assert configuration['parameters']['smtp_header_checks'] == 'regexp:/etc/conbool-hop/without_mark'
    assert action(configuration, 'without_mark', MARK) == 'IGNORE'


@pytest.mark.parametrize('mode', [True, False])
def test_otherwise_nothing_is_told_apart(mode):
    configuration = configure({'bypass_null_sender': mode}, wash_port=10028)
    assert action(configuration, 'header_checks', MARK) is None
    assert 'smtp_header_checks' not in configuration['parameters']
    assert service(configuration, '127.0.0.1:10028')['options'] == {'cleanup_service_name': 'wash'}
    assert not {'without_mark', 'user_senders'} & {entry['path'] for entry in configuration['tables']}
