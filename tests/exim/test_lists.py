# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom Exim takes mail from, what it says to others, and which headers it takes away: asked of a real one (-bh)."""

from __future__ import annotations

import re

import pytest

from tests.exim.host import LAN, MACROS, OURS, STRANGER


@pytest.mark.parametrize('port', [25, 587])
def test_no_port_is_open_to_strangers(exim, port):
    """Debian's list takes mail for local domains on 587 from anybody, without a log-in."""
    assert exim.made().returncode == 0
    assert exim.told(STRANGER, 'alice@example.com', port).startswith(
        '554 5.7.1 this server takes mail from its gateway'
    )
    by_port = r'${if eq{$received_port}{25}{' + OURS + '}{acl_check_rcpt}}'
    assert exim.made(edit={'main': lambda text: text.replace(OURS, by_port)}).returncode == 0
    assert exim.told(STRANGER, 'alice@example.com', port)[:3] == {25: '554', 587: '250'}[port]


def test_a_list_of_hosts_that_cannot_be_asked_opens_nothing(exim):
    """That a list defers is a failed expansion for the option that chose it, and then no list at all was asked: anybody
    could send to anybody, whenever DNS was away."""
    site = {MACROS: 'MAIN_RELAY_NETS = net-mysql;select 1\n'}
    assert exim.made(files=site).returncode == 0
    for recipient in ('x@external.test', 'alice@example.com'):
        assert exim.told(STRANGER, recipient)[:3] == '451'
    # A server that is not there is asked by the site's own list, too; whom the inventory names gets as far as that.
    assert 'using ACL "acl_check_rcpt"' in exim.talked(LAN, 'alice@example.com').stderr
    name = 'acl_conbool_client:\n'
    asking = name + '  accept\n    hosts = +relay_from_hosts\n\nacl_conbool_before:\n'
    assert exim.made(files=site, edit={'acl': lambda text: text.replace(name, asking)}).returncode == 0
    assert exim.told(STRANGER, 'x@external.test')[:3] == '250'


def test_the_site_s_refusals_keep_their_words(exim):
    assert exim.made().returncode == 0
    assert exim.told(LAN, 'x@external.test') == '550 relay not permitted'
    assert exim.told(LAN, 'alice@example.com')[:3] == '250'
    assert exim.told('127.0.0.1', 'x@external.test')[:3] == '250'
    around = 'acl_around:\n  accept acl = acl_check_rcpt\n  deny\n'
    edit = {'main': lambda text: text.replace(OURS, 'acl_around'), 'acl': lambda text: text + around}
    assert exim.made(edit=edit).returncode == 0
    assert exim.told(LAN, 'x@external.test') == '550 Administrative prohibition'


def test_the_gateway_is_asked_for_tls_and_only_for_hosted_domains(exim):
    assert exim.made().returncode == 0
    address = exim.settings['networks'][0]
    assert exim.told(address, 'alice@example.com').startswith('450 4.7.1 encryption is required')
    assert exim.told(address, 'x@external.test')[:3] == '450'


@pytest.mark.parametrize(
    'address, port, counts', [(LAN, 25, True), (LAN, 10025, False), ('127.0.0.1', 10025, True), ('::1', 10025, True)]
)
def test_what_a_content_filter_brings_back_keeps_its_marks(exim, address, port, counts):
    """By a port of its own, on this host: the gateway's flag was lost there, and what had to go direct went to it."""
    assert exim.made().returncode == 0
    marked = b'From: x@external.test\nX-Conbool-Released: yes\n\ntext\n'
    way = exim.router_of(marked, address, 'fwd@example.com', port)
    assert way == ('conbool_direct' if counts else 'conbool_gateway')


def test_headers_of_a_thousand_domains_are_not_too_many(exim):
    """Named all at once, they were: "string_sprintf expansion was longer than 32768", and 421 to every user."""
    names = [f'X-Conbool-customer-number-{number}-example-com' for number in range(1000)]
    assert exim.made({'wash_networks': [LAN], 'loop_headers': names}).returncode == 0
    forged = f'From: x@external.test\n{names[-1]}: true\n\ntext'.encode()
    assert exim.router_of(forged, '127.0.0.1', 'fwd@example.com') == 'conbool_direct'
    assert exim.router_of(forged, LAN, 'fwd@example.com') == 'conbool_gateway'


@pytest.mark.parametrize(
    'before', [b'', b''.join(b'X-Fill-%d: %s\n' % (number, b'x' * 900) for number in range(90))], ids=['first', 'far']
)
def test_a_forged_header_is_taken_away_wherever_it_stands(exim, before):
    """In one variable Exim has the first 64 KB of all headers only."""
    wash = {'wash_networks': [LAN]}
    forged = b'From: x@external.test\n' + before + b'X-Conbool-Released: yes\n\ntext'
    assert exim.made(wash).returncode == 0
    assert exim.router_of(forged, LAN, 'fwd@example.com') == 'conbool_gateway'
    by_list = re.compile(r'    remove_header = \$\{if def:.*\n')
    assert exim.made(wash, {'acl': lambda text: by_list.sub('', text)}).returncode == 0
    assert exim.router_of(forged, LAN, 'fwd@example.com') == ('conbool_direct' if before else 'conbool_gateway')
