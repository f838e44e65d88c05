# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail server as it is seen from another host of the inventory. Private to this collection."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

# Its name, whether or not the inventory has it.
CONTROLLER = 'localhost'
# Nobody's: a mail server that takes mail for it takes mail for everybody.
STRANGER = 'someone@conbool-verify.invalid'


def observer(settings: Mapping[str, Any], hosts: Container[str]) -> dict[str, Any]:
    """Return who is to look, and at what.

    Args:
        settings: of the mail server.
        hosts: all that there are in this run.

    Returns:
        Empty when nobody is to. C(missing) is the name of somebody who is not there. Otherwise C(name), and options of
        M(conbool.smtp_relay.smtp_check).
    """
    roles = settings['roles']
    name, hop = roles['verify']['outside'], roles['outbound_hop']
    if not name:
        return {}
    if name != CONTROLLER and name not in hosts:
        return {'missing': name}
    closed = bool(hop['clients']) and roles['inbound_firewall']['state'] == 'present'
    return {
        'name': name,
        'host': roles['verify']['inbound_host'],
        'port': hop['listen_port'] if hop['clients'] else roles['verify']['inbound_port'],
        'expect': {
            'reachable': not closed,
            'starttls': not hop['clients'] or hop['tls_cert'] != '',
            # The gateway does not ask for a public certificate.
            'chain_verified': False,
            'name_verified': False,
            'refuses': [STRANGER],
        },
    }


def seen(looker: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of the look for result_rows(), whatever became of its task.

    Args:
        looker: what observer() returned.
        answer: what was registered of the look.
    """
    if looker.get('missing'):
        return {'missing': looker['missing']}
    if not looker:
        return {'skipped': True}
    # The task is told to fail in no case, since what is wrong is a row.
    return dict(answer, failed='servers' not in answer, observer=looker['name'])
