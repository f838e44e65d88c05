# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that a FILTER action has sent somewhere, in queue files as Postfix writes them."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix import queue_filters

WASH, OTHER = 'conbool-wash:[127.0.0.1]:10028', 'smtp:[192.0.2.1]'


def record(kind, data):
    length, size = len(data), b''
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return kind + size + bytes([length]) + data


def queue_file(body=b'hello', before=(), behind=()):
    """The records of a message: its size, the envelope, the text, and what cleanup(8) adds."""
    envelope = record(b'T', b'1 2') + b''.join(record(b'L', item) for item in before) + record(b'S', b'alice')
    envelope += record(b'R', b'bob') + record(b'M', b'')
    lines = [body[index : index + 1000] for index in range(0, len(body), 1000)]
    text = b''.join(record(b'N', item) for item in lines)
    extracted = record(b'X', b'') + b''.join(record(b'L', item) for item in behind) + record(b'E', b'')
    size = b'%15d %15d %15d %15d %15d' % (len(text), 2 + 79 + len(envelope), 1, 0, len(body))
    return record(b'C', size) + envelope + text + extracted


@pytest.fixture(name='queue')
def fixture_queue(tmp_path):
    def put(name, *arguments, **more):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(queue_file(*arguments, **more))
        return path

    return put


class Postcat:
    def __init__(self):
        self.asked, self.status = [], 0

    config_dir = '/etc/postfix'

    def run(self, *words):
        assert words[:4] == ('postcat', '-c', '/etc/postfix', '-e')
        self.asked.append(words[4].rpartition('/')[2])
        if self.status:
            return self.status, b'', b'postcat: fatal: no'
        with open(words[4], 'rb') as stream:
            data = stream.read()
        found, index = [], 0
        while index < len(data):
            kind, length, shift, index = data[index : index + 1], 0, 0, index + 1
            while True:
                length, shift, index = length | (data[index] & 127) << shift, shift + 7, index + 1
                if data[index - 1] < 128:
                    break
            if kind == b'L':
                found.append(f'content_filter: {data[index : index + length].decode()}\n')
            index += length
        return 0, ('sender: alice\n' + ''.join(found)).encode(), b''


def messages(tmp_path, postcat):
    return queue_filters.messages_filtered_to(postcat, str(tmp_path), ['conbool-wash', 'conbool-flag'])


def test_a_message_on_a_detour_is_found_in_every_queue_from_which_mail_is_sent(tmp_path, queue):
    for number, name in enumerate(('incoming', 'active', 'deferred/A', 'hold', 'corrupt', 'maildrop')):
        queue(f'{name}/ID{number}', behind=[WASH.encode()])
    found = [(message.identifier, message.queue, message.value) for message in messages(tmp_path, Postcat())]
    assert found == [
        ('ID0', 'incoming', WASH),
        ('ID1', 'active', WASH),
        ('ID2', 'deferred', WASH),
        ('ID3', 'hold', WASH),
    ]


def test_postcat_is_asked_of_what_has_the_bytes_outside_of_the_text(tmp_path, queue):
    queue('deferred/TEXT', body=WASH.encode() * 500)
    queue('deferred/NONE', behind=[OTHER.encode()])
    queue('deferred/LONG', body=b'x' * 20000, behind=[WASH.encode()])
    queue('deferred/FRONT', body=b'x' * 20000, before=[WASH.encode()])
    postcat = Postcat()
    assert [message.identifier for message in messages(tmp_path, postcat)] == ['FRONT', 'LONG']
    assert sorted(postcat.asked) == ['FRONT', 'LONG']


def test_the_last_filter_counts(tmp_path, queue):
    queue('deferred/THERE', before=[OTHER.encode()], behind=[WASH.encode()])
    queue('deferred/ELSEWHERE', before=[WASH.encode()], behind=[OTHER.encode()])
    assert [message.identifier for message in messages(tmp_path, Postcat())] == ['THERE']


def test_a_file_without_a_size_is_read_whole(tmp_path, queue):
    path = queue('deferred/ID')
    path.write_bytes(record(b'N', b'x' * 9000) + record(b'L', WASH.encode()))
    assert [message.identifier for message in messages(tmp_path, Postcat())] == ['ID']


def test_what_is_delivered_meanwhile_is_no_failure_and_what_cannot_be_read_is(tmp_path, queue):
    path, postcat = queue('deferred/ID', behind=[WASH.encode()]), Postcat()
    postcat.status = 1
    with pytest.raises(HostError, match='ID: fatal: no'):
        messages(tmp_path, postcat)

    class Delivered(Postcat):
        def run(self, *words):
            path.unlink()
            return postcat.run(*words)

    assert messages(tmp_path, Delivered()) == []


def test_no_queue_has_no_messages(tmp_path):
    assert messages(tmp_path / 'none', Postcat()) == []
