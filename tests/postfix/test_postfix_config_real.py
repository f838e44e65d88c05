# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""postfix_config on the Postfix of Debian 12 and 13: changed, converged, refused, restored, killed, undone."""

from __future__ import annotations

import pytest

from tests.postfix.machine import CHANGE, UNITS


def test_changed_converged_undone(host):
    before = host.fingerprint()
    predicted = host.config(check=True, **CHANGE)
    assert host.fingerprint() == before
    done = host.config(**CHANGE)
    assert done['changed'] and done['reloaded']
    for key in ('changed', 'diff', 'parameters_changed', 'services_changed', 'tables_changed', 'maps'):
        assert predicted[key] == done[key]
    for change in done['diff']:
        assert host.shell('cat {}'.format(change['after_header'])) == change['after']
    assert host.postconf('-h', 'relayhost', 'smtp_helo_timeout') == '[192.0.2.1]:25\n17s'
    assert host.postconf('-P', 'submission/inet/cleanup_service_name').endswith('= conbool-cleanup')
    assert 'milter_macro_daemon_name' not in host.postconf('-P', 'submission/inet')
    assert host.postconf('-P', 'conbool-hop/unix/smtp_tls_mandatory_protocols').endswith('= !SSLv2, !SSLv3')
    assert host.shell('postmap -q example.org {}'.format(done['maps']['conbool/routes'])).strip() == 'smtp:[192.0.2.1]'
    host.shell('test -S /var/spool/postfix/private/conbool-hop && test -S /var/spool/postfix/public/conbool-cleanup')
    host.serves_mail('token-changed')
    again = host.config(**CHANGE)
    assert not again['changed'] and not again['reloaded'] and not again.get('diff')
    assert not host.config(check=True, **CHANGE)['changed']
    undone = host.config(owner_id='tests', state='absent')
    assert undone['changed'] and undone['services_changed'] == done['services_changed']
    assert host.fingerprint() == before
    host.serves_mail('token-undone')


def test_a_converged_run_calls_at_most_one_command(host):
    host.config(sbin_dir='/root/wrapped', **CHANGE)
    host.shell('rm /root/calls')
    assert not host.config(sbin_dir='/root/wrapped', **CHANGE)['changed']
    assert host.shell('cat /root/calls').split('\n')[:-1] == ['postconf -c /etc/postfix -h default_database_type']
    no_index = dict(CHANGE, tables=CHANGE['tables'][:1])
    host.config(sbin_dir='/root/wrapped', **no_index)
    host.shell('rm /root/calls')
    host.config(sbin_dir='/root/wrapped', **no_index)
    host.shell('test ! -e /root/calls')


REFUSED = [
    ({'parameters': {'smtp_helo_tiemout': '17s'}}, 'unused parameter: smtp_helo_tiemout=17s'),
    ({'parameters': {'smtpd_banner': '${myhostname'}}, 'macro'),
    ({'parameters': {'smtp_helo_name': '$no_such_name'}}, 'undefined parameter: no_such_name'),
    ({'parameters': {'message_size_limit': 'large'}}, 'bad numerical configuration'),
    (
        {'services': [{'name': 'x', 'type': 'unix', 'command': 'smtp', 'options': {'smtp_helo_tiemout': '1s'}}]},
        'unused parameter: smtp_helo_tiemout=1s',
    ),
    ({'services': [{'name': 'x', 'type': 'unix', 'command': 'smpt'}]}, 'there is no program'),
    (
        {'services': [{'name': '127.0.0.1:25', 'type': 'inet', 'private': 'n', 'command': 'smtpd'}]},
        'cannot listen there',
    ),
    (
        {'services': [{'name': '203.0.113.77:2525', 'type': 'inet', 'private': 'n', 'command': 'smtpd'}]},
        'cannot listen there',
    ),
    ({'tables': [{'path': 't', 'type': 'regexp', 'content': '/a(/ OK\n'}]}, 'Unmatched'),
    ({'tables': [{'path': 't', 'type': 'default', 'content': 'lonely\n'}]}, 'expected format: key whitespace value'),
    ({'tables': [{'path': 't', 'type': 'cidr', 'content': '192.0.2.1/8 OK\n'}]}, 'non-null host address bits'),
    (
        {'service_options': [{'name': 'pop3', 'type': 'inet', 'options': {'a': '1'}}]},
        'pop3/inet: master.cf has no such entry',
    ),
]


def test_refused_before_the_first_change(host):
    before, master, reloads = host.fingerprint(), host.master(), host.reloads()
    calls = [(dict({'owner_id': 'tests'}, **wrong), check) for wrong, dummy in REFUSED for check in (True, False)]
    results = host.modules('postfix_config', calls)
    expected = [words for dummy, words in REFUSED for dummy in (True, False)]
    assert [
        words for words, result in zip(expected, results) if not (result.get('failed') and words in result['msg'])
    ] == [], results
    assert host.fingerprint() == before
    assert host.master() == master
    assert host.reloads() == reloads


def test_damaged_main_cf_is_refused_in_postfix_words(host):
    host.shell('cp -p /etc/postfix/main.cf /root/main.cf; echo damaged line >> /etc/postfix/main.cf')
    before = host.fingerprint()
    result = host.config(**CHANGE)
    assert result['failed'] and 'missing \'=\' after attribute name: "damaged line"' in result['msg']
    assert host.fingerprint() == before
    host.shell('cp -p /root/main.cf /etc/postfix/main.cf')


def test_a_listener_that_does_not_come_up_brings_everything_back(host):
    before, master = host.fingerprint(), host.master()
    result = host.config(**dict(CHANGE, listeners=[{'address': '127.0.0.1', 'port': 2599}], timeout=2))
    assert result['failed'] and result['restored'] is True
    assert 'listener 127.0.0.1 port 2599 does not greet' in result['msg']
    assert host.fingerprint() == before
    assert host.master() == master
    host.serves_mail('token-restored')


def test_a_master_process_that_dies_is_started_again_with_the_old_files(host):
    before, master = host.fingerprint(), host.master()
    services = CHANGE['services'] + [
        {'name': 'no-such-name.example.com:2526', 'type': 'inet', 'private': 'n', 'command': 'smtpd'}
    ]
    result = host.config(**dict(CHANGE, services=services))
    assert result['failed'] and result['restored'] is True
    assert 'bad hostname or network address: no-such-name.example.com:2526' in result['msg']
    assert host.fingerprint() == before
    assert host.master() != master
    assert host.shell(f'systemctl is-active {UNITS[host.name]}').strip() == 'active'
    host.serves_mail('token-risen')


LIMITED = {
    'owner_id': 'tests',
    'parameters': {'sender_dependent_default_transport_maps': 'texthash:/etc/postfix/conbool/senders'},
    'services': CHANGE['services'][1:],
    'service_options': [
        {
            'name': 'smtp',
            'type': 'inet',
            'options': {
                'smtpd_recipient_restrictions': 'check_client_access cidr:/etc/postfix/conbool/clients, $conbool_kept',
                'conbool_kept': '',
                'smtpd_helo_required': 'yes',
            },
        },
        {'name': 'submission', 'type': 'inet', 'options': {'cleanup_service_name': 'conbool-cleanup'}},
    ],
    'tables': (
        CHANGE['tables'][:1]
        + [
            {'path': 'conbool/clients', 'type': 'cidr', 'content': '192.0.2.0/24 REJECT\n'},
            {'path': 'conbool/senders', 'type': 'texthash', 'content': ''},
        ]
    ),
}


def test_undone_after_postconf_wrote_it_anew_and_somebody_added_to_it(host):
    host.shell('cp -p /etc/postfix/main.cf /etc/postfix/master.cf /root/')
    assert host.config(**LIMITED)['changed']
    host.shell(
        """set -e
        postconf -F smtp/inet/chroot=n submission/inet/chroot=n
        sed -i '/smtpd_recipient_restrictions/s/$conbool_kept/&, reject_unlisted_recipient/' /etc/postfix/master.cf
        postconf -P 'smtp/inet/smtpd_sasl_auth_enable=$smtpd_helo_required' 'smtp/inet/smtpd_helo_restrictions=$conbool_kept'
        postconf -e 'sender_dependent_default_transport_maps = texthash:/etc/postfix/conbool/senders, regexp:/dev/null'"""
    )
    before = host.fingerprint()
    refused = host.config(owner_id='tests', state='absent')
    assert (
        'smtpd_helo_restrictions=$conbool_kept of 25/inet refers to the parameter conbool_kept. Nothing was changed'
        in refused['msg']
    )
    assert host.fingerprint() == before
    host.shell('postconf -PX smtp/inet/smtpd_helo_restrictions')
    undone = host.config(owner_id='tests', state='absent')
    assert undone['reloaded'] and len(undone['warnings']) == 2, undone
    assert host.postconf('-h', 'sender_dependent_default_transport_maps') == 'regexp:/dev/null'
    assert host.postconf('-P', 'smtp/inet/smtpd_recipient_restrictions').endswith('= reject_unlisted_recipient')
    assert 'conbool' not in host.shell('cat /etc/postfix/main.cf /etc/postfix/master.cf')
    host.serves_mail('token-rewritten')
    host.shell('cp -p /root/main.cf /root/master.cf /etc/postfix/; postfix reload 2>/dev/null')


@pytest.mark.parametrize('reload, absent', [(1, False), (2, False), (1, True), (2, True), (3, True)])
def test_killed_between_the_phases(host, reload, absent):
    if absent:
        host.config(**CHANGE)
    wanted = {'owner_id': 'tests', 'state': 'absent'} if absent else CHANGE
    host.shell(f'echo {reload} > /root/kill-at')
    killed = host.config(sbin_dir='/root/wrapped', **wanted)
    assert host.shell('cat /root/kill-at').strip() == '0'
    assert killed['killed'] == 9
    host.serves_mail(f'token-killed-{reload}-{absent}')
    completed = host.config(**wanted)
    assert completed['changed'] and completed['reloaded']
    assert not host.config(**wanted)['changed']
    host.serves_mail(f'token-completed-{reload}-{absent}')
