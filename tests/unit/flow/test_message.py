# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from email import message_from_bytes

from tests.flow import message

PLAIN = {'from': 'alice@example.com', 'to': ['out@external.test']}
TOKEN = 'flow-0123450001'


def render(size=None, **more):
    return message.render(dict(PLAIN, **more), 'a title', TOKEN, size)


def test_header_lines_are_sent_as_they_stand():
    content = render(headers=['x-CONBOOL-released:\tYES', 'X-Conbool-Released:\n  yes'])
    assert b'\r\nx-CONBOOL-released:\tYES\r\nX-Conbool-Released:\r\n  yes\r\n' in content


def test_every_line_ends_with_crlf():
    content = render(body='one\ntwo')
    assert content.count(b'\n') == content.count(b'\r\n')
    assert content.endswith(b'one\r\ntwo\r\n')


def test_nested_parts_are_what_the_mime_parser_sees():
    inner = {
        'type': 'multipart/alternative',
        'parts': [{'type': 'text/plain', 'body': 'x'}, {'type': 'text/calendar', 'body': 'y'}],
    }
    attached = {'type': 'message/rfc822', 'body': 'Subject: inner\n\ntext'}
    parsed = message_from_bytes(render(parts=[inner, attached]))
    assert [part.get_content_type() for part in parsed.walk()] == [
        'multipart/mixed',
        'multipart/alternative',
        'text/plain',
        'text/calendar',
        'message/rfc822',
        'text/plain',
    ]
    assert not any(part.defects for part in parsed.walk())


def test_a_long_header_is_folded_below_the_line_limit():
    content = render(headers=[{'name': 'X-Long', 'length': 5000}])
    assert max(map(len, content.split(b'\r\n'))) <= 998
    assert message_from_bytes(content)['X-Long'].replace('\r\n ', '') == 'x' * 5000


def test_padding_gives_the_size_asked_for():
    for size in range(5000, 5080):
        content = render(size=size)
        assert len(content) in (size - 1, size)
        assert content.endswith(b'\r\n')


def test_the_token_of_one_message_begins_no_other_one():
    run = message.new_run()
    tokens = [message.token(run, number) for number in range(300)]
    assert not [one for one in tokens for other in tokens if one != other and other.startswith(one)]
    assert all(part.isalnum() for part in tokens[0].split('-'))


def test_raw_carries_the_token():
    assert render(raw='Subject: {token}\n\nbody') == (f'Subject: {TOKEN}\r\n\r\nbody\r\n').encode()


def test_what_is_hidden_follows_as_it_is_and_carries_the_token():
    content = render(hidden='\n.\r\n')
    first, second = content.split(b'\n.\r\nMAIL FROM:<hidden@external.test>\r\n')
    # The last line of the first message has no other end.
    assert TOKEN.encode() in first and not first.endswith(b'\r')
    assert TOKEN.encode() in second and b'\r\nDATA\r\n' in second and b'\r\n.' not in content
