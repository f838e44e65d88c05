# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reload of firewalld would drop."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.firewalld_runtime import losses

PERMANENT = '''docker
  target: ACCEPT
  interfaces:
  ports:

public
  target: default
  interfaces:
  services: dhcpv6-client ssh
  ports: 25/tcp
  rich rules:
'''


def test_nothing_is_lost_of_what_is_permanent_or_comes_back_by_itself():
    runtime = PERMANENT.replace('public\n', 'public (active)\n').replace('interfaces:', 'interfaces: eth0')
    assert losses(runtime, PERMANENT) == []
    assert losses(PERMANENT, PERMANENT.replace('25/tcp', '25/tcp 26/tcp')) == []


def test_what_is_only_at_runtime_is_named():
    runtime = (
        PERMANENT.replace('25/tcp', '25/tcp 2222/tcp') + '\trule family="ipv4" source address="203.0.113.9" reject\n'
    )
    assert losses(runtime, PERMANENT) == [
        'public: ports 2222/tcp',
        'public: rich rules rule family="ipv4" source address="203.0.113.9" reject',
    ]
