# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import file_record
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import commands
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import converge as sendmail_converge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.build import BUILT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import SendmailError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import Paths, facts

from tests.unit.fakes.sendmail import MC, FakeSendmail

CONTENT = 'Mconbool, P=[IPC], A=TCP $?{conbool_to}${conbool_to}$|$h$.\n'
ROUTES = [{'recipient': 'someone@conbool-verify.invalid', 'mailer': 'conbool'}]


@pytest.fixture(name='host')
def fixture_host(tmp_path, monkeypatch):
    monkeypatch.setattr(file_record, 'BASE', str(tmp_path / 'record/files'))
    return FakeSendmail(tmp_path)


def converge(host, state='present', content=CONTENT, check=False):
    module = SimpleNamespace(run_command=host.run_command, check_mode=check, _diff=True)
    params = {'paths': host.paths, 'content': content, 'routes': ROUTES, 'state': state, 'timeout': 1}
    return sendmail_converge.converge(module, params)


def test_our_file_is_included_last_and_sendmail_cf_is_built(host):
    original = host.read('sendmail.cf')
    result, warnings = converge(host)
    assert [path.rpartition('/')[2] for path in result['files']] == ['conbool.m4', 'sendmail.mc', 'sendmail.cf']
    assert (
        host.read('sendmail.mc')
        == MC + f"include(`{host.folder}/mail/conbool.m4')dnl Conbool gateway, managed by Ansible\n"
    )
    assert host.read('sendmail.cf').rstrip() == BUILT + '\n' + original.split('\n', 1)[1] + CONTENT.rstrip()
    assert host.read('conbool.m4') == CONTENT
    assert not result['reloaded'] and not warnings
    assert not host.staging(host.folder)


def test_second_run_changes_nothing(host):
    converge(host)
    built = host.read('sendmail.cf')
    result = converge(host)[0]
    assert (result['changed'], result['files'], result['diff']) == (False, [], [])
    assert host.read('sendmail.cf') == built


def test_check_mode_changes_nothing_and_shows_what_a_run_does(host):
    foretold = converge(host, check=True)[0]
    assert host.read('sendmail.mc') == MC
    assert converge(host)[0]['diff'] == foretold['diff']


def test_undo_brings_everything_back_byte_for_byte(host):
    before = host.read('sendmail.mc'), host.read('sendmail.cf')
    converge(host)
    assert converge(host, 'absent')[0]['changed']
    assert (host.read('sendmail.mc'), host.read('sendmail.cf')) == before
    assert not (host.folder / 'mail/conbool.m4').exists() and not (host.folder / 'record').exists()
    assert not converge(host, 'absent')[0]['changed']


def test_last_line_without_an_end_comes_back_as_it_was(host):
    host.write('sendmail.mc', MC.rstrip('\n'))
    converge(host)
    converge(host, 'absent')
    assert host.read('sendmail.mc') == MC.rstrip('\n')


def test_sendmail_cf_that_was_edited_by_hand_is_refused(host):
    host.write('sendmail.cf', host.read('sendmail.cf') + 'O LogLevel=14\n')
    with pytest.raises(SendmailError, match='O LogLevel=14'):
        converge(host)
    assert host.read('sendmail.mc') == MC


def test_host_without_sendmail_mc_is_refused(host):
    (host.folder / 'mail/sendmail.mc').unlink()
    with pytest.raises(SendmailError, match='There is no .*sendmail.mc'):
        converge(host)
    with pytest.raises(SendmailError, match='There is no .*sendmail.mc'):
        facts(host.run_command, Paths(host.paths))


def test_sendmail_cf_built_anew_by_somebody_is_no_change(host):
    before = host.read('sendmail.cf')
    converge(host)
    host.write('sendmail.cf', '# built by make\n' + host.read('sendmail.cf'))
    assert not converge(host)[0]['changed']
    converge(host, 'absent')
    assert host.read('sendmail.cf') == before


def test_administrators_later_changes_stay(host):
    converge(host)
    changed = host.read('sendmail.mc').replace('MaxMessageSize=1000', 'MaxMessageSize=2000')
    host.write('sendmail.mc', changed)
    host.write('sendmail.cf', host.generate(host.folder / 'mail/sendmail.mc'))
    assert not converge(host)[0]['changed']
    converge(host, 'absent')
    assert host.read('sendmail.mc') == MC.replace('1000', '2000')
    assert 'MaxMessageSize=2000' in host.read('sendmail.cf') and 'Mconbool' not in host.read('sendmail.cf')


def test_undo_leaves_a_sendmail_cf_edited_by_hand_and_says_so(host):
    converge(host)
    host.write('sendmail.cf', host.read('sendmail.cf') + 'O LogLevel=14\n')
    warnings = converge(host, 'absent')[1]
    assert 'O LogLevel=14' in host.read('sendmail.cf')
    assert [warning for warning in warnings if 'changed by hand' in warning]
    assert host.read('sendmail.mc') == MC


@pytest.mark.parametrize('check', [True, False])
def test_undo_without_the_record_changes_nothing_and_says_what_is_there(host, check):
    converge(host)
    file_record.FileRecord('sendmail').save([], [], False)
    before = host.read('sendmail.mc'), host.read('sendmail.cf')
    with pytest.raises(
        SendmailError,
        match='no record .*sendmail.json .*sendmail.mc includes .*conbool.m4; .*sendmail.cf has the mailer conbool',
    ):
        converge(host, 'absent', check=check)
    assert (host.read('sendmail.mc'), host.read('sendmail.cf')) == before
    host.write('sendmail.mc', MC)
    with pytest.raises(SendmailError, match='there: [^;]*sendmail.cf has the mailer conbool'):
        converge(host, 'absent', check=check)
    host.write('sendmail.cf', before[1].replace('Mconbool,', 'Mother,'))
    assert not converge(host, 'absent', check=check)[0]['changed']


@pytest.mark.parametrize('trouble', ['m4', 'sendmail', 'route'])
def test_what_is_not_valid_changes_nothing(host, trouble):
    if trouble == 'm4':
        host.m4_says = '*** ERROR: something\n'
    elif trouble == 'sendmail':
        host.complaint = 'unknown configuration line "X"'
    else:
        host.route = 'mailer esmtp, host elsewhere.test., user someone@conbool-verify.invalid'
    before = host.read('sendmail.cf')
    with pytest.raises(
        SendmailError,
        match={'m4': 'ERROR: something', 'sendmail': 'unknown configuration line', 'route': 'esmtp to elsewhere.test'}[
            trouble
        ],
    ):
        converge(host, check=True)
    with pytest.raises(SendmailError):
        converge(host)
    assert (host.read('sendmail.mc'), host.read('sendmail.cf')) == (MC, before)
    assert not (host.folder / 'record').exists() and not host.staging(host.folder)


def test_daemon_that_does_not_come_back_gets_the_old_files(host, monkeypatch):
    before = host.read('sendmail.mc'), host.read('sendmail.cf')
    reloads = []

    class Daemon:
        running = True

        def __init__(self, *dummy):
            pass

        def check(self):
            pass

        def reload(self, dummy):
            reloads.append(host.read('sendmail.cf'))
            if 'Mconbool' in reloads[-1]:
                raise SendmailError('Sendmail does not serve 0.0.0.0 port 25 any more')

    monkeypatch.setattr(sendmail_converge, 'Daemon', Daemon)
    with pytest.raises(SwitchError, match='does not serve') as caught:
        converge(host)
    assert caught.value.restored and len(reloads) == 2
    assert (host.read('sendmail.mc'), host.read('sendmail.cf')) == before


@pytest.mark.parametrize(
    'written', [['conbool.m4'], ['conbool.m4', 'sendmail.mc'], ['conbool.m4', 'sendmail.mc', 'sendmail.cf']]
)
def test_killed_run_is_completed(host, written):
    before = {name: host.read(name) for name in ('sendmail.mc', 'sendmail.cf')}
    converge(host)
    after = {name: host.read(name) for name in ('conbool.m4', 'sendmail.mc', 'sendmail.cf')}
    record = file_record.FileRecord('sendmail')
    record.save(record.entries, record.directories, True)
    for name, text in before.items():
        if name not in written:
            host.write(name, text)
    result = converge(host)[0]
    assert result['changed'] and {name: host.read(name) for name in after} == after
    converge(host, 'absent')
    assert {name: host.read(name) for name in before} == before


def test_facts_are_those_without_us(host):
    before = facts(host.run_command, Paths(host.paths))
    converge(host)
    after = facts(host.run_command, Paths(host.paths))
    assert after == dict(before, file_owners=['sendmail'])
    assert (
        before['options'] == {'maxmessagesize': '1000'}
        and before['version'] == '8.17.1.9'
        and 'conbool' not in after['mailers']
    )


def test_run_clears_what_a_killed_one_left_and_not_where_another_is_at_work(host):
    killed = host.folder / '.conbool-smtp-relay.sendmail.killed'
    killed.mkdir()
    (killed / 'base.mc').write_text('', encoding='utf-8')

    def run(words, **more):
        converge(host, 'absent')
        assert not killed.exists()
        return host.run_command(words, **more)

    assert facts(run, Paths(host.paths))['version'] == '8.17.1.9'
    assert not host.staging(host.folder)


def test_who_may_send_is_what_class_r_and_the_access_map_name(host, monkeypatch):
    monkeypatch.setattr(commands, 'MAKEMAP', ('/bin/true',))
    assert facts(host.run_command, Paths(host.paths))['relay_networks'] == []
    host.relay_domains = 'partner.test\n10.1\n'
    host.write('sendmail.mc', MC + f'Kaccess hash -T<TMPF> -o {host.folder}/mail/access\n')
    host.write('sendmail.cf', host.generate(host.folder / 'mail/sendmail.mc'))
    host.write(
        'access',
        'connect:192.0.2\tRELAY\nconnect:198.51.100\tREJECT\n203.0.113\tRELAY\nspam:198.51\tRELAY\nconnect:x.test\tRELAY\n',
    )
    assert facts(host.run_command, Paths(host.paths))['relay_networks'] == ['10.1.0.0/16']
    host.write('access.db', '')
    assert facts(host.run_command, Paths(host.paths))['relay_networks'] == [
        '10.1.0.0/16',
        '192.0.2.0/24',
        '203.0.113.0/24',
    ]


def test_what_the_access_map_asks_of_other_servers_tls_is_told(host, monkeypatch):
    monkeypatch.setattr(commands, 'MAKEMAP', ('/bin/true',))
    host.write('sendmail.mc', MC + f'Kaccess hash -T<TMPF> -o {host.folder}/mail/access\n')
    host.write('sendmail.cf', host.generate(host.folder / 'mail/sendmail.mc'))
    host.write(
        'access', 'TLS_Rcpt:partner.example\tENCR:112\ntls_srv:\tVERIFY \nconnect:192.0.2\tRELAY\ntls_clt:x\tVERIFY\n'
    )
    assert facts(host.run_command, Paths(host.paths))['tls_entries'] == {}
    host.write('access.db', '')
    assert facts(host.run_command, Paths(host.paths))['tls_entries'] == {
        'tls_rcpt:partner.example': 'ENCR:112',
        'tls_srv:': 'VERIFY',
    }


def test_domain_that_leads_elsewhere_is_named(host):
    host.route = 'mailer esmtp, host example.com., user postmaster@example.com'
    with pytest.raises(SendmailError, match='conbool_domains: this Sendmail is not responsible for example.com '):
        facts(host.run_command, Paths(host.paths), ['example.com'], 'conbool_domains')
    host.route = 'mailer local, user postmaster'
    assert facts(host.run_command, Paths(host.paths), ['example.com'])['version']
    host.route = 'mailer esmtp, host [192.0.2.7], user postmaster@example.com'
    assert facts(host.run_command, Paths(host.paths), ['example.com'])['version']
