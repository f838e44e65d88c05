# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doubles in directories of their own, and somebody who sends them mail."""

from __future__ import annotations

import json
import smtplib
import ssl
import time

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from lab.kerio import company
from lab.kerio.delivery import mailbox
from lab.kerio.double import PASSWORD, Double
from lab.kerio.profiles import profile
from lab.kerio.state import World

from .rpc import Rpc
from .sink import Sink

MESSAGE = 'From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\n{headers}\r\n{body}\r\n'
# A minute of the server, in seconds.
MINUTE = 0.1


@pytest.fixture(name='make')
def fixture_make(tmp_path):
    """make(VERSION, prepare=FUNCTION, world={}, first_run=False, MEMBER=...) -> a running double with the company.

    At the end, none may have complained: a test that provokes it has to look (`complaints`).
    """
    made = []

    def make(version='10.0.8', prepare=None, world=None, first_run=False, **differences):
        outside = World(minute=MINUTE, second=0.01, **(world or {}))
        folder = tmp_path / f'kerio{len(made)}'
        double = Double(folder, profile(version, **differences), outside, first_run)
        if not first_run:
            company.found(double.state)
        if prepare:
            prepare(double.state)
        made.append(double)
        return double.start()

    yield make
    left = []
    for double in made:
        left += double.complaints()
        double.stop()
    assert left == []


@pytest.fixture(name='sink')
def fixture_sink():
    """sink(tls='offered') -> a server that takes everything."""
    made = []

    def start(tls='offered'):
        made.append(Sink(tls))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture(name='admin')
def fixture_admin():
    """admin(double, name, password) -> a client that is logged in, and logged out at the end."""
    clients = []

    def log_in(double, *account):
        clients.append(Rpc(double).log_in(*account))
        return clients[-1]

    yield log_in
    for client in clients:
        if any(one.alive and one.token == client.token for one in client.double.api.sessions.all):
            client.log_out()


@pytest.fixture(name='run')
def fixture_run(capsys, monkeypatch):
    """run(MODULE, double, check=False, **options) -> (exit status, result); no secret is in it."""

    warnings = []
    # Ansible keeps them until the process ends.
    monkeypatch.setattr(AnsibleModule, 'warn', lambda self, text: warnings.append(text))

    def run(module, double, check=False, **options):
        account = {
            'password': PASSWORD,
            'port': double.web.port,
            'certificate_sha256': double.fingerprint,
            'timeout': 5,
        }
        arguments = {**account, **options, '_ansible_check_mode': check, '_ansible_diff': True}
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            module.main()
        said = capsys.readouterr()
        result = {**json.loads(said.out), 'warnings': list(warnings)}
        warnings.clear()
        # Ansible shows what it was called with, but for what is no_log.
        shown = json.dumps(result) + said.err
        assert [secret for secret in double.secrets() if secret in shown] == []
        return left.value.code, result

    return run


def complaints(double):
    """What the double has complained of until now; it is forgotten."""
    found = list(double.state.journal.violations)
    double.state.journal.violations.clear()
    return found


def send(
    double,
    sender='x@external.test',
    recipients=('alice@example.com',),
    service='SMTP',
    source='127.0.0.1',
    login=None,
    tls=True,
    headers='',
    subject='test',
    body='text',
):
    """Sends a message in; returns nothing. Raises smtplib's exceptions for what is refused."""
    configured = {'SMTP': 25, 'Secure SMTP': 465, 'SMTP Submission': 587}[service]
    client = connect(double, service, configured, source)
    try:
        if tls and service != 'Secure SMTP':
            client.starttls(context=unverified())
        if login:
            client.login(*login)
        raw = MESSAGE.format(sender=sender, recipient=recipients[0], subject=subject, headers=headers, body=body)
        refused = client.sendmail(sender, recipients, raw)
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)
    finally:
        client.close()


def connect(double, service='SMTP', configured=25, source='127.0.0.1'):
    more = {'timeout': 5, 'source_address': (source, 0), 'local_hostname': 'client.test'}
    port = double.port(service, configured)
    if service == 'Secure SMTP':
        return smtplib.SMTP_SSL('127.0.0.1', port, context=unverified(), **more)
    return smtplib.SMTP('127.0.0.1', port, **more)


def unverified():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def mail(double, user='alice', folder='INBOX', count=1, seconds=5):
    """The messages of a folder of example.com, once there are so many."""
    place = mailbox(double.state, f'{user}@example.com', folder)
    end = time.monotonic() + seconds
    while count and time.monotonic() < end and (not place.exists() or len(list(place.iterdir())) < count):
        time.sleep(0.01)
    found = [path.read_bytes() for path in sorted(place.iterdir())] if place.exists() else []
    assert len(found) == count
    return found


def settled(double, seconds=5):
    """Waits until the queue is empty."""
    end = time.monotonic() + seconds
    while double.mail.queue.waiting() and time.monotonic() < end:
        time.sleep(0.01)
    assert double.mail.queue.waiting() == []


LOGIN = ('alice@example.com', company.PASSWORD)
REFUSED = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)


def refusal(*args, **more):
    """The code by which a message is refused."""
    with pytest.raises(REFUSED) as refused:
        send(*args, **more)
    if isinstance(refused.value, smtplib.SMTPRecipientsRefused):
        return next(iter(refused.value.recipients.values()))[0]
    return refused.value.smtp_code


OUT = 'y@external.test'


def out(double, sender='alice@example.com', recipients=(OUT,), **more):
    send(double, sender, list(recipients), 'SMTP Submission', login=LOGIN, **more)


@pytest.fixture(name='sent')
def fixture_sent(make, sink):
    """sent(*rules, version=, tls=) -> (double, hop, outside): rules lead to hop.test, the outside has external.test."""

    def start(*rules, version='10.0.8', tls='offered', prepare=None, **ways):
        hop, outside = sink(tls), sink(tls)

        def settle(state):
            company.entrust(state, rules)
            if prepare:
                prepare(state)

        world = {'hosts': {'hop.test': hop.place}, 'exchangers': {'external.test': outside.place}}
        return make(version, settle, world, **ways), hop, outside

    return start


def rule(pattern='', test='RelayCondSender', comparator='RelayCompEqual', host='hop.test', **more):
    found = company.relay_rule(f'{test} {pattern} {host}', host, pattern=pattern or '', **more)
    if pattern:
        found['condition'].update(test=test, comparator=comparator)
    return found
