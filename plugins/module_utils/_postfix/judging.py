# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the site's own that judge who brings a message. That is the gateway from now on, for all senders."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.restriction_lists import (
    DATA_RESTRICTIONS,
    JUDGING,
    KEPT,
    RESTRICTIONS,
    original,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import mynetworks_entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import (
    REFUSING,
    WITH_ARGUMENT,
    network_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import DEEPEST, Values, words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Networks

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.strangers import Entries
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Network

# Who may relay is no matter of trust.
KEPT_FROM_TRUST = 'smtpd_relay_restrictions'
LISTS = (*JUDGING, KEPT_FROM_TRUST, RESTRICTIONS, DATA_RESTRICTIONS)
# By name of the restriction, what it does to the gateway's mail.
JUDGES = {
    r'reject_rbl_client|reject_maps_rbl': 'looks the gateway\'s address up in a block list',
    r'reject_rhsbl_(client|reverse_client|helo)': 'looks the gateway\'s name up in a block list',
    r'reject_rhsbl_sender': 'looks the sender\'s domain up in a block list',
    r'reject_unknown_(client|reverse_client|helo|sender)\w*|reject_unknown_hostname': 'asks DNS for the gateway or the'
    ' sender',
    r'reject_unverified_sender': 'asks the sender\'s server, where the gateway is the one to ask',
    r'check_policy_service': 'judges client and sender; SPF fails for every sender, greylisting delays',
}
RATE_LIMITS = tuple(
    f'smtpd_client_{what}_rate_limit' for what in ('connection', 'message', 'recipient', 'new_tls_session')
)
# Where programs that judge senders have their list of exceptions. A name is a hint only.
MILTERS = {
    'dmarc': 'IgnoreHosts in opendmarc.conf names a file with them, a line each',
    'grey': '"racl whitelist addr" in greylist.conf takes one',
    'spf': 'its configuration has a list of hosts that are skipped',
    'rspamd|:11332': 'ip_whitelist in its modules spf, dmarc and greylist takes them',
}
TRUST = 'conbool_inbound_trust: true does it for you.'


def judging(
    settings: Mapping[str, Any], info: Mapping[str, Any], entries: Entries, further: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row for each check of the services of the gateway's mail that would judge the gateway.

    They are green, since a check may have its own exception for the gateway, but not without a word.

    Args:
        settings: the normalised settings.
        info: what C(postfix_info) returned.
        entries: see Stranger.
        further: names of services that other servers use, beside those of port 25.
    """
    networks, trusted = settings['networks'], settings['inbound_trust']
    found: dict[tuple[str, str], tuple[list[str], str]] = {}
    for entry in listeners(info, further)[0]:
        checks = [*_milters(entry, info, networks), *_restrictions(entry, info, networks, entries, trusted)]
        checks += [] if trusted else _rates(entry, info, networks)
        for check, what, advice in checks:
            names = found.setdefault((check, what), ([], advice))[0]
            names.append('{}/{}'.format(entry['name'], entry['type']))
    return [
        row('inbound.judged', check, GREEN, '{}: {}'.format(', '.join(dict.fromkeys(names)), what), advice, 'medium')
        for (check, what), (names, advice) in found.items()
    ]


def _restrictions(
    entry: Mapping[str, Any], info: Mapping[str, Any], networks: Sequence[str], entries: Entries, trusted: bool
) -> Iterator[tuple[str, str, str]]:
    lines = ', '.join(f'"{network} OK"' for network in networks)
    for name, checks in checks_of(entry, info, networks, entries, (KEPT_FROM_TRUST,) if trusted else LISTS):
        for check in checks:
            what = next((what for pattern, what in JUDGES.items() if re.match(f'({pattern})$', check.split()[0])), None)
            if what:
                yield (
                    f'{name}: {check}',
                    what,
                    f'Put "check_client_access cidr:/etc/postfix/gateway" before it in {name}, with these lines in the'
                    f' file: {lines}.' + (f' {TRUST}' if name != KEPT_FROM_TRUST else ''),
                )


def checks_of(
    entry: Mapping[str, Any],
    info: Mapping[str, Any],
    networks: Sequence[str],
    entries: Entries,
    names: Iterable[str],
    refusals: bool = False,
) -> Iterator[tuple[str, list[str]]]:
    """Yield lists of restrictions of a service, as they were before a run put something in front, each with its
    restrictions up to one that ends it for the gateway.

    Args:
        networks: of the gateway.
        entries: see Stranger.
        names: of the lists.
        refusals: whether one that refuses whoever comes is among them.
    """
    values = Values(_before(entry, info), info)
    gateway = _Exceptions(values, [ipaddress.ip_network(network) for network in networks], entries)

    def ends(name: str, argument: str) -> bool:
        return not (refusals and name in REFUSING) and gateway.made_by(name, argument)

    for name in names:
        yield name, list(_checks(words(values.of(name)), values, ends, DEEPEST))


class _Exceptions:
    """Restrictions that let the gateway past all that follow."""

    def __init__(self, values: Values, gateway: Sequence[Network], entries: Entries) -> None:
        self._values, self._gateway, self._entries = values, gateway, entries

    def made_by(self, name: str, argument: str) -> bool:
        if name == 'permit_mynetworks':
            return self._all_in(mynetworks_entries(self._values.of('mynetworks')))
        if name != 'check_client_access':
            return name in ('permit', 'reject', 'defer', 'permit_auth_destination')
        named = [network_of(key) for key, action in self._entries(argument) or [] if action.upper() in ('OK', 'PERMIT')]
        return self._all_in([network for network in named if network])

    def _all_in(self, networks: Sequence[Network]) -> bool:
        named = Networks(networks)
        return all(map(named.cover, self._gateway))


def _before(entry: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    """Return a service as it was before a run put something in front of its lists."""
    lists = {
        name: original(
            entry, info['parameters'], name, 'check_client_access cidr:{}/conbool_'.format(info['config_dir'])
        )
        for name in LISTS
        if name in KEPT
    }
    return dict(entry, options={**entry['options'], **{name: value for name, (dummy, value) in lists.items()}})


def _checks(items: Sequence[str], values: Values, exempts: Callable[[str, str], bool], left: int) -> Iterator[str]:
    """Yield the restrictions of a list with their arguments, those of its classes too, up to one that ends it for the
    gateway."""
    classes, rest = words(values.of('smtpd_restriction_classes')), iter(items)
    for item in rest:
        if item in classes and left:
            yield from _checks(words(values.of(item)), values, exempts, left - 1)
            continue
        argument = next(rest, '') if WITH_ARGUMENT.match(item.lower()) else ''
        if exempts(item.lower(), argument):
            return
        yield f'{item} {argument}'.rstrip()


def _rates(
    entry: Mapping[str, Any], info: Mapping[str, Any], networks: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    values = Values(entry, info)
    for name in RATE_LIMITS:
        if values.of(name) not in ('', '0'):
            yield (
                f'{name} = {values.of(name)}',
                'all mail comes from the few addresses of the gateway, and counts together',
                'Add {} to smtpd_client_event_limit_exceptions. {}'.format(' '.join(networks), TRUST),
            )


def _milters(
    entry: Mapping[str, Any], info: Mapping[str, Any], networks: Iterable[str]
) -> Iterator[tuple[str, str, str]]:
    addresses = ', '.join(networks)
    for milter in words(Values(entry, info).of('smtpd_milters')):
        for name, where in MILTERS.items():
            if re.search(name, milter.lower()):
                yield (
                    f'smtpd_milters: {milter}',
                    'by its name it judges client or sender, and all mail comes from the gateway',
                    f'Have it skip {addresses}: {where}. To go without any milter for them, Postfix 3.2 and newer:'
                    ' smtpd_milter_maps = cidr:/etc/postfix/gateway_milters with "ADDRESS DISABLE" lines.',
                )
                break
