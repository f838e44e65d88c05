# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double's directory server answers Postfix's and saslauthd's questions; real ones ask it in tests/lab."""

from __future__ import annotations

import io
import socket
import threading

import pytest

from lab.zimbra import ber, ldap, site
from lab.zimbra.store import Store, write_json

ALICE = 'uid=alice,ou=people,dc=example,dc=com'


@pytest.fixture(name='ask')
def fixture_ask(tmp_path):
    """Sends one operation; returns the answers up to the last, each as tag and parts."""
    store = Store(tmp_path / 'store.json')
    data = site.new_store()
    data['accounts'] = site.accounts('mail.example.com')
    write_json(store.path, data)
    server = ldap.Server(('::1', 0), store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = socket.create_connection(server.server_address[:2], timeout=5)
    stream = connection.makefile('rb')

    def ask(operation):
        connection.sendall(ber.encode(ber.SEQUENCE, ber.integer(7), operation))
        answers = []
        while not answers or answers[-1][0] == ldap.ENTRY:
            (dummy, number), (tag, content) = ber.parts(ber.read(stream)[1])
            assert ber.number(number) == 7
            answers.append((tag, ber.parts(content)))
        return answers

    yield ask
    connection.close()
    server.shutdown()
    server.server_close()


def bind(name, password):
    return ber.encode(ldap.BIND, ber.integer(3), ber.text(name), ber.encode(0x80, password.encode()))


def equal(name, value):
    return ber.encode(ldap.EQUAL, ber.text(name), ber.text(value))


def search(condition, *names, base=''):
    head = (
        ber.text(base),
        ber.integer(2, ber.ENUMERATED),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(0),
        ber.integer(0),
    )
    wanted = ber.encode(ber.SEQUENCE, *map(ber.text, names))
    return ber.encode(ldap.SEARCH, *head, ber.encode(0x01, b'\0'), condition, wanted)


def code(answers):
    return ber.number(answers[-1][1][0][1])


def found(answers):
    """Distinguished name -> attribute -> values."""
    return {
        name.decode(): {
            attribute.decode(): [value.decode() for dummy, value in ber.parts(values)]
            for (dummy, attribute), (dummy, values) in (ber.parts(each) for dummy, each in ber.parts(attributes))
        }
        for tag, ((dummy, name), (dummy, attributes)) in (answer for answer in answers if answer[0] == ldap.ENTRY)
    }


@pytest.mark.parametrize(
    ('name', 'password', 'result'),
    [
        ('', '', ldap.SUCCESS),
        ('uid=zmpostfix,cn=appaccts,cn=zimbra', 'any', ldap.SUCCESS),
        (ALICE, 'lab-password', ldap.SUCCESS),
        (ALICE, 'wrong', ldap.INVALID_CREDENTIALS),
        (ALICE, '', ldap.INVALID_CREDENTIALS),
        ('uid=nobody,ou=people,dc=example,dc=com', 'lab-password', ldap.INVALID_CREDENTIALS),
    ],
)
def test_bind(ask, name, password, result):
    assert code(ask(bind(name, password))) == result


def test_a_table_of_postfix_gets_what_it_asks_for(ask):
    aliases = ber.encode(
        ldap.OR, equal('zimbraMailDeliveryAddress', 'Bob@Example.com'), equal('zimbraMailAlias', 'bob@example.com')
    )
    condition = ber.encode(ldap.AND, aliases, equal('zimbraMailStatus', 'enabled'))
    answers = ask(
        search(condition, 'zimbraMailDeliveryAddress', 'zimbraPrefMailForwardingAddress', 'zimbraMailForwardingAddress')
    )
    assert code(answers) == ldap.SUCCESS
    assert found(answers) == {
        'uid=bob,ou=people,dc=example,dc=com': {
            'zimbraMailDeliveryAddress': ['bob@example.com'],
            'zimbraPrefMailForwardingAddress': ['bob@external.test'],
        }
    }


def test_lists_and_domains_are_found_too(ask):
    assert found(ask(search(equal('mail', 'fwd@example.com'), 'zimbraMailForwardingAddress'))) == {
        'uid=fwd,ou=people,dc=example,dc=com': {'zimbraMailForwardingAddress': ['fwd@external.test']}
    }
    assert list(found(ask(search(equal('zimbraDomainName', 'sub.example.co.uk'))))) == ['dc=sub,dc=example,dc=co,dc=uk']


def test_below_a_base_only_and_never_a_password(ask):
    everybody = ber.encode(ldap.PRESENT, b'userPassword')
    assert not found(ask(search(everybody, base='dc=sub,dc=example,dc=co,dc=uk')))
    shown = found(ask(search(everybody, base='dc=example,dc=com')))
    assert len(shown) == 2 and 'userpassword' not in {name.lower() for entry in shown.values() for name in entry}


def test_what_it_cannot_do_is_said(ask):
    assert code(ask(search(ber.encode(0xA4, b'')))) == ldap.UNWILLING
    assert code(ask(ber.encode(ldap.EXTENDED, ber.encode(0x80, b'1.3.6.1.4.1.1466.20037')))) == ldap.PROTOCOL_ERROR
    assert code(ask(ber.encode(0x66, ber.text(ALICE)))) == ldap.UNWILLING


@pytest.mark.parametrize('length', [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x12345])
def test_lengths(length):
    encoded = ber.encode(ber.OCTETS, b'x' * length)
    assert ber.read(io.BytesIO(encoded)) == (ber.OCTETS, b'x' * length)
    assert ber.parts(encoded + encoded) == [(ber.OCTETS, b'x' * length)] * 2
    assert ber.read(io.BytesIO(b'')) is None
    with pytest.raises(EOFError):
        ber.read(io.BytesIO(encoded[:-1]))


@pytest.mark.parametrize('value', [0, 1, 127, 128, -1, -128, -129, 65536])
def test_numbers(value):
    assert ber.number(ber.parts(ber.integer(value))[0][1]) == value
