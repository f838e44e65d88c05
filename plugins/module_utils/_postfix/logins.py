# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of master.cf on which users hand in mail, whatever their names and ports are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import (
    command_of,
    is_ours,
    is_reachable,
    listeners,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Stranger
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import effective
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED

# Services of these names are for users, not for other servers.
SUBMISSION = ('submission', '587', 'submissions', 'smtps', '465')
# No table is read: one that may let a user in, does.
USER = Stranger(lambda table: None, logged_in=True)


def _takes_users(entry: Mapping[str, Any], info: Mapping[str, Any]) -> bool:
    """Return whether somebody who has logged in can hand in mail."""
    if effective(entry, info['expanded'], 'smtpd_sasl_auth_enable') != 'yes':
        return False
    # Where programs of this host bring mail back from a filter, log-ins are often on only because main.cf says so.
    meant = 'smtpd_sasl_auth_enable' in entry['options'] or is_reachable(entry, info)
    return meant and not USER.is_refused(entry, info)


def login_services(
    info: Mapping[str, Any], further: Collection[str] = (), washed: Collection[str] = ()
) -> list[Mapping[str, Any]]:
    """Return the entries of master.cf on which users hand in mail, but for those that take the gateway's.

    Args:
        info: what C(postfix_info) returned.
        further: names of services that other servers use, beside those of port 25.
        washed: names of services that count as such in any case.
    """
    gateways = [(entry['name'], entry['type']) for entry in listeners(info, further)[0]]
    return [
        entry
        for entry in info['services']
        if entry['type'] == 'inet'
        and command_of(entry) == 'smtpd'
        and not is_ours(entry)
        and (entry['name'], entry['type']) not in gateways
        and (entry['name'] in washed or entry['name'].rpartition(':')[2] in SUBMISSION or _takes_users(entry, info))
    ]


def bad_names(info: Mapping[str, Any], further: Collection[str], washed: Collection[str]) -> list[str]:
    """Return why services that the user named cannot be washed."""
    found = {entry['name'] for entry in login_services(info, further, washed)}
    ours = {entry['name'] for entry in info['services'] if is_ours(entry)}
    gateways = {entry['name'] for entry in listeners(info, further)[0]}
    return [
        'postfix_smarthost_wash_services: {!r} {}'.format(
            name,
            (
                'is a listener of this role, which knows what to do with it'
                if name in ours
                else (
                    'takes the mail of the gateway, whose headers are what they are for'
                    if name in gateways
                    else 'is no inet service of smtpd(8) in master.cf'
                )
            ),
        )
        for name in washed
        if name not in found
    ]


def unwashed(info: Mapping[str, Any], further: Collection[str], washed: Collection[str]) -> list[dict[str, Any]]:
    """Return a row for each service whose mail passes on before its headers can be removed.

    That it is washed where it comes back, only the user can say: who else comes back there, stands nowhere.
    """
    filtered = [
        entry
        for entry in login_services(info, further, washed)
        if effective(entry, info['expanded'], 'smtpd_proxy_filter')
    ]
    behind = [name for name in washed if name not in [entry['name'] for entry in filtered]]
    return [
        row(
            'wash.filter',
            '{}/inet'.format(entry['name']),
            RED,
            'users can write headers that only the gateway may write: smtpd_proxy_filter = {} passes their mail on'
            ' before headers can be removed'.format(effective(entry, info['expanded'], 'smtpd_proxy_filter')),
            'Name the service of master.cf where that mail comes back in postfix_smarthost_wash_services. Mail of the'
            ' gateway must not come back there.',
        )
        for entry in filtered
        if not behind
    ]


def only_on_port_25(info: Mapping[str, Any], further: Collection[str], washed: Collection[str]) -> list[str]:
    """Return why users would be locked out: they log in where only the gateway is let in, and nowhere else."""
    here = [entry for entry in listeners(info, further)[0] if _takes_users(entry, info)]
    if not here or login_services(info, further, washed):
        return []
    return [
        'Users log in at {}, and this is to be limited to the gateway: there is no other service where they can. Open'
        ' submission in master.cf and have them use port 587: "submission inet n - y - - smtpd -o'
        ' smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o'
        ' smtpd_client_restrictions=permit_sasl_authenticated,reject". If nobody logs in, set smtpd_sasl_auth_enable ='
        ' no.'.format(', '.join('{}/{}'.format(entry['name'], entry['type']) for entry in here))
    ]
