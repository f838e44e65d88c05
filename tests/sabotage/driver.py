# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host: breaks it, verifies, repairs it by the module of site.yml, and verifies again.

Modules run as they are, from an archive with them and with what they import, in processes of their own: no connection
and no copy for each. Standard input has a job in JSON; every outcome is a line of standard output.
"""

from __future__ import annotations

import glob
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback

PREFIX = 'ansible_collections.conbool.smtp_relay.plugins.modules.'
KEPT = '/root/converged'
# A module or a command; all that is done about one breakage, and to put the host back after one that took longer.
SECONDS, EACH, AGAIN_IN = 180, 240, 180
# What a host has of the mail server, and of us; restored after what only a person can repair.
PLACES = (
    '/etc/postfix',
    '/etc/mail',
    '/etc/exim4',
    '/var/lib/exim4',
    '/etc/conbool-hop',
    '/etc/dovecot',
    '/etc/systemd/system',
    '/etc/conbool-inbound-firewall.nft',
    '/etc/conbool-hop-users.nft',
    '/etc/passwd',
    '/etc/shadow',
    '/etc/group',
    '/etc/gshadow',
    '/etc/ld.so.conf.d',
    '/usr/lib/conbool-hop',
    '/var/lib/conbool-smtp-relay',
    '/usr/lib/conbool-zimbra',
    '/opt/zimbra/common/conf',
    '/opt/zimbra/data/spamassassin/localrules',
    '/opt/zimbra/double/store.json',
)
PRELUDE = """
set -e
PASSWORD=lab-admin-password
PATH=$PATH:/usr/lib/conbool-hop/usr/sbin
HOP=/etc/conbool-hop MTA=/etc/postfix QUEUE=/var/spool/conbool-hop FILES=/var/lib/conbool-smtp-relay/files
EXIM=/etc/exim4/conf.d UNITS=/etc/systemd/system UNIT=/etc/systemd/system/conbool-hop.service
if [ -e /opt/zimbra ]; then MTA=/opt/zimbra/common/conf PATH=$PATH:/opt/zimbra/common/sbin; fi
FOREIGN=$(printf 'AB:%.0s' $(seq 31))AB
hop() { postconf -c $HOP "$@"; }
listener() { hop -M | awk '$2 == "inet" { print $1; exit }'; }
arriving() { hop -M | awk '$2 == "inet" && $1 ~ /:25$/ { print $1 "/inet" }'; }
reload_hop() { systemctl reload conbool-hop; }
reload_mta() { postfix reload 2>/dev/null; }
restart_mta() { systemctl restart sendmail; }
build() { m4 /etc/mail/sendmail.mc >/run/built.cf && cat /run/built.cf >/etc/mail/sendmail.cf; }
reread() { kill -HUP "$(cat /run/exim4/exim.pid)" && sleep 1; }
made() { update-exim4.conf && reread; }
gateway() { getent ahostsv4 mail.conbool.com | awk '{ print $1; exit }'; }
access() { echo "$1" >>/etc/mail/access && makemap hash /etc/mail/access </etc/mail/access; }
records() { ls /var/lib/conbool-smtp-relay/postfix/*/$1.json; }
drop_in() {
    mkdir -p $UNITS/$1.d && printf "$2" >$UNITS/$1.d/zz.conf && systemctl daemon-reload
}
# Whatever an administrator does to Kerio Connect, as Python: kerio is logged in.
kerio() {
    PYTHONPATH=/root/sabotage.zip python3 -c "
import sys
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.session import client_of
EVERYTHING = {'fields': [], 'conditions': [], 'combining': 'And', 'start': 0, 'limit': -1, 'orderBy': []}
place = {'url': 'https://127.0.0.1:4040', 'ca_file': '', 'fingerprint': '', 'user': 'Admin'}
with client_of(place, '$PASSWORD') as kerio:
    exec(sys.argv[1])
" "$1"
}
# Rules, a service or the spam filter: what becomes of it.
relay_rules() {
    kerio "rules = kerio.call('Smtp.getRelayDeliveryRuleList')['list']; $1
kerio.call('Smtp.setRelayDeliveryRuleList', list=rules)"
}
spam_rules() {
    kerio "rules = kerio.call('Content.getCustomRuleList', query=EVERYTHING)['list']; $1
kerio.call('Content.setCustomRuleList', list=rules)"
}
service_smtp() {
    kerio "smtp = [each for each in kerio.call('Services.get')['services'] if each['name'] == 'SMTP'][0]; $1
kerio.call('Services.set', services=[smtp])"
}
smtp_server() {
    kerio "server = kerio.call('Smtp.get')['server']; $1
kerio.call('Smtp.set', server=server)"
}
spam_filter() {
    kerio "setting = kerio.call('Content.getAntiSpamSetting')['setting']; $1
kerio.call('Content.setAntiSpamSetting', setting=setting)"
}
zimbra() { su - zimbra -c "$1"; }
rewrite() { zimbra '/opt/zimbra/libexec/configrewrite amavis mta && postfix reload norewrite' >/dev/null 2>&1; }
# Attribute and value, of this server or of all; Postfix goes by them.
server() { zimbra "zmprov ms \\$(zmhostname) $*" && rewrite; }
config() { zimbra "zmprov mcf $*" && rewrite; }
domain() { zimbra "zmprov md example.com $*"; }
keep() { cp -p "$1" /run/kept; kept=$1; }
back() { cp -p /run/kept "$kept"; }
"""
AGAIN = """
systemctl daemon-reload
units='dovecot postfix postfix@- sendmail exim4'
# What it has of these, Zimbra runs itself.
[ ! -e /opt/zimbra ] || units=
for unit in $units conbool-hop conbool-inbound-firewall; do
    systemctl stop $unit.service 2>/dev/null || true
    # Whoever has no pid file does not stop.
    systemctl kill --signal=KILL $unit.service 2>/dev/null || true
    systemctl reset-failed $unit.service 2>/dev/null || true
done
sleep 1
ldconfig
if [ -e /opt/zimbra ]; then
    # After a reload master(8) still waits, with a service that has failed, for a minute.
    su - zimbra -c '/opt/zimbra/libexec/configrewrite amavis mta; postfix stop; postfix start norewrite'
    for unit in conbool-certificate.socket conbool-zimbra.path; do
        if systemctl cat $unit >/dev/null 2>&1; then systemctl restart $unit; fi
    done
fi
for unit in conbool-inbound-firewall conbool-hop $units; do
    if systemctl cat $unit.service >/dev/null 2>&1; then systemctl start $unit; fi
done
sleep 1
"""


def call(name, **arguments):
    """What a module answers."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        os.dup2(write, 1)
        os.dup2(write, 2)
        signal.alarm(SECONDS)
        try:
            basic = importlib.import_module('ansible.module_utils.basic')
            basic._ANSIBLE_ARGS = json.dumps({'ANSIBLE_MODULE_ARGS': arguments}).encode()
            basic._ANSIBLE_PROFILE = 'legacy'
            importlib.import_module(PREFIX + name).main()
        except SystemExit:
            pass
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(write)
    with os.fdopen(read, 'rb') as stream:
        said = stream.read().decode('utf-8', 'replace')
    os.waitpid(pid, 0)
    try:
        return json.loads([line for line in said.splitlines() if line.startswith('{')][-1])
    except (IndexError, ValueError):
        return {'failed': True, 'msg': f'{name} ended without an answer: {said[-500:]}'}


def red(answer):
    """What is not green of an answer: id, what was found of what, and what to do."""
    if answer.get('failed'):
        return [['failed', answer.get('msg', ''), '']]
    rows = [row for row in answer.get('rows', []) if row['status'] != 'green']
    return [[row['id'], '{target}: {finding}'.format(**row), row['hint']] for row in rows]


def words(warning):
    """What a warning says, which is a text up to ansible-core 2.18."""
    return warning if isinstance(warning, str) else warning['event']['msg']


def shell(text):
    done = subprocess.run(['sh', '-c', PRELUDE + text], capture_output=True, text=True, timeout=SECONDS, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def save():
    subprocess.run(['rm', '-rf', KEPT], check=True)
    for path in filter(os.path.exists, PLACES):
        os.makedirs(KEPT + os.path.dirname(path), exist_ok=True)
        subprocess.run(['cp', '-a', path, KEPT + path], check=True)


def restore(mend):
    mended = shell(mend)
    for path in PLACES:
        # Some of the folders are mounts.
        emptied = ['find', path, '-mindepth', '1', '-delete'] if os.path.isdir(path) else ['rm', '-f', path]
        subprocess.run(emptied, check=True)
        if os.path.exists(KEPT + path):
            subprocess.run(['cp', '-aT', KEPT + path, path], check=True)
    return shell(AGAIN)[1] + mended[1]


def bounded(seconds, function, *arguments):
    """What a function returns, in processes of their own; None where it takes longer: these have been ended then. One
    that fails says why in its place."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.setsid()
        os.close(read)
        try:
            answer = function(*arguments)
        except BaseException:
            answer = {'broken': False, 'said': traceback.format_exc()}
        with os.fdopen(write, 'w') as stream:
            json.dump(answer, stream)
        os._exit(0)
    os.close(write)
    end, said, piece = time.monotonic() + seconds, b'', b'begin'
    while piece:
        if not select.select([read], [], [], max(0, end - time.monotonic()))[0]:
            os.killpg(pid, signal.SIGKILL)
            break
        piece = os.read(read, 65536)
        said += piece
    os.close(read)
    os.waitpid(pid, 0)
    return None if piece else json.loads(said)


class Host:
    def __init__(self, job):
        self.job, self.settings = job, job['settings']

    def verify(self):
        return red(call(self.job['mta'] + '_verify', settings=self.settings, **self.job['secrets']))

    def site(self):
        return call(self.job['mta'] + '_smarthost', settings=self.settings, **self.job['secrets'])

    def outcome(self, name, do, mend):
        """What comes of a breakage, whatever that is, in a time that is known before."""
        begin = time.monotonic()
        found = bounded(EACH, self._tried, name, do, mend)
        if found is None:
            found = {'broken': False, 'said': f'it took more than {EACH} s'}
        if 'name' not in found:
            left = bounded(AGAIN_IN, self._again, mend)
            found['spoilt'] = [['late', 'the host could not be put back in time', '']] if left is None else left
        return dict(found, name=name, seconds=round(time.monotonic() - begin, 1))

    def _again(self, mend):
        restore(mend)
        self.site()
        return self.verify()

    def _tried(self, name, do, mend):
        """Break, verify, repair, verify; afterwards the host is as it was, or it is said what is not."""
        took = {}

        def timed(step, function, *arguments):
            begin = time.monotonic()
            answer = function(*arguments)
            took[step] = round(time.monotonic() - begin, 1)
            return answer

        status, said = timed('do', shell, do)
        found = {'name': name, 'broken': status == 0, 'said': said, 'took': took}
        found['verify'] = timed('verify', self.verify)
        answer = timed('site', self.site)
        found['site'] = red(answer) + [['warning', text, ''] for text in map(words, answer.get('warnings', []))]
        found['changed'] = answer.get('changed', False)
        found['after'] = timed('after', self.verify)
        if found['after']:
            found['spoilt'] = timed('again', self._again, mend)
        return found


def main():
    job = json.load(sys.stdin)
    sys.path.insert(0, job['archive'])
    # For the processes to come, which then have it already.
    for name in ('_verify', '_smarthost'):
        importlib.import_module(PREFIX + job['mta'] + name)
    host = Host(job)
    save()
    for breakage in job['breakages']:
        print(json.dumps(host.outcome(*breakage)), flush=True)
    if not job['breakages']:
        print(json.dumps({'name': '', 'verify': host.verify(), 'files': glob.glob(KEPT + '/*')}), flush=True)


if __name__ == '__main__':
    main()
