# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""postfix_config and postfix_info on the Postfix of Debian 12 and 13: changed, converged, refused, restored, killed,
undone."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

import ansible
import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.main_cf import MainCf

from lab import inside

ROOT = Path(__file__).resolve().parents[2]
KINDS = {'config12': 'postfix-debian12', 'config13': 'postfix-debian13'}
UNITS = {'config12': 'postfix@-.service', 'config13': 'postfix.service'}
# Stand-ins for Postfix's commands: each call is written down, and a chosen reload kills the module instead of being
# done.
WRAPPER = """#!/bin/sh
echo "$(basename "$0") $*" >> /root/calls
case "$*" in *reload)
    left=$(cat /root/kill-at 2>/dev/null || echo 0)
    if [ "$left" -gt 0 ]; then
        echo $((left - 1)) > /root/kill-at
        if [ "$left" = 1 ]; then kill -9 $PPID; exit 1; fi
    fi;;
esac
exec /usr/sbin/$(basename "$0") "$@"
"""
RUNNER = b"""
import json, runpy, subprocess, sys
if len(sys.argv) == 3:
    from ansible.module_utils import basic
    basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.argv[2].encode(), 'legacy'
    runpy.run_module('ansible_collections.conbool.smtp_relay.plugins.modules.' + sys.argv[1], run_name='__main__')
results = []
for order in sys.stdin:
    done = subprocess.run([sys.executable, __file__, sys.argv[1], order], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    results.append(json.loads(done.stdout) if done.stdout else {'failed': True, 'killed': -done.returncode, 'msg': done.stderr})
print(json.dumps(results))
"""
CHANGE = {
    'owner_id': 'tests',
    'parameters': {
        'relayhost': '[192.0.2.1]:25',
        'readme_directory': None,
        'smtp_helo_timeout': '17s',
        'header_checks': 'regexp:/etc/postfix/conbool/checks',
    },
    'services': [
        {
            'name': 'conbool-hop',
            'type': 'unix',
            'chroot': 'n',
            'command': 'smtp',
            'options': {'smtp_tls_security_level': 'none', 'smtp_tls_mandatory_protocols': '!SSLv2, !SSLv3'},
        },
        {
            'name': 'conbool-cleanup',
            'type': 'unix',
            'private': 'n',
            'max_processes': '0',
            'command': 'cleanup',
            'options': {'header_checks': 'regexp:/etc/postfix/conbool/checks'},
        },
    ],
    'service_options': [
        {
            'name': 'submission',
            'type': 'inet',
            'options': {'cleanup_service_name': 'conbool-cleanup', 'milter_macro_daemon_name': None},
        }
    ],
    'tables': [
        {'path': 'conbool/checks', 'type': 'regexp', 'content': '/^X-Gone:/ IGNORE\n'},
        {'path': 'conbool/routes', 'type': 'default', 'entries': {'example.org': 'smtp:[192.0.2.1]'}},
    ],
    'listeners': [{'address': '127.0.0.1', 'port': 25}, {'address': '127.0.0.1', 'port': 587}],
}


def site():
    """What Ansible sends to a host to run a module: its own module_utils, and ours."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode='w') as archive:
        base = Path(ansible.__file__).parent
        for name in ('release.py', 'module_utils'):
            archive.add(
                base / name, 'ansible/' + name, filter=lambda member: None if '__pycache__' in member.name else member
            )
        for name in ('modules', 'module_utils'):
            for path in (ROOT / 'plugins' / name).glob('*.py'):
                archive.add(path, f'ansible_collections/conbool/smtp_relay/plugins/{name}/{path.name}')
        for name, content in (('ansible/__init__.py', b''), ('run.py', RUNNER)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Host:

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        lab.run(name, ['sh', '-c', 'mkdir -p /root/site && tar -x -C /root/site'], input=site())
        self.shell(
            'mkdir -p /root/wrapped && cd /root/wrapped && cat > postconf && chmod +x postconf && cp postconf postfix'
            ' && cp postconf postmap',
            input=WRAPPER,
        )
        self.original = self.fingerprint()

    def shell(self, script, check=True, **options):
        done = self.lab.run(self.name, ['sh', '-c', script], check=check, **options)
        return done.stdout

    def module(self, module, check=False, **arguments):
        return self.modules(module, [(arguments, check)])[0]

    def modules(self, module, calls):
        """Run a module for each (arguments, check mode), as Ansible does on a managed host but without a connection
        each."""
        orders = [
            {'ANSIBLE_MODULE_ARGS': dict(arguments, _ansible_check_mode=check, _ansible_diff=True)}
            for arguments, check in calls
        ]
        done = self.lab.run(
            self.name, ['python3', '/root/site/run.py', module], input='\n'.join(map(json.dumps, orders)), timeout=300
        )
        return json.loads(done.stdout)

    def config(self, check=False, **arguments):
        return self.module('postfix_config', check, **arguments)

    def fingerprint(self):
        """Everything that a run may leave: configuration, record, staging directories."""
        return self.shell(
            'cd / && find etc/postfix etc/hop var/lib/conbool-smtp-relay etc/.conbool* -type f -exec sha256sum {} +'
            ' 2>/dev/null | sort;find etc/postfix etc/hop etc/.conbool* -printf "%p %m %u %g\\n" 2>/dev/null | sort'
        )

    def postconf(self, *arguments):
        return self.lab.run(self.name, ['postconf', *arguments]).stdout.strip()

    def master(self):
        return self.shell('cat /var/spool/postfix/pid/master.pid').strip()

    def reloads(self):
        return self.lab.log(self.name).count('refreshing the Postfix mail system')

    def serves_mail(self, token):
        """A message to alice arrives, and submission greets."""
        self.shell('sendmail -i -f bob@example.com alice@example.com', input=f'Subject: {token}\n\nhello\n')
        script = f'for i in $(seq 100); do grep -rqs {token} /home/alice/Maildir/new && exit 0; sleep 0.1; done; exit 1'
        self.shell(script)
        self.shell(
            'bash -c "exec 3<>/dev/tcp/127.0.0.1/587 && read -t 5 line <&3 && case \\$line in 220*) exit 0;; esac;'
            ' exit 1"'
        )


@pytest.fixture(scope='module', params=['config12', pytest.param('config13', marks=pytest.mark.full)])
def machine(request, borrowed):
    with borrowed.hosts(f'{request.param}={KINDS[request.param]}') as lab:
        yield Host(lab, request.param)


@pytest.fixture
def host(machine):
    yield machine
    machine.config(owner_id='tests', state='absent')
    assert machine.fingerprint() == machine.original


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
