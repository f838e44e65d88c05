# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""postfix_info, and main.cf as it is read here, against what Postfix says itself, also without IPv6."""

from __future__ import annotations

import json
import re
import subprocess

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf

from lab import inside
from tests.postfix.machine import CHANGE


def test_info_is_what_postfix_says(host):
    info = host.module('postfix_info')
    assert info['version'] == host.postconf('-h', 'mail_version')
    assert info['version'].startswith({'config12': '3.7.', 'config13': '3.10.'}[host.name])
    assert info['running'] and not info['changed']
    assert info['lookup_types'] == sorted(host.postconf('-m').split())
    assert info['default_database_type'] == 'hash'
    assert {name: value.split() for name, value in info['configured'].items()} == {
        name.strip(): value.split()
        for name, dummy, value in (line.partition('=') for line in host.postconf('-n').split('\n'))
    }
    assert len(info['parameters']) == len(host.postconf().split('\n'))
    submission = [service for service in info['services'] if service['name'] == 'submission'][0]
    assert submission['options']['syslog_name'] == 'postfix/submission'
    assert ['{name}/{type}'.format(**service) for service in info['services']] == [
        '/'.join(line.split()[:2]) for line in host.postconf('-M').split('\n')
    ]


def test_info_of_single_parameters(host):
    info = host.module('postfix_info', parameters=['smtpd_banner', 'no_such_parameter'])
    assert info['parameters'] == {'smtpd_banner': host.postconf('-h', 'smtpd_banner')}
    assert info['expanded'] == {'smtpd_banner': host.postconf('-xh', 'smtpd_banner')}
    assert 'no_such_parameter: unknown parameter' in str(info['warnings'])


ODD_FILES = [
    'a_a = 1\n  2\n# c\n\n\t3\nb_b=x\n',
    '  orphan = 1\nb_b = 2\n',
    'a_a = 1\r\nb_b = \r\n 2\r\n',
    'a_a\n = 1\n',
    'a_a = 1\nb_b = 3\na_a = 2',
    '#a_a = 0\n #b_b = 1\na_a = # no\n',
    'a_a = \u00a0x\u2028y\n\u00a0\n = 1\nb_b = 2\n',
    'a_a = 1 = 2\nb_b =\n',
    'a_a = 1\n \x0b \n  2\n',
    'a_a=\n\n\n  1\n\n#\n  2\nb_b\t=\t3\n',
    '',
    '\n\n',
    'a_a = 1\x0c\n',
]


def test_main_cf_is_read_as_postconf_reads_it(machine):
    """Also what Postfix would only warn about. $a_a and $b_b are used by a known parameter, so that postconf shows
    them."""
    texts = [
        text + ('' if text.endswith('\n') or not text else '\n') + 'smtp_helo_name = $a_a$b_b\n' for text in ODD_FILES
    ]
    script = """
import json, os, subprocess, sys
shown = []
for text in json.load(sys.stdin):
    with open('/root/odd/main.cf', 'w', newline='', encoding='utf-8') as stream:
        stream.write(text)
    os.utime('/root/odd/main.cf', (1, 1))  # or postconf waits for it to cool down
    shown.append(subprocess.run(['postconf', '-c', '/root/odd', '-n'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode())
print(json.dumps(shown))
"""
    machine.shell('mkdir -p /root/odd; cp /etc/postfix/master.cf /root/odd/')
    shown = json.loads(machine.lab.run(machine.name, ['python3', '-c', script], input=json.dumps(texts)).stdout)
    for text, lines in zip(texts, shown):
        pairs = [
            (name.strip(), value.strip(' '))
            for name, dummy, value in (line.partition('=') for line in lines.split('\n'))
        ]
        said = {name: value.split(' ') for name, value in pairs if name in ('a_a', 'b_b')}
        assert lines
        # postconf keeps the blanks between the pieces of a value as they are.
        read = {name: value for name, value in MainCf(text).values().items() if name in ('a_a', 'b_b')}
        assert {name: re.sub('[ \t\v\f\r]+', ' ', ' '.join(value)) for name, value in said.items()} == {
            name: re.sub('[ \t\v\f\r]+', ' ', value) for name, value in read.items()
        }, text


def test_without_ipv6(machine):
    """Last: the container has no IPv6 afterwards."""
    pid = inside.first_process(machine.lab.layout, machine.lab.nodes[machine.name])
    subprocess.run(
        ['nsenter', '--target', str(pid), '--net', 'sysctl', '--write', 'net.ipv6.conf.all.disable_ipv6=1'],
        check=True,
        capture_output=True,
    )
    assert 'inet6' not in machine.shell('ip addr')
    assert machine.module('postfix_info')['running']
    assert machine.config(**CHANGE)['reloaded']
    assert not machine.config(**CHANGE)['changed']
    assert machine.config(owner_id='tests', state='absent')['changed']
    assert machine.fingerprint() == machine.original
    # Where localhost has an IPv6 address all the same, Postfix's own commands give up.
    machine.shell('echo "::1 localhost" >> /etc/hosts; echo "inet_interfaces = localhost" >> /etc/postfix/main.cf')
    before = machine.fingerprint()
    for result in (machine.module('postfix_info'), machine.config(**CHANGE)):
        assert result['failed'] and 'no local interface found for ::1' in result['msg']
    assert 'inet_protocols = ipv4' in machine.module('postfix_info')['msg']
    assert machine.fingerprint() == before
