# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance of one's own on the Postfix of Debian 12 and 13: made, changed, mended, removed."""

from __future__ import annotations

import pytest

OWN = {
    'config_dir': '/etc/hop',
    'create': True,
    'owner_id': 'tests',
    'parameters': {
        'compatibility_level': '3.6',
        'queue_directory': '/var/spool/hop',
        'data_directory': '/var/lib/hop',
        'inet_interfaces': '',
        'alias_maps': '',
        'local_recipient_maps': '',
        'mynetworks': '127.0.0.0/8',
        'maillog_file': '/var/log/hop.log',
        'smtpd_client_restrictions': 'check_client_access static:HOLD',
        'smtpd_sender_restrictions': 'check_sender_access texthash:/etc/hop/senders',
    },
    'services': (
        [{'name': '127.0.0.1:10099', 'type': 'inet', 'private': 'n', 'chroot': 'n', 'command': 'smtpd'}]
        + [
            dict({'name': name, 'type': 'unix', 'private': 'n', 'chroot': 'n', 'command': command}, **more)
            for name, command, more in (
                ('cleanup', 'cleanup', {'max_processes': '0'}),
                ('qmgr', 'qmgr', {'wakeup': '300', 'max_processes': '1'}),
                ('rewrite', 'trivial-rewrite', {'private': '-'}),
                ('retry', 'error', {'private': '-'}),
                ('bounce', 'bounce', {'private': '-'}),
                ('defer', 'bounce', {'private': '-'}),
                ('postlog', 'postlogd', {'type': 'unix-dgram', 'max_processes': '1'}),
            )
        ]
    ),
    'tables': [{'path': 'senders', 'type': 'texthash', 'entries': {'<>': 'OK'}}],
    'unit': {
        'name': 'hop.service',
        'content': (
            '[Service]\nType=forking\nPIDFile=/var/spool/hop/pid/master.pid\nExecStart=/usr/sbin/postfix -c /etc/hop'
            ' start\nExecStop=/usr/sbin/postfix -c /etc/hop stop\n[Install]\nWantedBy=multi-user.target\n'
        ),
    },
    'listeners': [{'address': '127.0.0.1', 'port': 10099}],
}
OWN_GONE = {
    'config_dir': '/etc/hop',
    'create': True,
    'owner_id': 'tests',
    'state': 'absent',
    'unit': {'name': 'hop.service'},
}


@pytest.fixture
def bare(host):
    """A host that has no instance of ours, and has none afterwards."""
    remains = (
        'ls -d /etc/hop /var/spool/hop /var/lib/hop /etc/systemd/system/hop.service /etc/systemd/system/*/hop.service'
        ' 2>/dev/null || true'
    )
    assert host.shell(remains) == ''
    yield host
    host.shell('rm -rf /var/spool/hop/hold')
    assert not host.config(**OWN_GONE).get('failed')
    host.shell('rm -f /var/log/hop.log; systemctl reset-failed')
    assert host.shell(remains) == ''
    assert 'not-found' in host.shell('systemctl show --property=LoadState hop.service')


def own_master(host):
    return host.shell('cat /var/spool/hop/pid/master.pid').strip()


def test_an_instance_of_its_own(bare):
    before = bare.fingerprint()
    predicted = bare.config(check=True, **OWN)
    assert predicted['changed'] and bare.fingerprint() == before
    bare.shell('test ! -e /var/spool/hop -a ! -e /var/lib/hop -a ! -e /etc/systemd/system/hop.service')
    made = bare.config(**OWN)
    assert (made['diff'], made['unit_commands']) == (predicted['diff'], predicted['unit_commands'])
    assert (
        made['unit_commands'] == ['daemon-reload', 'enable hop.service', 'start hop.service'] and not made['reloaded']
    )
    assert bare.shell('systemctl is-active hop.service; systemctl is-enabled hop.service').split() == [
        'active',
        'enabled',
    ]
    assert bare.shell('stat -c "%U %G %a" /var/spool/hop /var/lib/hop').split('\n')[:2] == [
        'root root 755',
        'postfix root 700',
    ]
    queue = bare.shell('find /var/spool/hop -mindepth 1 -printf "%p %U %G %m %C@\n" | sort')
    again = bare.config(**OWN)
    assert not again['changed'] and again['unit_commands'] == [] and not again['diff']
    assert bare.shell('find /var/spool/hop -mindepth 1 -printf "%p %U %G %m %C@\n" | sort') == queue


def test_an_own_instance_is_reloaded_restarted_started_and_mended_as_it_needs(bare):
    bare.config(**OWN)
    master = own_master(bare)
    changed = bare.config(**dict(OWN, parameters=dict(OWN['parameters'], smtpd_banner='$myhostname ESMTP changed')))
    assert changed['reloaded'] and changed['parameters_changed'] == ['smtpd_banner'] and changed['unit_commands'] == []
    assert own_master(bare) == master
    refused = bare.config(config_dir='/etc/hop', create=True, owner_id='tests', state='absent')
    assert refused['failed'] and 'is running; stop it' in refused['msg']
    unit = dict(OWN['unit'], content=OWN['unit']['content'].replace('[Service]', '[Service]\nNice=1'))
    restarted = bare.config(**dict(OWN, unit=unit))
    assert restarted['unit_commands'] == ['daemon-reload', 'restart hop.service'] and not restarted['reloaded']
    assert own_master(bare) != master
    assert bare.shell(f'ps -o ni= -p {own_master(bare)}').strip() == '1'
    # As a run leaves it that is killed when the unit's file is written.
    bare.shell('echo "# newer" >> /etc/systemd/system/hop.service')
    assert bare.config(**dict(OWN, unit=dict(unit, content=unit['content'] + '# newer\n')))['unit_commands'] == [
        'daemon-reload'
    ]
    bare.shell(
        'sed -i "/# newer/d" /etc/systemd/system/hop.service; systemctl daemon-reload; systemctl stop hop.service;'
        ' chown 1 /var/lib/hop'
    )
    mended = bare.config(**dict(OWN, unit=unit))
    assert (
        mended['unit_commands'] == ['start hop.service'] and bare.shell('stat -c %U /var/lib/hop').strip() == 'postfix'
    )
    assert not bare.config(**dict(OWN, unit=unit))['changed']


def test_an_own_instance_that_does_not_start_says_so(bare):
    unit = dict(OWN['unit'], content=OWN['unit']['content'].replace('hop start', 'hop strat'))
    result = bare.config(**dict(OWN, unit=unit))
    assert result['failed'] and result['restored'] is False
    assert result['msg'].startswith(
        'The configuration is in place, but the service hop.service does not run as wanted: systemctl start'
        ' hop.service: '
    )
    assert "hop.service: Failed with result 'exit-code'" in result['msg']
    assert bare.config(**OWN)['unit_commands'] == ['daemon-reload', 'start hop.service']
    assert bare.shell('systemctl is-active hop.service').strip() == 'active'


def test_an_own_instance_with_mail_stays_and_runs_on(bare):
    bare.config(**OWN)
    bare.shell(
        'python3 -c "import smtplib; smtplib.SMTP(\'127.0.0.1\', 10099).sendmail(\'a@example.com\','
        ' [\'x@external.test\'], \'Subject: x\\n\\nx\')"'
    )
    bare.shell(
        'for i in $(seq 100); do find /var/spool/hop/hold -type f | grep -q . && exit 0; sleep 0.1; done; exit 1'
    )
    before = bare.fingerprint()
    result = bare.config(**OWN_GONE)
    assert (
        result['failed']
        and '1 messages wait in the queue, and the instance stays: /var/spool/hop/hold/' in result['msg']
    )
    assert bare.fingerprint() == before
    assert bare.shell('systemctl is-active hop.service; systemctl is-enabled hop.service').split() == [
        'active',
        'enabled',
    ]
    assert len(bare.shell('find /var/spool/hop/hold -type f').split()) == 1
