# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with a Postfix on which modules run as Ansible runs them, and a change to make there."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import ansible

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
            for path in (ROOT / 'plugins' / name).rglob('*.py'):
                archive.add(path, f'ansible_collections/conbool/smtp_relay/{path.relative_to(ROOT).as_posix()}')
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
