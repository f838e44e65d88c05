# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration by hand on an Exim of the lab, which our own code is asked about, and changes, over there."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from tests.exim.host import MADE, Exim

ROOT = Path(__file__).resolve().parents[2]
UTILS = 'plugins/module_utils'
CODE = '/run/conbool-code'
CONFIG = '/etc/exim4/exim4.conf'
# Reads what to do, and says what became of it.
DRIVER = f"""
import json, subprocess, sys
sys.path.insert(0, {CODE!r})
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import compatibility, converge, facts, texts
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError

order = json.load(sys.stdin)
settings = order['settings']

class Module:
    check_mode, _diff = order['check'], True

    @staticmethod
    def run_command(words, data=None, **dummy):
        done = subprocess.run(words, input=data or b'', stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr

said = {{}}
try:
    wish = converge.Wish()
    if order['state'] == 'present':
        info = facts.facts(Module.run_command, settings['domains'])
        said['info'], said['problems'] = info, compatibility.complaints(settings, info)
        hand = info['site']['hand']
        if not said['problems']:
            found = texts.render(settings, info['site'], order['flag'])
            wish = converge.Wish(found, {{}}, info['site']['exim_group'], order['senders'], hand)
    if not said.get('problems'):
        said['result'], said['warnings'] = converge.converge(Module, wish)
except (HostError, SwitchError) as exc:
    said['error'] = str(exc)
print(json.dumps(said))
"""
# Content, owner, group, mode and aim of each file, and of directories but the content.
LOOKER = """
import json, os, sys
found = {}
for root in sys.argv[1:]:
    for place, folders, files in os.walk(root):
        for path in [place] + [os.path.join(place, name) for name in files]:
            about = os.lstat(path)
            text = '' if os.path.isdir(path) else open(path, encoding='latin-1').read()
            aim = os.readlink(path) if os.path.islink(path) else ''
            found[path] = [text, about.st_uid, about.st_gid, about.st_mode, aim]
print(json.dumps(found))
"""
WRITER = """
import json, os, pathlib, sys
for name, text in json.load(sys.stdin).items():
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='latin-1')
"""

# All in one file, with what an editor has to be careful of.
MAIN = """\
# The beginning.
PARTS = /etc/exim4/parts
domainlist local_domains = @ : example.com : \\
  # within a line that goes on
  sub.example.co.uk
hostlist relay_from_hosts = <; 127.0.0.1 ; ::1
hide mysql_servers = localhost/mail/exim/verysecret
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_check_data
primary_hostname = exim.example.com
host_lookup =
keep_environment =
tls_verify_certificates = ${if exists{/etc/ssl/certs/ca-certificates.crt}\\
  {/etc/ssl/certs/ca-certificates.crt}{system}}
BEGIN acl
.ifdef NEVER
acl_check_rcpt:
  deny
.endif
# What is behind a remark.
  acl_check_rcpt :
  accept hosts = +relay_from_hosts
  deny message = relay not permitted, says the site
       !domains = +local_domains
  accept
acl_check_data:
  deny message = no such word here
    condition = ${if match{$h_Subject:}{forbidden}}
  accept
begin router
local:
  driver = accept
  domains = +local_domains
  transport = files
partner:
  driver = manualroute
  domains = partner.test
  transport = to_others
  route_list = * 192.0.2.7
# It takes the rest.
others:
  driver = dnslookup
  domains = ! +local_domains
  transport = to_others
  ignore_target_hosts = 192.0.2.99
  headers_remove = X-Internal
  no_more
begin transports
to_others:
  driver = smtp
  helo_data = from.example.com
files:
  driver = appendfile
  file = /dev/null
  user = mail
begin retry
* * F,2h,15m; G,16h,1h,1.5; F,4d,6h"""
SMARTHOST = """\
others:
  driver = manualroute
  transport = to_others
  route_list = * 192.0.2.8::587
begin transports
remote_smtp:
  driver = smtp
"""
PARTS = {
    'main': MAIN[: MAIN.index('BEGIN acl')]
    + '.include parts/acl\n.include_if_exists "PARTS/more"\n.include /etc/exim4/parts/routers\nbegin transports\n'
    + MAIN[MAIN.index('to_others:\n  driver = smtp') : MAIN.index('\nbegin retry')],
    'acl': MAIN[MAIN.index('BEGIN acl') : MAIN.index('begin router')],
    'more': 'acl_more:\n  accept\n',
    'routers': MAIN[MAIN.index('begin router') : MAIN.index('begin transports')],
}


def changed(old, new, text=MAIN):
    assert text.count(old) == 1, old
    return text.replace(old, new)


class ByHand(Exim):
    """A configuration by hand, which is in force. The daemon does not run."""

    def __init__(self, lab, host):
        super().__init__(lab, host)
        self.config = CONFIG
        self.sh('systemctl stop exim4 || true')
        self.debian = self.sh(f'cat {MADE}').stdout
        code = io.BytesIO()
        with tarfile.open(fileobj=code, mode='w') as archive:
            # Nothing there has to be installed for it.
            for path in sorted((ROOT / UTILS).rglob('*.py')):
                archive.add(path, f'ansible_collections/conbool/smtp_relay/{path.relative_to(ROOT)}')
        self.sh(f'mkdir -p {CODE}')
        self.lab.run(host, ['tar', '-x', '-C', CODE], input=code.getvalue())

    def write(self, **files):
        """Have these files beside exim4.conf, C(main); all others of such a configuration are gone."""
        self.sh(f'rm -rf {CONFIG} /etc/exim4/conbool /etc/exim4/parts /etc/elsewhere /var/lib/conbool-smtp-relay')
        self.edit(**files)

    def edit(self, **files):
        paths = {CONFIG if name == 'main' else f'/etc/exim4/parts/{name}': text for name, text in files.items()}
        self.lab.run(self.host, ['python3', '-c', WRITER], input=json.dumps(paths))

    def run(self, state='present', check=False, flag=True, senders=('alice@example.com',), **changes):
        order = {'state': state, 'check': check, 'flag': flag, 'senders': senders}
        order['settings'] = dict(self.settings, **changes)
        return json.loads(self.lab.run(self.host, ['python3', '-c', DRIVER], input=json.dumps(order)).stdout)

    def present(self, **changes):
        """Have the texts in it."""
        said = self.run(**changes)
        assert said.get('result', {}).get('changed'), said
        return said

    def files(self):
        looked = self.lab.run(self.host, ['python3', '-c', LOOKER, '/etc/exim4', '/etc/elsewhere'])
        return json.loads(looked.stdout)
