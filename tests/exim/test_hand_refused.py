# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the way of ours in a configuration that somebody wrote: named by our own code, which asks a real Exim."""

from __future__ import annotations

import re

import pytest

from tests.exim.hand import CONFIG, MAIN, changed

# What is replaced in MAIN, by what, and what is said then; without words, it is an error of Exim's own.
IN_THE_WAY = {
    'a condition': (
        '  ignore_target',
        '  senders = *@example.com\n  ignore_target',
        'Router others.*not clear: senders = .*@example.com',
    ),
    'some messages only': (
        '  domains = partner.test',
        '  domains = ${if def:sender_host_authenticated{*}{partner.test}}',
        'Router partner.*not clear: domains = ',
    ),
    'a program': (
        '  driver = dnslookup\n',
        '  driver = queryprogram\n  command = /bin/true\n  command_user = mail\n',
        'queryprogram',
    ),
    'a list without a name': (
        'acl_smtp_rcpt = acl_check_rcpt',
        'acl_smtp_rcpt = accept',
        "acl_smtp_rcpt is 'accept'.*with a name",
    ),
    'another list of hosts': (
        'hostlist relay_from_hosts',
        'hostlist lan',
        'no list relay_from_hosts.*: hostlist ',
    ),
    'hosts that are asked': (
        'primary',
        'tls_try_verify_hosts = 10.0.0.1\nprimary',
        'Make it: tls_try_verify_hosts',
    ),
    'a fault': ('primary', 'X-C = 1\nprimary', ''),
    'a macro': ('primary', 'Con = 1\nprimary', r'macros of yours in words of our texts: Con \(in '),
    'cutthrough': (
        '  accept\nacl_check_data',
        '  accept control = cutthrough_delivery\nacl_check_data',
        'cutthrough_del',
    ),
    'addresses that begin behind ours': (
        'begin router\n',
        'begin router\nsrs:\n  driver = redirect\n  local_parts = fwd\n  data = a@b.test\n  redirect_router = others\n',
        r'begin with a router behind ours.*srs \(redirect_router = others',
    ),
    'our own text': (
        'begin router\n',
        'begin router\nconbool_gateway:\n  driver = accept\n  domains = a.test\n  transport = files\n',
        'texts of ours in it.*conbool_gateway',
    ),
}


@pytest.mark.full
@pytest.mark.parametrize('old, new, words', IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_what_is_in_the_way_is_named_and_nothing_changed(hand, old, new, words):
    text = changed(old, new)
    text = text.replace('+relay_from_hosts', '+lan') if 'hostlist lan' in text else text
    hand.write(main=text)
    before = hand.files()
    said = hand.run()
    assert hand.files() == before
    if words:
        assert re.search(words, ' | '.join(said['problems'])), said
    else:
        assert 'error' in said


@pytest.mark.full
def test_what_is_pasted_for_the_certificates_is_taken(hand):
    own = {'tls_ca_file': '/etc/mailname'}
    hand.write(main=MAIN)
    problems = hand.run(**own)['problems']
    found = re.search(r'Make it: (tls_verify_certificates = .*)', problems[0])
    assert len(problems) == 1 and found
    pasted = re.sub(r'tls_verify_certificates = .*\n.*\n', lambda dummy: found[1] + '\n', MAIN)
    hand.write(main=pasted)
    hand.present(**own)


@pytest.mark.full
def test_what_exim_does_not_take_is_put_back(hand):
    """The place of a list in a text that is made by a macro cannot be found."""
    hand.write(main='LIST = acl_check_rcpt\n' + MAIN.replace('  acl_check_rcpt :', 'LIST:'))
    hand.sh("sed -i '/^.ifdef NEVER/,/^.endif/d' " + CONFIG)
    before = hand.files()
    assert "no line 'acl_check_rcpt:'" in hand.run()['error'] and hand.files() == before


@pytest.mark.full
def test_mail_for_a_domain_behind_it_must_not_go_to_the_gateway(hand):
    """By its MX, which is the gateway for the one and not for the other, or by a router that names the gateway."""
    relayed = '  other.test\ndomainlist relay_to_domains = sub.example.co.uk : external.test'
    behind = changed('  sub.example.co.uk', relayed)
    hand.write(main=behind)
    said = hand.run(domains=['example.com', 'external.test'])
    assert said['info']['relayed'][0]['driver'] == 'dnslookup' and said['problems'] == []
    named = changed('domains = partner.test', 'domains = +relay_to_domains', behind)
    for text in behind, named.replace('192.0.2.7', 'mail.conbool.com'):
        hand.write(main=text)
        assert 'route_list = sub.example.co.uk SERVER' in hand.run()['problems'][0]
