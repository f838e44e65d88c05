# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of the site's own that would win over the one to the gateway."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.before import former
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.site_routes import (
    BY_RECIPIENT,
    BY_SENDER,
    SiteRoutes,
    answers_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import PostfixError

from tests.unit.fakes.outbound import SETTINGS

ROUTE = 'conbool-hop:[127.0.0.1]:10027'


class Maps:
    """A Postfix with these tables: {table: {key: value}}, or a function of the key."""

    config_dir = '/etc/postfix'

    def __init__(self, tables):
        self.tables = tables

    def run(self, name, *arguments):
        assert name == 'postmap' and arguments[:2] == ('-c', self.config_dir)
        if arguments[2] == '-s':
            return 0, ''.join('{}\t{}\n'.format(*pair) for pair in self.tables[arguments[3]].items()).encode(), b''
        dummy, key, table = arguments[2:]
        if table not in self.tables:
            return 1, b'', f'postmap: fatal: open {table}: No such file'.encode()
        entries = self.tables[table]
        value = entries(key) if callable(entries) else entries.get(key)
        # Said of main.cf, whatever is asked.
        said = b'postmap: warning: /etc/postfix/main.cf, line 36: overriding earlier entry: biff=no\n'
        return (0, value.encode() + b'\n', said) if value else (1, b'', said)


def mailcow(key):
    """Answers for every sender, as its SQL does."""
    return 'smtp:' if '@' in key[1:] else None


TABLES = {
    'proxy:mysql:/sender': mailcow,
    'mysql:/one_mailbox': lambda key: 'other:' if key == 'sales@example.com' else None,
    'hash:/mailbox': {'sales@example.com': 'out2:'},
    'hash:/domain': {'@example.com': 'out2:'},
    'hash:/null': {'<>': 'smtp:'},
    'hash:/foreign': {'@partner.example': 'out2:'},
    'hash:/nothing': {'sales@example.com': 'DUNNO'},
    'regexp:/all': lambda key: 'smtp:[old.example]',
    'hash:/transport': {'partner.example': 'smtp:[gw]', 'example.com': 'lmtp:unix:x', '*': 'smtp:[old.example]'},
    'hash:/partner': {'partner.example': 'smtp:[gw]'},
    'hash:/star': {'*': 'smtp:[old.example]'},
    'hash:/default': {'*': ':'},
    'hash:/tld': {'.invalid': 'smtp:[x]'},
    'pcre:/catch': lambda key: 'smtp:[old.example]' if '@' in key else None,
}


def settings(**more):
    return {'domains': ['example.com'], **SETTINGS, **more}


def information(by_sender='', by_recipient='', parameters=None):
    values = {BY_SENDER: by_sender, BY_RECIPIENT: by_recipient, **(parameters or {})}
    return {
        'config_dir': '/etc/postfix',
        'parameters': values,
        'expanded': values,
        'services': [],
        'kept_transports': [],
    }


def configured(by_sender='', by_recipient='', tables=None, parameters=None, **more):
    tables = TABLES if tables is None else tables
    info, wanted = information(by_sender, by_recipient, parameters), settings(**more)
    found = answers_of(SiteRoutes(Maps(tables), wanted, info))
    return outbound_configuration(
        wanted,
        dict(info, site_routes=found),
        {'address': '127.0.0.1', 'port': 10027, 'wash_submission': False},
    )


@pytest.mark.parametrize(
    'table, key',
    [
        ('proxy:mysql:/sender', 'forwarded@conbool-verify.invalid'),
        ('hash:/mailbox', 'sales@example.com'),
        ('hash:/domain', '@example.com'),
        ('hash:/null', '<>'),
        ('hash:/foreign', '@partner.example'),
        ('regexp:/all', '<>'),
    ],
)
def test_a_map_that_answers_for_a_sender_is_refused_with_its_key(table, key):
    (problem,) = configured(f'hash:/nothing, {table}')['problems']
    assert table in problem and repr(key) in problem and BY_SENDER in problem and 'conbool_site_routes' in problem


@pytest.mark.parametrize('table', ['hash:/nothing', ''])
def test_a_map_that_leads_nowhere_else_is_none(table):
    assert configured(table)['problems'] == []


def test_a_mailbox_in_a_table_that_cannot_be_listed_is_warned_of():
    wanted = configured('mysql:/one_mailbox')
    assert wanted['problems'] == [] and 'mysql:/one_mailbox' in wanted['warnings'][0]


def test_patterns_are_no_keys_whoever_opens_their_table(tmp_path):
    (tmp_path / 'patterns').write_text('/^x@y$/ smtp:[old.example]\n', encoding='ascii')
    asked, table = [], f'proxy:regexp:{tmp_path}/patterns'
    assert configured(f'hash:/nothing, {table}', tables=dict(TABLES, **{table: asked.append}))['problems'] == []
    assert '<>' in asked and '^x@y$' not in asked


@pytest.mark.parametrize('table', ['proxy:mysql:/sender', 'hash:/mailbox', 'mysql:/one_mailbox', 'hash:/nothing'])
def test_the_user_may_have_ours_asked_first(table):
    wanted = configured(table, site_routes='override')
    assert wanted['problems'] == [] and wanted['warnings'] == []
    assert wanted['parameters'] == {
        'default_transport': ROUTE,
        BY_SENDER: f'regexp:/etc/postfix/conbool_override, {table}',
    }
    assert wanted['tables'] == [
        {'path': 'conbool_override', 'type': 'regexp', 'content': f'/./ {ROUTE}\n'},
    ]
    # A second run sees ours in front.
    assert configured(wanted['parameters'][BY_SENDER], site_routes='override') == wanted


@pytest.mark.parametrize(
    'present, expected', [('$sender_dependent_default_transport_maps', 'hash:/mailbox'), ('hash:/own', 'hash:/own')]
)
def test_probes_of_addresses_go_where_they_went(present, expected):
    probes = 'address_verify_' + BY_SENDER
    wanted = configured('hash:/mailbox', site_routes='override', parameters={probes: present})
    assert wanted['parameters'].get(probes) == expected
    assert (
        configured(wanted['parameters'][BY_SENDER], site_routes='override', parameters={probes: expected or present})
        == wanted
    )


def test_nothing_is_overridden_where_there_is_nothing():
    wanted = configured(site_routes='override')
    assert wanted['parameters'] == {'default_transport': ROUTE} and wanted['tables'] == []


LISTED = ['@example.com', 'boss@other.example']


@pytest.mark.parametrize(
    'table, refused',
    [
        ({'sales@example.com': 'out2:'}, True),
        # Ours is asked before these.
        ({'@example.com': 'out2:'}, False),
        ({'boss@other.example': 'out2:'}, False),
        ({'@other.example': 'out2:', '<>': 'out2:', 'x@third.example': 'out2:'}, False),
        (mailcow, True),
    ],
)
def test_listed_senders_only(table, refused):
    name = 'pcre:/senders' if callable(table) else 'hash:/senders'
    wanted = configured(name, tables={name: table}, scope='senders', scope_senders=LISTED)
    assert (wanted['problems'] != []) is refused
    assert wanted['parameters'][BY_SENDER] == f'texthash:/etc/postfix/conbool_senders, {name}'


def test_listed_senders_are_asked_as_whole_addresses_too():
    wanted = configured('hash:/mailbox', scope='senders', scope_senders=LISTED, site_routes='override')
    assert wanted['problems'] == []
    assert wanted['parameters'] == {BY_SENDER: 'regexp:/etc/postfix/conbool_override, hash:/mailbox'}
    (table,) = wanted['tables']
    patterns = [re.match(r'/(.*)/ (\S+)$', line).groups() for line in table['content'].splitlines()]
    assert patterns == [(r'@example\.com$', ROUTE), (r'^boss@other\.example$', ROUTE)]


@pytest.mark.parametrize(
    'table, key', [('hash:/star', '*'), ('hash:/transport', '*'), ('pcre:/catch', 'postmaster@'), ('hash:/tld', '.inv')]
)
def test_a_route_for_everybody_outside_is_refused(table, key):
    (problem,) = configured(by_recipient=table)['problems']
    assert problem.startswith(f'{BY_RECIPIENT}: {table} answers') and f'for \'{key}' in problem


@pytest.mark.parametrize('table', ['hash:/partner', 'hash:/default', ''])
def test_a_route_for_some_is_none(table):
    assert configured(by_recipient=table)['problems'] == []


def test_a_route_for_everybody_is_overridden_behind_those_for_some():
    wanted = configured(by_recipient='hash:/transport', site_routes='override')
    assert wanted['problems'] == []
    assert wanted['parameters'][BY_RECIPIENT] == 'texthash:/etc/postfix/conbool_outside, hash:/transport'
    assert wanted['tables'] == [{'path': 'conbool_outside', 'type': 'texthash', 'entries': {'*': ROUTE}}]
    assert configured(by_recipient=wanted['parameters'][BY_RECIPIENT], site_routes='override') == wanted


@pytest.mark.parametrize(
    'table, more',
    [
        # It is what routes the hosted domains, too: overridden, their mail would leave.
        ('hash:/star', {}),
        ('hash:/transport', {'domains': ['example.com', 'second.example']}),
        # Found for the address, before ours is asked.
        ('pcre:/catch', {}),
        ('hash:/transport', {'scope': 'senders', 'scope_senders': ['@example.com']}),
    ],
)
def test_what_cannot_be_overridden_is_refused(table, more):
    assert len(configured(by_recipient=table, site_routes='override', **more)['problems']) == 1


def test_a_table_that_cannot_be_read_is_no_empty_one():
    with pytest.raises(PostfixError, match='pcre:/gone'):
        configured('pcre:/gone')


@pytest.mark.parametrize(
    'value, rest',
    [
        ('', ''),
        ('hash:/a, hash:/b', 'hash:/a, hash:/b'),
        ('regexp:/etc/postfix/conbool_override, hash:/a', 'hash:/a'),
        ('texthash:/etc/postfix/conbool_senders', ''),
        ('hash:/etc/postfix/conbool_senders, hash:/a', 'hash:/etc/postfix/conbool_senders, hash:/a'),
    ],
)
def test_a_list_as_the_site_wrote_it(value, rest):
    assert former({'parameters': {'transport_maps': value}}, 'transport_maps') == rest
