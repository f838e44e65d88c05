# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim says, read: options, lists, ways, expansions, and what waits in its queue. Its words are those of 4.96."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import commands
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program, items
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.facts import deliveries, networks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.queue import Look

GATEWAY = 'conbool_gateway for someone@conbool-verify.invalid'
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


class Exim:
    """A command that says what it is told to, by its first option behind the configuration."""

    def __init__(self, monkeypatch, **said):
        monkeypatch.setattr(commands, 'COMMANDS', ('/bin/true',))
        self.said, self.asked = said, []

    def __call__(self, words, data=None, **dummy):
        rest = words[3:] if words[1] == '-C' else words[1:]
        self.asked.append((words, data))
        said = self.said[rest[0].lstrip('-')]
        status, out, err = said(rest, data) if callable(said) else (0, said, '')
        return status, out.encode(), err.encode()


@pytest.mark.parametrize(
    'text, found',
    [
        ('', []),
        ('127.0.0.1 : ::::1', ['127.0.0.1', '::1']),
        ('<; 192.0.2.0/24 ; 2001:db8::/32 ; 127.0.0.1 ; ::1', ['192.0.2.0/24', '2001:db8::/32', '127.0.0.1', '::1']),
        (' : @[] : lan.example', ['@[]', 'lan.example']),
    ],
)
def test_a_list_is_read_with_its_separator(text, found):
    assert items(text) == found


def test_networks_that_may_relay_are_those_with_addresses_and_not_loopback():
    assert networks('<; 192.0.2.9/24 ; 127.0.0.0/8 ; ::1 ; @[] ; [192.0.2.1]') == ['192.0.2.0/24', '192.0.2.1/32']


def test_a_configuration_that_is_not_in_force_is_named(monkeypatch):
    exim = Exim(
        monkeypatch, bP='acl_smtp_data = acl_check_data\nno_message_body_newlines\nmessage_body_visible = 500\n'
    )
    found = Program(exim, '/x').options('acl_smtp_data', 'message_body_newlines', 'message_body_visible')
    assert found == {'acl_smtp_data': 'acl_check_data', 'message_body_newlines': '', 'message_body_visible': '500'}
    assert exim.asked[0][0][:4] == ['/bin/true', '-C', '/x', '-bP']


@pytest.mark.parametrize(
    'out, way',
    [
        (
            'x@e.test\n  router = conbool_gateway, transport = conbool_smtp\n  host mail.conbool.com [192.0.2.1]\n',
            ('conbool_gateway', 'conbool_smtp', 'mail.conbool.com'),
        ),
        ('a@b\n    <-- postmaster@b\n  router = local_user, transport = lmtp\n', ('local_user', 'lmtp', '')),
        ('x@e.invalid is undeliverable: Unrouteable address\n', ('', '', '')),
    ],
)
def test_a_way_is_router_transport_and_host(monkeypatch, out, way):
    found = Program(Exim(monkeypatch, bt=out)).way('', 'x@e.test')
    assert found[:3] == way and found.said == ' '.join(out.split())


def test_what_cannot_be_expanded_is_no_way(monkeypatch):
    """Exim logs it and asks the next router: -bV is content with such a configuration, and the exit status is 0."""
    said = 'failed to expand condition "${if nonsense}" for conbool_direct router: unknown condition "nonsense"'
    exim = Exim(monkeypatch, bt=lambda words, data: (0, 'x@e.test\n  router = b, transport = c\n', said))
    with pytest.raises(EximError, match='unknown condition'):
        Program(exim).way('a@b', 'x@e.test')


def test_expansions_are_answered_line_by_line(monkeypatch):
    exim = Exim(monkeypatch, be='> local\n> none\n> \n')
    assert Program(exim).expand(['a', 'b']) == ['local', 'none']
    with pytest.raises(EximError):
        Program(Exim(monkeypatch, be='> Failed: unknown expansion item "x"\n')).expand(['a'])
    with pytest.raises(EximError):
        Program(Exim(monkeypatch, be='')).expand(['a'])


def test_who_delivers_a_domain_is_the_transport_of_its_users(monkeypatch):
    options = {'lmtp': 'driver = lmtp\nsocket = /run/lmtp\n', 'pipe': 'driver = pipe\ncommand = "/usr/bin/lda -d x"\n'}
    ways = {
        'postmaster@a.test': ('r', 'lmtp'),
        'postmaster@b.test': ('smarthost', 'remote'),
        'postmaster@c.test': ('r', 'remote'),
    }
    exim = Exim(
        monkeypatch,
        be='> local\n> local\n> relay\n',
        bt=lambda words, data: (0, '  router = {}, transport = {}\n  host mx\n'.format(*ways[words[-1]]), ''),
        bP=lambda words, data: (0, options.get(words[-1], 'driver = smtp\n'), ''),
    )
    found = deliveries(Program(exim), ['a.test', 'b.test', 'c.test'], 'pipe')
    assert [(item['agent'], item['target']) for item in found] == [
        ('lmtp', '/run/lmtp'),
        ('command', '/usr/bin/lda'),
        ('other', ''),
    ]


def test_a_domain_that_is_not_its_own_is_refused(monkeypatch):
    with pytest.raises(EximError, match='not responsible for b.test'):
        deliveries(Program(Exim(monkeypatch, be='> local\n> none\n')), ['a.test', 'b.test'], 'x')


@pytest.mark.parametrize('folder', ['msglog', 'msglog/V'])
def test_a_message_that_waits_says_why_and_is_stuck_by_the_last_try(monkeypatch, tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True)
    log = tmp_path / folder / '1xY7kV-0001gB-09'
    log.write_text(LOG)
    look = Look(Program(Exim(monkeypatch, bp=QUEUE)), str(tmp_path), 'mail.conbool.com')
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
        'mail.conbool.com [192.0.2.1] defer (111): Connection refused',
        'mx.test [192.0.2.9] defer (-37): TLS session: failed',
    )
    (tmp_path / 'msglog/1xY7kV-0001gB-09').write_text(text)
    look = Look(Program(Exim(monkeypatch, bp=QUEUE)), str(tmp_path), 'mail.conbool.com')
    look.end()
    assert look.stuck() == []
