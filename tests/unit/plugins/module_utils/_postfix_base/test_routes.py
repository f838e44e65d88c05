# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogue with trivial-rewrite, against a resolver that answers from a script."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.routes import (
    HeaderChecks,
    RewriteError,
    decode,
    encode,
    foreign,
    route,
    routes_of,
)

ANSWER = [
    ('flags', '0'),
    ('transport', 'conbool-hop'),
    ('nexthop', '[127.0.0.1]:325'),
    ('recipient', 'a@external.test'),
    ('flags', str(1 << 12)),
]


@pytest.fixture
def resolver(tmp_path):
    """Start a resolver that sends the given chunks; returns the queue directory and what was asked."""
    os.mkdir(tmp_path / 'private')
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / 'private' / 'rewrite'))
    listener.listen(1)
    asked = []

    def start(*chunks):
        def serve():
            connection = listener.accept()[0]
            with connection:
                asked.append(decode(connection.recv(4096))[0])
                for chunk in chunks:
                    connection.sendall(chunk)

        threading.Thread(target=serve, daemon=True).start()
        return str(tmp_path)

    yield start, asked
    listener.close()


def test_route_of_an_old_postfix_without_greeting(resolver):
    start, asked = resolver
    assert route(start(encode(ANSWER)), 'alice@example.com', 'a@external.test') == {
        'transport': 'conbool-hop',
        'next_hop': '[127.0.0.1]:325',
        'recipient': 'a@external.test',
        'address_class': 'default',
    }
    assert asked == [[('request', 'resolve'), ('sender', 'alice@example.com'), ('address', 'a@external.test')]]


def test_greeting_of_a_new_postfix_is_skipped_and_pieces_are_joined(resolver):
    whole = encode([('protocol', 'trivial_protocol')]) + encode(ANSWER)
    assert (
        route(resolver[0](*[whole[i : i + 7] for i in range(0, len(whole), 7)]), '', 'a@external.test')['transport']
        == 'conbool-hop'
    )


def test_failed_lookup_is_an_error(resolver):
    with pytest.raises(RewriteError, match='lookup table fails'):
        route(resolver[0](encode(ANSWER[:-1] + [('flags', str(1 << 3))])), '', 'a@external.test')


def test_closed_connection_is_an_error(resolver):
    with pytest.raises(RewriteError, match='closed'):
        route(resolver[0](encode(ANSWER)[:-1]), '', 'a@external.test')


def test_endless_reply_is_an_error(resolver):
    with pytest.raises(RewriteError, match='endless'):
        route(resolver[0](b'x' * 70000), '', 'a@external.test')


def test_stopped_postfix_is_an_error(tmp_path):
    with pytest.raises(RewriteError, match='private/rewrite: No such file'):
        route(str(tmp_path), '', 'a@external.test')


def test_domain_that_postfix_sends_elsewhere_is_foreign(resolver):
    start, asked = resolver
    assert foreign(routes_of(start(encode(ANSWER)), ['example.com'])) == ['example.com']
    assert dict(asked[0])['address'] == 'postmaster@example.com'


def test_domain_of_the_host_is_not_foreign(resolver):
    assert foreign(routes_of(resolver[0](encode(ANSWER[:-1] + [('flags', str(1 << 10))])), ['example.com'])) == []


class Postmap:
    """An instance whose postmap knows one header per table."""

    config_dir = '/etc/hop'

    def __init__(self, known, complaint=b''):
        self.known, self.complaint, self.asked = known, complaint, []

    def run(self, *argv):
        assert argv[:4] == ('postmap', '-c', '/etc/hop', '-q')
        self.asked.append(argv[5])
        action = self.known.get(argv[4:])
        return (0, action, b'') if action else (1, b'', self.complaint)


TABLES = {'header_checks': 'regexp:/a, regexp:/b', 'mime_header_checks': 'regexp:/m'}


@pytest.mark.parametrize(
    'header, tables, action',
    [
        ('X-A: b', ['regexp:/a', 'regexp:/b'], 'FILTER direct:'),
        ('content-type: x', ['regexp:/m'], 'HOLD'),
        ('MIME-Version: 1.0', ['regexp:/m'], ''),
        ('Content: x', ['regexp:/a', 'regexp:/b'], ''),
    ],
)
def test_header_is_looked_up_where_cleanup_does(header, tables, action):
    postmap = Postmap({('X-A: b', 'regexp:/b'): b'FILTER direct:\n', ('content-type: x', 'regexp:/m'): b'HOLD\n'})
    assert HeaderChecks(postmap, TABLES).action(header) == action
    assert postmap.asked == tables


def test_without_tables_nothing_is_asked():
    postmap = Postmap({})
    assert HeaderChecks(postmap, {'header_checks': ''}).action('X-A: b') == '' and postmap.asked == []


def test_table_that_cannot_be_read_is_an_error():
    with pytest.raises(RewriteError, match='open /a: No such file'):
        HeaderChecks(Postmap({}, b'postmap: fatal: open /a: No such file'), TABLES).action('X-A: b')
