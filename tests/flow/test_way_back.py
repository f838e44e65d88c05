# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Row O12 whatever the site's own rules say of the host, and mail that waits for a detour when that is undone."""

from __future__ import annotations

import json

import pytest

from tests.flow import playbook
from tests.flow.engine import Engine
from tests.flow.model import Case, Place
from tests.flow.site import Site

pytestmark = [pytest.mark.configures_hosts, pytest.mark.servers('postfix')]

# What refuses a bounce that comes to port 25 from the host itself, one site each.
RULES = {
    'its own name in HELO': [
        'smtpd_helo_required=yes',
        'smtpd_helo_restrictions=check_helo_access inline:{{%(name)s = REJECT this is my name}}',
    ],
    'nobody relays': [
        'mynetworks=',
        'smtpd_recipient_restrictions=reject_unauth_destination, reject_unlisted_recipient',
    ],
    'names that the DNS does not know': [
        'smtpd_helo_restrictions=reject_unknown_helo_hostname, reject_unknown_client_hostname'
    ],
    'mail without a sender': ['smtpd_sender_restrictions=check_sender_access inline:{{<> = REJECT}}'],
    'what a bounce looks like': ['header_checks=regexp:/etc/postfix/no-bounces', 'body_checks=$header_checks'],
    'a milter that is away': ['smtpd_milters=inet:127.0.0.1:9', 'milter_default_action=reject'],
}
NO_BOUNCES = '/^From:.*MAILER-DAEMON/ REJECT\n/could not be delivered/ REJECT\n'
HOP = '/etc/conbool-hop'
ALICE, BOUNCE = 'alice@example.com', 'waiting@bounce.test'
OUTSIDE = 'someone@external.test'
BOB = 'bob@example.com'
BOB_AND_HIS_FORWARD = [Place('mailbox:bob'), Place('direct', ('bob@external.test',))]


def case(name, places, via, sender, recipient, *headers):
    inject = {'via': via, 'from': sender, 'to': [recipient], 'headers': list(headers)}
    return Case(name, name, 'way back', 'default', inject, expect=tuple(places))


RELEASED = 'X-Conbool-Released: yes'
BOUNCES = [
    case('to alice', [Place('bounce:alice')], 'sendmail', ALICE, BOUNCE, RELEASED),
    case(
        'to an outside sender', [Place('bounce:direct', (OUTSIDE,), sender='<>')], 'sendmail', OUTSIDE, BOUNCE, RELEASED
    ),
]
# What another local user could make of that port.
TRIED = """
import smtplib
def ask(sender, *recipients):
    with smtplib.SMTP('127.0.0.1', 329) as listener:
        listener.ehlo('x')
        listener.mail(sender)
        return [listener.rcpt(recipient)[0] for recipient in recipients]
print(ask('', 'alice@example.com', 'bob@example.com'))
print(ask('', 'someone@external.test'))
print(ask('double-bounce@mail.example.com', 'postmaster'))
print(ask('alice@example.com', 'someone@external.test'), ask('alice@example.com', 'bob@example.com'))
"""


def name_of(lab, host):
    return lab.lab.run(host, ['postconf', '-hx', 'myhostname']).stdout.strip()


@pytest.fixture(scope='module', name='led')
def fixture_led(lab, kind, variables_of):
    """A host whose mail goes to the gateway."""
    with lab.hosts(f'led={kind}'):
        playbook.apply(lab.lab, 'led', variables_of('outbound_only'))
        lab.lab.run('led', ['sh', '-c', 'cat > /etc/postfix/no-bounces'], input=NO_BOUNCES)
        lab.lab.run('led', ['cp', '-p', '/etc/postfix/main.cf', '/root/main.cf'])
        yield 'led'


@pytest.fixture(name='ruled')
def fixture_ruled(lab, led):
    def rule(name):
        settings = [item % {'name': name_of(lab, led)} for item in RULES[name]]
        lab.lab.run(led, ['postconf', '-e', *settings])
        lab.lab.run(led, ['postfix', 'reload'])
        return led

    yield rule
    lab.lab.run(led, ['cp', '-p', '/root/main.cf', '/etc/postfix/main.cf'])
    lab.lab.run(led, ['postfix', 'reload'])


# The others are restrictions of smtpd(8) like these.
BY_DEFAULT = ('a milter that is away', 'its own name in HELO', 'nobody relays', 'what a bounce looks like')


@pytest.mark.parametrize(
    'rule', [pytest.param(rule, marks=[] if rule in BY_DEFAULT else pytest.mark.full) for rule in sorted(RULES)]
)
def test_o12_bounces_come_back_whatever_the_site_refuses(lab, ruled, adapter, rule):
    outcome = Engine(Site(lab.lab, ruled(rule), adapter)).run(BOUNCES)
    assert {result.case.name: (result.problems, result.log) for result in outcome.results if not result.ok} == {}


def test_the_listener_takes_bounces_and_nothing_else(lab, led):
    said = lab.lab.run(led, ['python3', '-c', TRIED]).stdout.splitlines()
    assert said == ['[250, 452]', '[250]', '[250]', '[554] [554]']


def test_a_way_back_that_refuses_is_red_in_the_server_s_own_words(lab, ruled, led, variables_of):
    variables = dict(variables_of('outbound_only'), outbound_hop_return_address='[127.0.0.1]:25')
    outcome = playbook.run(lab.lab, ruled('its own name in HELO'), 'site.yml', variables)
    assert outcome.returncode and '554 5.7.1' in outcome.findings and 'this is my name' in outcome.findings
    assert 'hop.return' in '\n'.join(outcome.failures)
    # The preflight knows before anything is changed.
    outcome = playbook.run(lab.lab, led, 'site.yml', dict(variables, conbool_preflight='enforce'))
    assert outcome.changed == [] and 'hop.return' in '\n'.join(outcome.failures)
    playbook.apply(lab.lab, led, variables_of('outbound_only'))


def test_a_hop_that_is_emptied_by_an_undo_still_hands_its_bounces_back(lab, ruled, led, adapter, variables_of):
    """Last of those on this host: it is as it was."""
    batch = Engine(Site(lab.lab, led, adapter)).batch(BOUNCES)
    lab.lab.run(led, ['sh', '-c', f'postconf -c {HOP} -e defer_transports=direct && postfix -c {HOP} reload'])
    batch.send()
    batch.must_be(lambda case: (Place('queue', (BOUNCE,)),), flush=False)
    lab.lab.run(led, ['sh', '-c', f'postconf -c {HOP} -X defer_transports && postfix -c {HOP} reload'])
    playbook.apply(lab.lab, ruled('its own name in HELO'), variables_of('outbound_only'), 'rollback.yml')
    assert lab.lab.run(led, ['sh', '-c', 'postconf -M | grep -c :329'], check=False).stdout.strip() == '0'
    batch.must_be(lambda case: case.expect)
    assert batch.problems == {}


def queue_of(lab, host):
    lines = lab.lab.run(host, ['postqueue', '-j']).stdout.splitlines()
    return {entry['recipients'][0]['address']: entry for entry in map(json.loads, lines)}


def test_c3_what_waits_for_a_detour_takes_its_ordinary_way_and_what_is_held_stays_held(
    lab, fresh_host, adapter, variables_of
):
    variables = variables_of(playbook.WHOLE)
    playbook.apply(lab.lab, fresh_host, variables)
    lab.lab.run(fresh_host, ['sh', '-c', 'postconf -e defer_transports=conbool-wash && postfix reload'])
    batch = Engine(Site(lab.lab, fresh_host, adapter)).batch(
        [
            case('deferred', [Place('mailbox:alice')], 'lan', 'printer@example.com', ALICE),
            case('on hold', BOB_AND_HIS_FORWARD, 'lan', 'printer@example.com', BOB),
        ]
    )
    batch.send()
    batch.must_be(lambda case: (Place('queue', tuple(case.inject['to'])),), flush=False)
    held = queue_of(lab, fresh_host)[BOB]['queue_id']
    lab.lab.run(fresh_host, ['postsuper', '-h', held])
    # Otherwise it would be put off in the end by that alone.
    lab.lab.run(fresh_host, ['sh', '-c', 'postconf -X defer_transports && postfix reload'])
    outcome = playbook.run(lab.lab, fresh_host, 'rollback.yml', variables)
    assert not outcome.returncode, outcome.output
    assert '2 messages waited for conbool-wash' in ' '.join(outcome.output.split())
    waiting = queue_of(lab, fresh_host)
    assert (waiting[BOB]['queue_id'], waiting[BOB]['queue_name']) == (held, 'hold')
    lab.lab.run(fresh_host, ['postsuper', '-H', held])
    batch.must_be(lambda case: case.expect)
    assert batch.problems == {}
