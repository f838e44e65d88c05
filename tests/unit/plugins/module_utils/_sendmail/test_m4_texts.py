# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host or a person wrote means nothing more in the m4 file."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail import compatibility as fit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.hop import identity
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import render

from tests.unit.fakes.sendmail_facts import SETTINGS, SYSTEM, info


def text(changes=None, **about):
    return render(dict(SETTINGS, **(changes or {})), info(**about), SYSTEM)


def test_nothing_in_a_value_means_anything_to_m4():
    quoted = re.findall(
        r'\[\[\[(.*?)\]\]\]dnl', text({'scope': 'senders', 'scope_senders': ["d'or@example.com"]}), re.DOTALL
    )
    assert len(quoted) == 4 and any("d'or@example.com" in part for part in quoted)


@pytest.mark.parametrize(
    'path', ["/etc/x')syscmd(`id", '/etc/x`', '/etc/a b', '/etc/x\n', '/etc/x,', '/etc/$x', 'x', '/etc/%n', '']
)
def test_what_m4_would_run_is_not_written(path):
    with pytest.raises(HostError, match='^confCACERT'):
        render(SETTINGS, info(), path)
    with pytest.raises(HostError, match='^confCACERT_PATH'):
        render(SETTINGS, info(options={}, config_dir=path), SYSTEM)


@pytest.mark.parametrize('text_of_the_host', [']]]syscmd(`id\')[[[', 'a\nb', 'a\x1b'])
def test_nothing_gets_out_of_the_rules(text_of_the_host):
    checks = {'content-type': {'ruleset': text_of_the_host + ']]]', 'keeps_comments': True}}
    with pytest.raises(HostError, match='what it would not copy'):
        text(header_checks=checks)


@pytest.mark.parametrize('smart_host', ['a$b', 'a b', 'a]]]', 'a\tb', 'a$(x)'])
def test_a_smart_host_that_is_more_than_a_host_is_no_way(smart_host):
    senders = dict(SETTINGS, scope='senders', scope_senders=['@example.com'])
    assert 'not a way by SMTP' in str(fit.complaints(senders, info(smart_host=smart_host)))


@pytest.mark.parametrize('name', ['a b', 'a$b', 'a\nb', '', "a'b"])
def test_a_host_without_a_name_is_said(name):
    with pytest.raises(HostError, match='confDOMAIN_NAME'):
        identity(info(host_name=name))


def test_a_greeting_that_is_made_of_macros_stays_with_sendmail():
    known = info(host_name='mx.example.com', options={'heloname': '$j'})
    assert identity(known)['smtp_helo_name'] == 'mx.example.com'
    known = info(host_name='mx.example.com', options={'heloname': 'helo.example.com'})
    assert identity(known)['smtp_helo_name'] == 'helo.example.com'
