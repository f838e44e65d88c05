# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a transport tells a gateway with which something is wrong, ours beside those that look as if they verified; and
what one failed connection does to later mail. Real messages of a real Exim, with a queue of its own."""

from __future__ import annotations

import re
import time

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.debian import SPLIT
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.queue import Look
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.texts import GATEWAY_ROUTER, TRANSPORT

from tests.exim.host import LAN, SPOOL

pytestmark = pytest.mark.full

AUTHORITIES = '/etc/ssl/lab/ca.pem'
MODES = ('normal', 'no_starttls', 'wrong_name', 'unknown_ca', 'expired')
WAITS, CLEAR, VERIFIED, UNVERIFIED = 'waits', 'in clear', 'CV=yes', 'not verified'
SMTP = 'conbool_smtp:\n  driver = smtp\n'
CA = f'  tls_verify_certificates = {AUTHORITIES}\n'
REQUIRE, VERIFY, ANY_NAME = (
    '  hosts_require_tls = *\n',
    '  tls_verify_hosts = *\n',
    '  tls_verify_cert_hostnames =\n',
)
# By transport: what becomes of a message in each mode. None is ours.
TRANSPORTS = {
    'as Exim has it': (SMTP, (UNVERIFIED, CLEAR, UNVERIFIED, UNVERIFIED, UNVERIFIED)),
    # As Debian's for a smart host: what does not verify is told in clear.
    'verified, not required': (SMTP + CA + VERIFY, (VERIFIED, CLEAR, CLEAR, CLEAR, CLEAR)),
    'required, not verified': (SMTP + CA + REQUIRE, (VERIFIED, WAITS, UNVERIFIED, UNVERIFIED, UNVERIFIED)),
    # The log says that it was verified: that is the chain.
    'any name': (SMTP + CA + REQUIRE + VERIFY + ANY_NAME, (VERIFIED, WAITS, VERIFIED, WAITS, WAITS)),
    'ours': (None, (VERIFIED, WAITS, WAITS, WAITS, WAITS)),
    'ours, another name': (None, (VERIFIED, WAITS, WAITS, WAITS, WAITS)),
}
TOKEN = 'exim-transport-%s'


@pytest.fixture(scope='module', name='exim')
def fixture_exim(exim):
    exim.settings['tls_ca_file'] = AUTHORITIES
    yield exim
    exim.lab.gateway.set()


def made(exim, transport=None, changes=None, edit=None):
    edit = dict(edit or {}, **({'transport': lambda dummy: transport} if transport else {}))
    done = exim.made(changes, edit, files={'conf.d/main/000_spool': f'SPOOLDIR = {SPOOL}\n'})
    assert done.returncode == 0, done.stderr
    exim.program().check()


def seen(exim, token, said):
    """What became of a message, by what the gateway has, and by the log."""
    gateway = exim.lab.gateway
    found = [one for one in gateway.deliveries() if token.encode() in one['content']]
    if not found:
        assert exim.waiting() == 1
        return WAITS
    assert len(found) == 1 and exim.waiting() == 0
    if not found[0]['tls']:
        return CLEAR
    return VERIFIED if re.search(r' => .* CV=yes', said) else UNVERIFIED


def stuck(exim, directory):
    """Whether verify would call what waits a matter for a person. The logs of messages it looks at are those of its own
    host: so they are brought here."""
    logs = exim.sh(f'cd {SPOOL}/msglog && for each in *; do echo "== $each"; cat "$each"; done').stdout
    (directory / 'msglog').mkdir(exist_ok=True)
    for log in logs.split('== ')[1:]:
        name, dummy, text = log.partition('\n')
        (directory / 'msglog' / name).write_text(text)
    look = Look(exim.program(), str(directory), f'R={GATEWAY_ROUTER}')
    look.end()
    return look.stuck()


def told_in_clear(gateway, before, outcome):
    """The gateway knows of a session when that has ended."""
    end = time.monotonic() + (5 if outcome == CLEAR else 0.5)
    while len(gateway.attempts()) == before and time.monotonic() < end:
        time.sleep(0.05)
    return len(gateway.attempts()) > before


@pytest.mark.parametrize('name', TRANSPORTS)
def test_what_is_told_to_a_gateway_with_which_something_is_wrong(exim, name, tmp_path):
    transport, wanted = TRANSPORTS[name]
    gateway = exim.lab.gateway
    other = {'relay_host': exim.settings['networks'][0]} if name == 'ours, another name' else None
    found = []
    for mode in MODES:
        made(exim, transport, other)
        exim.empty()
        gateway.set(mode)
        token, before = TOKEN % f'{list(TRANSPORTS).index(name)}-{mode}', len(gateway.attempts())
        said = exim.send(f'Subject: {token}\n\ntext\n')
        found.append(seen(exim, token, said))
        # Not even sender and recipients are told in clear where a message waits.
        if found[-1] == WAITS and not transport:
            assert stuck(exim, tmp_path), said
        assert told_in_clear(gateway, before, found[-1]) is (found[-1] == CLEAR), (mode, said)
    assert tuple(found) == wanted


def test_after_one_failed_connection_later_mail_waits_untried(exim):
    """For the time that the rule says, and then for the next queue run. -qf tries all at once."""
    gateway = exim.lab.gateway
    made(exim)
    exim.empty()
    gateway.set('down')
    exim.send(f'Subject: {TOKEN % "first"}\n\ntext\n')
    gateway.set()
    said = exim.send(f'Subject: {TOKEN % "second"}\n\ntext\n')
    assert 'retry time not reached for any host' in said and exim.waiting() == 2
    # A queue run does not, as long as the time has not come.
    exim.run_queue('-q')
    assert exim.waiting() == 2
    exim.run_queue('-qf')
    arrived = b''.join(one['content'] for one in gateway.deliveries())
    assert exim.waiting() == 0 and all((TOKEN % each).encode() in arrived for each in ('first', 'second'))


@pytest.mark.parametrize('naive', [False, True])
def test_new_mail_is_tried_also_when_the_gateway_was_away_for_longer_than_the_rule(exim, naive):
    """By default it would be returned at once, untried."""
    gateway = exim.lab.gateway
    edit = {'retry': lambda text: text.replace('F,2h,5m; G,16h,1h,1.5; F,4d,6h', 'F,2s,1m')}
    if naive:
        edit['transport'] = lambda text: text.replace('  delay_after_cutoff = false\n', '')
    made(exim, edit=edit)
    exim.empty()
    gateway.set('down')
    exim.send(f'Subject: {TOKEN % "old"}\n\ntext\n')
    time.sleep(4)
    # What has waited for longer than that is returned.
    exim.run_queue('-qf')
    gateway.set()
    token = TOKEN % f'new-{naive}'
    said = exim.send(f'Subject: {token}\n\ntext\n')
    arrived = any(token.encode() in one['content'] for one in gateway.deliveries())
    assert arrived is not naive, said
    assert ('failing for a long time' in said) is naive, said


@pytest.mark.parametrize('naive', [False, True])
def test_each_message_that_waited_has_a_connection_of_its_own(exim, naive):
    """On one that is handed on, another process speaks TLS, and the log says that nothing was verified."""
    gateway = exim.lab.gateway
    made(exim, edit={'transport': lambda text: text.replace('  hosts_nopass_tls = *\n', '')} if naive else None)
    exim.empty()
    gateway.set('down')
    for number in range(3):
        exim.send(f'Subject: {TOKEN % number}\n\ntext\n')
    gateway.set()
    exim.run_queue('-qf')
    said = [line for line in exim.sh('cat /var/log/exim4/mainlog').stdout.split('\n') if ' => ' in line][-3:]
    assert exim.waiting() == 0
    assert sum(' CV=yes' in line for line in said) == (1 if naive else 3), said


def test_the_password_of_the_old_smart_host_is_told_to_nobody_else(exim):
    answers = {'dc_eximconfig_configtype': 'smarthost', 'dc_smarthost': 'mx.external.test'}
    assert exim.made(answers=answers).returncode == 0
    program = exim.program()
    assert 'passwd.client' in program.transport('remote_smtp_smarthost')['hosts_try_auth']
    ours = program.transport(TRANSPORT)
    assert (ours['hosts_try_auth'], ours['hosts_require_auth']) == ('', '')


@pytest.mark.parametrize('count', range(len(SPLIT)))
def test_what_a_killed_run_has_written_so_far_is_of_use(exim, count):
    """Exim's start makes a configuration of it: mail leaves, and nobody is told that something is wrong here."""
    assert exim.made_so_far(count).returncode == 0
    program = exim.program()
    program.check()
    assert program.way('alice@example.com', 'x@external.test').transport == 'remote_smtp'
    assert exim.told(LAN, 'alice@example.com')[:3] == '250'
    assert exim.router_of(b'From: x@external.test\n\ntext', LAN, 'fwd@example.com') == 'dnslookup'
