# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks of the site's own would judge, or refuse, the gateway."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.judging import judging, statements

from tests.unit.fakes.exim_facts import SETTINGS

GATEWAY = ['192.0.2.0', '2001:db8:7::']
HEAD = 'deny_it = yes\nbegin acl\n\nacl_check_rcpt:\n'
TAIL = '\nbegin routers\ndrop\n  spf = fail\n'
EXCEPTIONS = 'acl_local_deny_exceptions:\naccept\nhosts = /exceptions\naccept\nsenders = /senders\nacl_check_rcpt:\n'


class Base:
    """A configuration, and which addresses are in which list of hosts."""

    def __init__(self, acl, lists=(), **options):
        self.acl, self.lists, self.set = acl, dict(lists), options

    def text(self):
        return HEAD + self.acl + TAIL

    def options(self, *names):
        return {name: self.set.get(name, '') for name in names}

    def listed(self, condition, item, text):
        assert condition == 'match_ip'
        if text not in self.lists:
            raise EximError('it cannot be looked into')
        return item in self.lists[text]


def found(acl, lists=(), settings=(), **options):
    said = judging(Base(acl, lists, **options), {**SETTINGS, **dict(settings)})
    return [(row['id'], row['status'], row['target']) for row in said]


def judged(target):
    return [('inbound.judged', 'green', target)]


def test_statements_are_told_apart():
    text = HEAD + 'deny condition = a\n!hosts = b\nmessage = x\nacl_more:\naccept\nwarn\nset acl_m_a = 1' + TAIL
    said = [(one.acl, one.verb, [str(condition) for condition in one.conditions]) for one in statements(text)]
    assert said == [
        ('acl_check_rcpt', 'deny', ['condition = a', '!hosts = b', 'message = x']),
        ('acl_more', 'accept', []),
        ('acl_more', 'warn', []),
    ]


@pytest.mark.parametrize(
    'condition',
    [
        'spf = fail',
        '!spf = pass',
        'condition = ${run{/usr/bin/spfquery.mail-spf-perl --ip $sender_host_address}{no}{yes}}',
        'dnslists = zen.example',
        '!verify = reverse_host_lookup',
        'verify = helo',
        'ratelimit = 100 / 1h / strict',
        'acl = acl_greylist',
        'condition = ${readsocket{/run/greylistd/socket}{--grey}{5s}{}{no}}',
        'condition = ${if eq{$sender_host_name}{}}',
    ],
)
def test_a_check_that_judges_the_client_is_named(condition):
    for verb in ('deny', 'defer', 'drop'):
        assert found(f'{verb}\n{condition}\nmessage = no\n') == judged(f'acl_check_rcpt: {verb} {condition}')
        assert found(f'{verb} {condition}\n') == judged(f'acl_check_rcpt: {verb} {condition}')
    # What only marks, or lets in, refuses nobody.
    assert found(f'warn\n{condition}\naccept\n{condition}\n') == []
    assert found(f'deny\n{condition}\n', settings={'inbound': False}) == []


@pytest.mark.parametrize(
    'condition', ['!verify = sender', '!verify = recipient', 'domains = +spf', 'message = spf', 'senders = a@grey.test']
)
def test_a_check_of_other_things_is_not(condition):
    wanted = judged(f'acl_check_rcpt: deny {condition}') if 'grey' in condition else []
    # A name is a hint only.
    assert found(f'deny\n{condition}\n') == wanted


def test_what_a_statement_demands_judges_as_well():
    wanted = judged('acl_check_rcpt: require spf = pass : none')
    assert found('require\nspf = pass : none\n') == wanted
    # It is not left out for whoever is not in the list, but refuses him.
    assert found('require\nhosts = /other\nspf = pass : none\n', {'/other': []}) == wanted


@pytest.mark.parametrize(
    'exception, lists, spared',
    [
        ('!hosts = /list', {'/list': GATEWAY}, True),
        ('!hosts = /list', {'/list': GATEWAY[:1]}, False),
        ('!hosts = /list', {'/list': []}, False),
        ('!hosts = /list', {}, False),
        ('hosts = /list', {'/list': []}, True),
        ('hosts = /list', {'/list': GATEWAY}, False),
        ('hosts = $sender_fullhost', {'$sender_fullhost': []}, False),
        ('authenticated = *', {}, True),
        ('!authenticated = *', {}, False),
        ('!acl = acl_local_deny_exceptions', {'/exceptions': GATEWAY}, True),
        ('!acl = acl_local_deny_exceptions', {'/exceptions': GATEWAY[1:]}, False),
        ('!acl = acl_local_deny_exceptions', {'/exceptions': []}, False),
    ],
)
def test_an_exception_that_has_all_of_the_gateway_spares_it(exception, lists, spared):
    wanted = [] if spared else judged('acl_check_rcpt: deny spf = fail')
    assert found(f'{EXCEPTIONS}deny\n{exception}\nspf = fail\n', lists) == wanted


@pytest.mark.parametrize(
    'old, new',
    [
        ('hosts = /exceptions\n', 'hosts = /exceptions\nsenders = a@b.test\n'),
        ('accept\nhosts', 'deny\nhosts'),
        ('acl_local_deny_exceptions:', 'acl_of_others:'),
    ],
)
def test_another_exception_does_not_spare_the_gateway(old, new):
    text = EXCEPTIONS.replace(old, new) + 'deny\n!acl = acl_local_deny_exceptions\nspf = fail\n'
    assert judged('acl_check_rcpt: deny spf = fail')[0] in found(text, {'/exceptions': GATEWAY})


@pytest.mark.parametrize(
    'statement, refuses',
    [
        ('deny\nhosts = /list\nmessage = no', True),
        ('drop\nhosts = /list', True),
        ('accept\nhosts = /list', False),
        ('require\nhosts = /list', False),
        ('deny\nhosts = /list\ndomains = +some', False),
        ('deny\nhosts = /list\nacl = acl_other', False),
        ('deny\nhosts = /other', False),
        ('deny\n!hosts = /other', True),
        ('deny\n!hosts = /list', False),
        ('deny\ndomains = !+local_domains', False),
    ],
)
def test_a_statement_that_refuses_by_address_is_red(statement, refuses):
    lists = {'/list': GATEWAY, '/other': []}
    assert [(one[0], one[1]) for one in found(statement + '\n', lists)] == [('access.client', 'red')] * refuses


def test_what_to_write_is_said():
    lists = {'/exceptions': []}
    for text, words in (
        (
            'deny\n!acl = acl_local_deny_exceptions\nspf = fail\n',
            'host_local_deny_exceptions, a line each: 192.0.2.0/24 ',
        ),
        ('deny\nspf = fail\n', '!hosts = <; 192.0.2.0/24 ; 2001:db8:7::/48'),
        ('require\nspf = pass\n', 'with: !hosts = <; 192.0.2.0/24 ; 2001:db8:7::/48'),
    ):
        assert words in judging(Base(EXCEPTIONS + text, lists), SETTINGS)[0]['hint']


def test_options_that_are_lists_of_hosts_are_asked_too():
    everybody = {'*': GATEWAY, '10.0.0.0/8': []}
    assert found('accept\n', everybody, host_reject_connection='*') == [
        ('access.client', 'red', 'host_reject_connection')
    ]
    assert found('accept\n', everybody, helo_verify_hosts='*') == judged('helo_verify_hosts = *')
    # Without STARTTLS, what the gateway brings would be put off for ever.
    assert found('accept\n', everybody, tls_advertise_hosts='10.0.0.0/8') == [
        ('access.client', 'red', 'tls_advertise_hosts')
    ]
    assert found('accept\n', everybody, tls_advertise_hosts='*') == found('accept\n', tls_advertise_hosts='+some') == []
    # One that cannot be looked into now may have it.
    assert found('accept\n', smtp_ratelimit_hosts='+some') == judged('smtp_ratelimit_hosts = +some')
    assert found('accept\n', everybody, host_reject_connection='10.0.0.0/8', helo_verify_hosts='10.0.0.0/8') == []
    said = judging(Base('accept\n', everybody, helo_verify_hosts='*'), SETTINGS)[0]
    assert said['hint'].endswith('!192.0.2.0/24 : !2001::db8::7::::/48') and said['severity'] == 'medium'
