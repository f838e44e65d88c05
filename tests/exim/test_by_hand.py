# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that somebody wrote: a real Exim is asked about what our own code makes of it, and what it leaves."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import TRANSPORT

from tests.exim.hand import CONFIG, MAIN, PARTS, SMARTHOST, changed
from tests.exim.host import LAN, STRANGER

ELSEWHERE = 'someone@external.test'
INCLUDED = re.compile(r'# Added by the Ansible collection[^\n]*\n\.include_if_exists /etc/exim4/conbool/\w+\n')


def ways(hand, recipient=ELSEWHERE):
    program = hand.program()
    return [program.way(sender, recipient)[:2] for sender in ('alice@example.com', '')]


def test_there_and_back_byte_for_byte(hand):
    hand.write(main=MAIN)
    hand.sh(f'chown root:Debian-exim {CONFIG}; chmod 0640 {CONFIG}')
    before = hand.files()
    foreseen = hand.run(check=True)
    assert foreseen['result']['changed'] and hand.files() == before
    done = hand.present()
    assert done['result'] == foreseen['result'] and done['warnings'] == []
    assert 'verysecret' not in str(done['result']['diff']) and hand.run()['result']['changed'] is False
    after = hand.files()
    assert after[CONFIG][1:] == before[CONFIG][1:] and INCLUDED.sub('', after[CONFIG][0]) == MAIN
    # Exim's own user, as which it takes mail from programs, can read what is included.
    assert after['/etc/exim4/conbool/router'][1:3] == before[CONFIG][1:3]
    assert '/conbool/acl' in hand.sh('exim4 -bP config').stdout
    assert hand.run('absent')['result']['changed'] and hand.files() == before
    assert hand.run('absent')['result'] == {'changed': False, 'files': []}


def test_each_message_has_its_way(hand):
    hand.write(main=changed('host_lookup =', 'allow_domain_literals\nhost_lookup ='))
    hand.present()
    assert ways(hand) == [('conbool_gateway', TRANSPORT), ('conbool_direct', 'to_others')]
    assert ways(hand, 'x@partner.test') == [('partner', 'to_others')] * 2
    assert ways(hand, 'alice@example.com') == [('local', 'files')] * 2
    assert ways(hand, 'x@[198.51.100.1]')[0] == ('conbool_gateway_literal', TRANSPORT)
    program = hand.program()
    assert program.router('conbool_direct')['ignore_target_hosts'] == '192.0.2.99'
    assert {program.router(name)['headers_remove'] for name in ('conbool_direct', 'conbool_gateway')} == {'X-Internal'}
    assert program.transport(TRANSPORT)['helo_data'] == 'from.example.com'


def test_who_brings_mail_is_told_what_he_was_told_and_strangers_are_refused(hand):
    hand.write(main=MAIN)
    hand.present(allowed_networks=[LAN])
    assert hand.told(STRANGER, 'alice@example.com') == '554 5.7.1 this server takes mail from its gateway only'
    assert hand.told(LAN, 'x@external.test') == '550 relay not permitted, says the site'
    assert hand.told(LAN, 'alice@example.com')[:3] == hand.told('127.0.0.1', 'x@external.test')[:3] == '250'
    gateway = hand.settings['networks'][0]
    assert hand.told(gateway, 'alice@example.com').startswith('450 4.7.1 encryption is required of the gateway')


def test_forged_headers_are_taken_away_and_the_site_s_list_is_asked(hand):
    hand.write(main=MAIN)
    hand.present(allowed_networks=[LAN], wash_networks=[LAN])
    mark = b'From: x@external.test\nX-Conbool-Released: yes\n\ntext'
    hand.edit(
        main=changed(
            'begin router\n',
            'begin router\nback:\n  driver = redirect\n  domains = example.com\n' f'  data = {ELSEWHERE}\n',
            hand.files()[CONFIG][0],
        )
    )
    assert hand.router_of(mark, LAN, 'alice@example.com') == 'conbool_gateway'
    assert hand.router_of(mark, '127.0.0.1', 'alice@example.com') == 'conbool_direct'
    head = b'From: x@external.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n'
    for kind, way in ((b'calendar', 'conbool_direct'), (b'plain', 'conbool_gateway')):
        part = b'--b\nContent-Type: text/%s\n\nx\n--b--\n' % kind
        assert hand.router_of(head + part, LAN, 'alice@example.com') == way
    with pytest.raises(AssertionError, match='no such word here'):
        hand.router_of(b'From: x@external.test\nSubject: forbidden\n\ntext', LAN, 'alice@example.com')


@pytest.mark.full
def test_an_option_that_a_person_sets_as_well_is_his(hand):
    """Exim reads nothing then. The next run takes ours out, and so does an undo."""
    hand.write(main=MAIN)
    hand.present()
    hand.edit(main=changed('primary_', 'tls_try_verify_hosts = *\nprimary_', hand.files()[CONFIG][0]))
    assert 'second time' in hand.sh('exim4 -bP log_selector', check=False).stderr
    assert hand.run()['result']['files'] == ['/etc/exim4/conbool/main']
    hand.sh('exim4 -bP log_selector')
    hand.edit(main=changed('keep_env', 'acl_smtp_mime =\nkeep_env', hand.files()[CONFIG][0]))
    assert 'second time' in hand.sh('exim4 -bP log_selector', check=False).stderr
    assert 'error' not in hand.run('absent') and 'conbool' not in hand.files()[CONFIG][0]


@pytest.mark.full
@pytest.mark.parametrize('link', [False, True])
def test_what_a_person_writes_meanwhile_stays(hand, link):
    hand.write(main=MAIN)
    if link:
        hand.sh(f'mkdir /etc/elsewhere; mv {CONFIG} /etc/elsewhere/mail; ln -s ../elsewhere/mail {CONFIG}')
    before = hand.files()
    hand.present()
    hand.edit(main=changed('begin retry\n', '# newer\nbegin retry\n', hand.files()[CONFIG][0]))
    assert hand.run()['result']['changed'] is False
    hand.run('absent')
    newer = changed('begin retry\n', '# newer\nbegin retry\n')
    assert hand.files() == {
        path: [newer if about[0] == MAIN else about[0], *about[1:]] for path, about in before.items()
    }


def test_what_is_included_is_edited_where_it_is(hand):
    """There is no retry rule, without which mail would be returned at once."""
    hand.write(**PARTS)
    before = hand.files()
    hand.present(allowed_networks=[LAN])
    after = hand.files()
    edited = {path for path in before if after[path] != before[path]}
    assert edited == {CONFIG, '/etc/exim4/parts/acl', '/etc/exim4/parts/routers'}
    assert ways(hand) == [('conbool_gateway', TRANSPORT), ('conbool_direct', 'to_others')]
    assert hand.told(STRANGER, 'alice@example.com')[:3] == '554'
    assert 'F,2h,5m' in hand.sh('exim4 -brt mail.conbool.com').stdout
    hand.edit(more='acl_newer:\n  accept\n')
    hand.run('absent')
    before['/etc/exim4/parts/more'][0] = 'acl_newer:\n  accept\n'
    assert hand.files() == before


@pytest.mark.full
def test_conditions_may_choose_between_lists(hand):
    choice = '${if eq{$received_port}{587}{acl_users}{acl_check_rcpt}}'
    text = changed('acl_smtp_rcpt = acl_check_rcpt', f'acl_smtp_rcpt = {choice}')
    hand.write(main=changed('begin router\n', 'acl_users:\n  accept\nbegin router\n', text))
    assert hand.told(STRANGER, 'alice@example.com', 587)[:3] == '250'
    hand.present()
    for port in (25, 587):
        assert hand.told(STRANGER, 'alice@example.com', port)[:3] == '554'


def test_a_list_of_hosts_that_cannot_be_asked_opens_nothing(hand):
    """As with Debian's: whom the inventory names, and the gateway, get on; everybody else is told to come back."""
    hand.write(main=changed('<; 127.0.0.1 ; ::1', 'net-mysql;select 1'))
    hand.present(allowed_networks=[LAN])
    for recipient in ('x@external.test', 'alice@example.com'):
        assert hand.told(STRANGER, recipient)[:3] == '451'
    passed = 'require: condition test succeeded in ACL "acl_check_rcpt"'
    for address in (LAN, '127.0.0.1', STRANGER):
        assert (passed in hand.talked(address, 'alice@example.com').stderr) is (address != STRANGER)
    assert hand.told(hand.settings['networks'][0], 'alice@example.com').startswith('450 4.7.1 encryption')


@pytest.mark.full
def test_routers_for_destinations_that_are_looked_up_stay_in_front_and_one_for_all_the_rest_does_not(hand):
    text = changed('begin transports\n', 'begin transports\nremote_smtp:\n  driver = smtp\n')
    for other, way in ('', ('partner', 'to_others')), ('*', ('conbool_gateway', TRANSPORT)):
        domains = f'${{lookup{{$domain}}lsearch{{/etc/exim4/parts/found}}{{$domain}}{{{other}}}}}'
        hand.write(
            main=changed('  domains = partner.test', f'  domains = {domains}', text), found='partner.test: yes\n'
        )
        hand.present()
        assert ways(hand, 'x@partner.test')[0] == way and ways(hand)[0] == ('conbool_gateway', TRANSPORT)


@pytest.mark.full
def test_what_a_filter_of_this_host_brings_back_is_the_site_s_matter(hand):
    hand.write(main=changed('<; 127.0.0.1 ; ::1', '10.0.0.0/8'))
    hand.present()
    for address in ('127.0.0.1', '::1'):
        assert hand.told(address, 'alice@example.com')[:3] == '250'


@pytest.mark.full
def test_without_lists_of_its_own_the_gateway_alone_brings_mail(hand):
    text = re.sub(r'(?ms)^acl_smtp_\w+ = \w+\n|^BEGIN acl.*?^(?=begin router)', '', MAIN)
    hand.write(main=text)
    hand.present(allowed_networks=[LAN], inbound_require_certificate=False)
    assert hand.told(STRANGER, 'alice@example.com')[:3] == '554' and hand.told(LAN, 'alice@example.com')[:3] == '550'
    assert hand.told(hand.settings['networks'][0], 'alice@example.com')[:3] == '450'
    assert hand.program().options('acl_smtp_rcpt', 'acl_smtp_data') == {
        'acl_smtp_rcpt': 'acl_conbool_only',
        'acl_smtp_data': 'acl_conbool_headers',
    }


@pytest.mark.full
@pytest.mark.parametrize('option, ceo', [('', 'partner'), ('  same_domain_copy_routing\n', 'conbool_gateway')])
def test_a_recipient_s_way_is_that_of_another_one_of_its_domain_only_where_it_was(hand, option, ceo):
    """A router in front may go by more than the domain: it would be asked for the first recipient only."""
    one = changed('  domains = partner.test\n', '  domains = external.test\n  local_parts = ceo\n')
    # Exim itself copies no way on which it takes headers away.
    hand.write(main=changed('  headers_remove = X-Internal\n', option, one))
    hand.present()
    words = 'exim4 -N -odi -v -f alice@example.com ceo@external.test bob@external.test'
    said = hand.sh(words, text='Subject: x\n\ntext\n').stderr
    assert dict(re.findall(r' [*-]> (\w+)@external.test .*?\bR=(\w+)', said)) == {'bob': 'conbool_gateway', 'ceo': ceo}


@pytest.mark.full
def test_in_front_of_a_smart_host_for_all(hand):
    begin, end = MAIN.index('# It takes the rest.'), MAIN.index('to_others:\n  driver = smtp')
    hand.write(main=MAIN[:begin] + SMARTHOST + MAIN[end:])
    hand.present()
    assert ways(hand) == [('conbool_gateway', TRANSPORT), ('conbool_direct', 'remote_smtp')]
    scope = {'scope': 'senders', 'scope_senders': ['@sub.example.co.uk']}
    assert hand.run(senders=['a@sub.example.co.uk'], **scope)['result']['changed']
    assert ways(hand) == [('others', 'to_others'), ('conbool_direct', 'remote_smtp')]


@pytest.mark.full
def test_what_debian_makes_may_be_the_beginning_of_one_by_hand(hand):
    hand.write(main=hand.debian)
    hand.present()
    assert ways(hand) == [('conbool_gateway', TRANSPORT), ('conbool_direct', 'remote_smtp')]
    assert hand.told(STRANGER, 'alice@example.com')[:3] == '554'
    hand.run('absent')
    assert hand.files()[CONFIG][0] == hand.debian


ASK = """
import smtplib
with smtplib.SMTP('127.0.0.1', 25, 'x', 20, ('127.0.0.2', 0)) as session:
    session.ehlo()
    session.mail('x@external.test')
    print(session.rcpt('alice@example.com')[0])
"""


def answered(hand):
    return hand.lab.run(hand.host, ['python3', '-c', ASK]).stdout.strip()


@pytest.mark.full
def test_the_daemon_that_runs_reads_it(hand):
    hand.write(main=MAIN)
    hand.sh('install -d -o Debian-exim -g Debian-exim /run/exim4; exim4 -bd')
    try:
        # It answers once it has begun: before that, it cannot be reloaded.
        codes = [answered(hand)]
        for state in ('present', 'absent'):
            assert hand.run(state)['result']['changed']
            codes.append(answered(hand))
        assert codes == ['250', '554', '250']
    finally:
        hand.sh('kill $(cat /run/exim4/exim.pid)')
