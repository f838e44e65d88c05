# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which entries of transport_maps keep the default transport."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.transport_maps import (
    kept_transports,
    opaque,
    sample,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import PostfixError

TABLE = b'partner.example\t:[gw.partner.example]\nhosted.example\t:[10.0.0.5]\nother.example\tsmtp:[gw]\nplain.example\t:\n.sub.example\t:[a]\n'


class Postfix:
    config_dir = '/etc/postfix'

    def __init__(self, status=0):
        self.status, self.asked = status, []

    def run(self, *command):
        self.asked.append(command[-1])
        return self.status, TABLE, b'open database: No such file'


def ask(queue_directory, sender, recipient):
    assert (queue_directory, sender) == ('/queue', '')
    return {'address_class': 'relay' if recipient.endswith('hosted.example') else 'default'}


def kept(transport_maps, postfix=None):
    return kept_transports(postfix or Postfix(), {'transport_maps': transport_maps, 'queue_directory': '/queue'}, ask)


def test_entries_without_a_transport_for_outside_destinations():
    table = 'proxy:hash:/etc/postfix/transport'
    assert kept('regexp:/etc/postfix/re, ' + table) == [
        {'table': table, 'key': 'partner.example', 'value': ':[gw.partner.example]'},
        {'table': table, 'key': '.sub.example', 'value': ':[a]'},
    ]


def test_only_tables_that_can_be_listed_are_asked():
    postfix = Postfix()
    assert kept('ldap:/etc/postfix/ldap.cf pcre:/etc/postfix/pcre', postfix) == kept('', postfix) == []
    assert postfix.asked == []
    kept('proxy:lmdb:/etc/postfix/transport', postfix)
    assert postfix.asked == ['lmdb:/etc/postfix/transport']


def test_a_table_that_cannot_be_read_is_named():
    with pytest.raises(PostfixError, match='transport_maps: postmap -s hash:/etc/postfix/transport: open database'):
        kept('hash:/etc/postfix/transport', Postfix(status=1))


@pytest.mark.parametrize(
    'key, address',
    [
        ('a.example', 'someone@a.example'),
        ('.a.example', 'someone@any.a.example'),
        ('*', 'someone@any.invalid'),
        ('user@a.example', 'user@a.example'),
        ('user@', None),
    ],
)
def test_what_a_key_stands_for(key, address):
    assert sample(key) == address


def test_tables_that_nobody_can_list_are_told_apart():
    assert opaque('hash:/a, proxy:lmdb:/b regexp:/c,proxy:mysql:/d inline:{ {a.example = :[b, c]} } static::[d]') == [
        'regexp:/c',
        'proxy:mysql:/d',
        'inline:{ {a.example = :[b, c]} }',
        'static::[d]',
    ]
    assert opaque('') == opaque(None) == []
