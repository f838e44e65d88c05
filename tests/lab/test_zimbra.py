# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double of Zimbra (not Zimbra) is what the other tests believe it is: its Postfix, the ways that mail takes, and
two servers with one directory.
"""

from __future__ import annotations

import re

import pytest

from lab import api
from tests.lab.probes import NAME, until

COMMON = '/opt/zimbra/common'
FIRST, SECOND = 'zfirst', 'zsecond'


@pytest.fixture(scope='module', name='zimbra')
def fixture_zimbra():
    """Two servers; the first has the mailboxes."""
    try:
        for host in (FIRST, SECOND):
            lab = api.up(NAME, f'{host}=zimbra-node-debian12')
        yield lab
    finally:
        api.remove(NAME, FIRST, SECOND)


def run(lab, command, host=FIRST, check=True):
    return lab.run(host, ['sh', '-ec', f'PATH=$PATH:{COMMON}/sbin; {command}'], check=check, timeout=120)


def as_zimbra(lab, command, host=FIRST):
    return lab.run(host, ['su', '-', 'zimbra', '-c', command], timeout=120).stdout


def mailbox(lab, token, user='alice'):
    found = run(lab, f'grep -rl {token} /opt/zimbra/store/{user}@example.com/Maildir', check=False).stdout.splitlines()
    return [path for path in found if '/new/' in path]


def send(lab, host, token, sender='x@external.test', to='alice@example.com', headers='', **options):
    message = f'Subject: {token}\r\n{headers}\r\nhello\r\n'.encode()
    return lab.internet.send(host, sender, [to], message, tls=True, **options)


# ---- Postfix


def test_its_postfix_is_as_zimbra_builds_it(zimbra):
    assert run(zimbra, 'postconf -dh mail_version config_directory default_database_type').stdout.split() == [
        '3.6.14',
        f'{COMMON}/conf',
        'lmdb',
    ]
    assert not {'hash', 'btree', 'cdb', 'dbm'} & set(run(zimbra, 'postconf -m').stdout.split())
    run(zimbra, 'echo x y >/tmp/table')
    assert 'unsupported map type for this operation: hash' in run(zimbra, 'postmap hash:/tmp/table', check=False).stderr
    newer = run(zimbra, 'postconf -d smtp_min_data_rate smtpd_per_request_deadline', check=False)
    assert newer.stderr.count('unknown parameter') == 2 and not newer.stdout
    assert run(zimbra, 'postconf -d smtpd_per_record_deadline').stdout == (
        'smtpd_per_record_deadline = ${stress?{yes}:{no}}\n'
    )


def test_nothing_of_another_mail_server_is_there(zimbra):
    assert run(zimbra, 'test ! -e /etc/postfix && readlink -f /usr/sbin/sendmail').stdout == f'{COMMON}/sbin/sendmail\n'
    assert run(zimbra, 'test ! -e /usr/lib/systemd/system/postfix.service').returncode == 0


def test_all_services_run(zimbra):
    for host in (FIRST, SECOND):
        status = as_zimbra(zimbra, 'zmcontrol status', host).splitlines()
        assert status[0] == f'Host {host}.example.com' and len(status) > 10
        assert all(line.endswith('Running') for line in status[1:])
        assert zimbra.run(host, ['systemctl', 'is-active', 'zimbra.service']).stdout == 'active\n'


# ---- ways


def test_mail_from_outside_passes_amavis_once(zimbra):
    assert send(zimbra, FIRST, 'flow-zin', headers='X-Spam-Flag: YES\r\n')['accepted']
    (path,) = until(lambda: mailbox(zimbra, 'flow-zin'), 30)
    content = run(zimbra, f'cat {path}').stdout
    assert '/Junk' not in path and 'X-Spam-Status: No' in content
    assert len(re.findall('with ESMTPS? id', content)) == 2 and 'DKIM-Signature' not in content


def test_spam_is_filed_by_mailboxd_and_what_is_worse_does_not_arrive(zimbra):
    gtube = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
    for token, text in (('flow-zkilled', gtube), ('flow-zspam', 'the site takes this for spam')):
        message = f'Subject: {token}\r\n\r\n{text}\r\n'.encode()
        assert zimbra.internet.send(FIRST, 'x@external.test', ['alice@example.com'], message, tls=True)['accepted']
    (path,) = until(lambda: mailbox(zimbra, 'flow-zspam'), 30)
    assert '/.Junk/' in path and 'X-Spam-Flag: YES' in run(zimbra, f'cat {path}').stdout
    until(lambda: 'Blocked SPAM {DiscardedInbound' in zimbra.log(FIRST), 30)
    assert not mailbox(zimbra, 'flow-zkilled')


def test_mail_from_inside_passes_amavis_twice_and_is_signed(zimbra):
    answer = send(
        zimbra,
        FIRST,
        'flow-zout',
        'alice@example.com',
        'x@external.test',
        'From: alice@example.com\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: <flow-zout@example.com>\r\n',
        port=587,
        user='alice@example.com',
        password='lab-password',
    )
    assert answer['accepted']
    (delivery,) = zimbra.internet.wait_for('flow-zout', timeout=30)
    content = delivery['content'].decode()
    assert re.search(r'^DKIM-Signature: .* d=example.com; s=lab;', content, re.MULTILINE)
    assert re.findall(r'with ESMTP(?:SA)? id|\(amavis, port (\d+)\)', content) == ['', '10032', '', '10026', '']


def test_webmail_hands_in_without_logging_in_and_nobody_else(zimbra):
    own = run(zimbra, 'hostname -I').stdout.split()[0]
    program = (
        'import smtplib, sys; s = smtplib.SMTP(sys.argv[1], source_address=(sys.argv[1], 0));'
        's.sendmail("alice@example.com", ["x@external.test"], "Subject: flow-zwebmail\\r\\n\\r\\nhello\\r\\n")'
    )
    zimbra.run(FIRST, ['python3', '-c', program, own])
    zimbra.internet.wait_for('flow-zwebmail', timeout=30)
    refused = send(zimbra, FIRST, 'flow-zrelay', 'alice@example.com', 'x@external.test')
    assert not refused['accepted'] and 'Relay access denied' in refused['text']
    wrong = send(
        zimbra, FIRST, 'flow-zlogin', 'alice@example.com', 'x@external.test', port=587, user='alice', password='no'
    )
    assert not wrong['accepted'] and wrong['code'] == 535


def test_forwards_and_lists_lead_outside(zimbra):
    for recipient in ('bob', 'mixed', 'fwd'):
        assert send(zimbra, FIRST, f'flow-z{recipient}', to=f'{recipient}@example.com')['accepted']
        (delivery,) = zimbra.internet.wait_for(f'flow-z{recipient}', timeout=30)
        assert [to['address'] for to in delivery['recipients']] == [f'{recipient}@external.test']
    until(lambda: mailbox(zimbra, 'flow-zbob', 'bob') and mailbox(zimbra, 'flow-zmixed'), 30)


# ---- two servers, and upgrades


def test_two_servers_have_one_directory_and_one_place_of_mailboxes(zimbra):
    as_zimbra(zimbra, f'zmprov ms {SECOND}.example.com zimbraMtaSmtpdBanner "said by the first"', FIRST)
    as_zimbra(zimbra, '/opt/zimbra/libexec/configrewrite mta', SECOND)
    # A poll that is under way may be the one that sees it.
    until(lambda: run(zimbra, 'postconf -h smtpd_banner', SECOND).stdout == 'said by the first\n', 60)
    assert 'said by' not in run(zimbra, 'postconf -h smtpd_banner').stdout
    assert send(zimbra, SECOND, 'flow-zsecond')['accepted']
    assert until(lambda: mailbox(zimbra, 'flow-zsecond'), 30)


@pytest.mark.full
def test_an_upgrade_leaves_what_attributes_say_and_nothing_else(zimbra):
    as_zimbra(zimbra, 'zmprov mcf zimbraMtaRelayHost "[mx.external.test]:25"')
    as_zimbra(zimbra, '/opt/zimbra/libexec/configrewrite mta; postconf -e smtp_tls_policy_maps=inline:{a=may}')
    as_zimbra(
        zimbra, 'chmod u+w /opt/zimbra/common/conf/master.cf.in; echo "# mine" >>/opt/zimbra/common/conf/master.cf.in'
    )
    try:
        run(zimbra, '/opt/zimbra/double/bin/upgrade')
        said = run(zimbra, 'postconf -hn relayhost smtp_tls_policy_maps content_filter myhostname').stdout.splitlines()
        # The section amavis is not written again by an upgrade.
        assert said == ['[mx.external.test]:25', f'{FIRST}.example.com']
        assert '# mine' not in run(zimbra, 'cat /opt/zimbra/common/conf/master.cf.in').stdout
        as_zimbra(zimbra, '/opt/zimbra/libexec/configrewrite amavis')
        assert run(zimbra, 'postconf -h content_filter').stdout == 'smtp-amavis:[::1]:10024\n'
    finally:
        as_zimbra(zimbra, "zmprov mcf zimbraMtaRelayHost ''")
        as_zimbra(zimbra, '/opt/zimbra/libexec/configrewrite amavis mta')


@pytest.mark.full
def test_a_reboot_finds_it_as_it_was(zimbra):
    as_zimbra(zimbra, f'zmprov ms {FIRST}.example.com zimbraMtaMaxUse 77')
    zimbra.restart(FIRST)
    assert run(zimbra, 'postconf -h max_use').stdout == '77\n'
    assert send(zimbra, FIRST, 'flow-zagain')['accepted']
    assert until(lambda: mailbox(zimbra, 'flow-zagain'), 30)
