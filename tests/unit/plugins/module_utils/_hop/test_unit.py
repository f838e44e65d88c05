# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of the hop."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop import unit

from tests.unit.fakes.hop import OPTIONS, configure


def unit_text(parameters=None, **options):
    wanted = configure(parameters=dict({'command_directory': '/usr/sbin'}, **(parameters or {})), **options)
    return unit.content(dict(OPTIONS, **options), wanted)


@pytest.mark.parametrize(
    'parameters, home, temporary, writes',
    [
        ({}, 'yes', 'yes', ''),
        ({'smtp_tls_CAfile': '/etc/ssl/ca.pem'}, 'yes', 'yes', ''),
        ({'smtp_tls_CAfile': '/root/tls/ca.pem'}, 'read-only', 'yes', ''),
        ({'smtp_tls_policy_maps': 'hash:/home/mail/policy, texthash:/etc/policy'}, 'read-only', 'yes', ''),
        ({'smtp_tls_policy_maps': 'pcre:{/run/user/0/policy}'}, 'read-only', 'yes', ''),
        ({'smtp_tls_CAfile': '/homes/ca.pem'}, 'yes', 'yes', ''),
        ({'smtp_tls_CAfile': '/tmp/ca.pem'}, 'yes', 'no', ''),
        ({'maillog_file': '/srv/log/postfix/mail.log'}, 'yes', 'yes', ' -/srv/log/postfix'),
        ({'maillog_file': '/dev/stdout'}, 'yes', 'yes', ''),
    ],
)
def test_the_unit_sees_what_the_configuration_names_and_writes_where_it_has_to(parameters, home, temporary, writes):
    lines = unit_text(parameters).splitlines()
    assert f'ProtectHome={home}' in lines and f'PrivateTmp={temporary}' in lines
    assert f'ReadWritePaths=/var/spool/conbool-hop /var/lib/conbool-hop{writes}' in lines


def test_a_key_behind_a_link_is_seen_where_it_is(monkeypatch):
    monkeypatch.setattr(unit.os.path, 'realpath', lambda path: path.replace('/etc/ssl/hop.key', '/root/hop.key'))
    assert 'ProtectHome=yes' in unit_text()
    assert 'ProtectHome=read-only' in unit_text({'smtp_tls_key_file': '/etc/ssl/hop.key'})


def test_the_unit_starts_before_the_mail_servers_and_looks_after_its_own_instance():
    lines = unit_text().splitlines()
    assert lines[0] == '# Managed by Ansible (conbool.smtp_relay.outbound_hop).'
    before = 'postfix.service sendmail.service zimbra.service kerio-connect.service exim4.service'
    assert f'Before={before} atd.service cron.service crond.service' in lines
    assert 'ExecStart=/usr/sbin/postfix -c /etc/conbool-hop start' in lines
    assert 'PIDFile=/var/spool/conbool-hop/pid/master.pid' in lines
