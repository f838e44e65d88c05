# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service takes mail for a hosted domain from somebody whom nobody here knows, judged by its restrictions.

Certain is a refusal only if something refuses unconditionally before anything could permit. All else counts as taken.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import DEEPEST, Values, words
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import LOOPBACK, Networks

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.networks import Network

    Entries = Callable[[str], 'list[tuple[str, str]] | None']

# All of them are asked, with smtpd_delay_reject or without: each has to let a message through.
LISTS = tuple(
    f'smtpd_{stage}_restrictions' for stage in ('client', 'helo', 'sender', 'relay', 'recipient', 'data', 'end_of_data')
)
REFUSED, PERMITTED, PASSED = 'refused', 'permitted', 'passed'
REFUSING = ('reject', 'defer')
# Permit those only who are known: by address, by log-in or by certificate.
KNOWN_BY_ADDRESS = ('permit_mynetworks', 'permit_inet_interfaces')
KNOWN_BY_LOGIN = ('permit_sasl_authenticated',)
KNOWN_BY_CERTIFICATE = ('permit_tls_clientcerts', 'permit_tls_all_clientcerts')
LOOKS_AT_WHO_IS_KNOWN = ('check_sasl_access', 'check_ccert_access')
WITH_ARGUMENT = re.compile(
    r'(check_\w+_access|check_policy_service|reject_rbl_client|reject_rhsbl_\w+|permit_(dnswl|rhswl)_\w+|sleep)$'
)
VERSIONS = {'ipv4': 4, 'ipv6': 6}
TABLE = re.compile(r'[a-z]+:')
# Addresses that the internet does not carry.
INTERNAL = tuple(
    ipaddress.ip_network(item)
    for item in ('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7', 'fe80::/10')
)


def network_of(text: str) -> Network | None:
    """Return the network that a key of a table or an item of mynetworks is, None for none."""
    try:
        return ipaddress.ip_network(re.sub(r'[\[\]]', '', text), strict=False)
    except ValueError:
        return None


class Stranger:
    """Somebody without a certificate who comes from nowhere in particular.

    Args:
        entries: returns key and value of each entry of a table, None when it cannot tell.
        known: networks whose clients are no strangers.
        logged_in: whether he is a user after all.
    """

    def __init__(self, entries: Entries, known: Iterable[Network] = (), logged_in: bool = False) -> None:
        self.entries = entries
        self.known = Networks((*map(ipaddress.ip_network, LOOPBACK), *INTERNAL, *known))
        self.logged_in = logged_in

    def is_refused(self, entry: Mapping[str, Any], info: Mapping[str, Any]) -> bool:
        """Return whether a service refuses every message of his, for certain.

        Args:
            entry: of master.cf, a smtpd(8).
            info: what C(postfix_info) returned.
        """
        values = Values(entry, info)
        if not self.logged_in and _asks_all_for_certificates(values):
            return True
        service = _Restrictions(values, self)
        return any(service.of(name) == REFUSED for name in LISTS)


def _asks_all_for_certificates(values: Values) -> bool:
    """Only a service without clear text can insist."""
    level = values.of('smtpd_tls_security_level')
    mandatory = level == 'encrypt' or (not level and values.of('smtpd_enforce_tls') == 'yes')
    return values.of('smtpd_tls_req_ccert') == 'yes' and (mandatory or values.of('smtpd_tls_wrappermode') == 'yes')


class _Restrictions:
    """The restrictions of one service, asked about a Stranger."""

    def __init__(self, values: Values, stranger: Stranger) -> None:
        self._values, self._stranger = values, stranger
        self._classes = {name.lower(): name for name in words(values.of('smtpd_restriction_classes'))}

    def of(self, name: str) -> str:
        return self._list(words(self._values.of(name)), DEEPEST)

    def _list(self, items: Sequence[str], left: int) -> str:
        spared, rest = False, iter(items)
        for item in rest:
            name = item.lower()
            argument = next(rest, '') if WITH_ARGUMENT.match(name) else ''
            found = self._restriction(name, argument or item, left)
            if found == PERMITTED or (found == REFUSED and not spared):
                return found
            spared = name == 'warn_if_reject'
        return PASSED

    def _restriction(self, name: str, argument: str, left: int) -> str:
        if name in self._classes:
            return self._list(words(self._values.of(self._classes[name])), left - 1) if left else PERMITTED
        if name in REFUSING:
            return REFUSED
        if name in LOOKS_AT_WHO_IS_KNOWN:
            return PERMITTED if self._stranger.logged_in else PASSED
        if re.match(r'check_\w+_access$', name) or TABLE.match(name):
            return self._table(argument, left, name == 'check_client_access')
        if name == 'permit_mynetworks':
            return PERMITTED if _everybody(self._values.of('mynetworks')) else PASSED
        if name in KNOWN_BY_LOGIN:
            return PERMITTED if self._stranger.logged_in else PASSED
        if name in KNOWN_BY_ADDRESS + KNOWN_BY_CERTIFICATE or re.match(r'(reject|defer)_|sleep$|warn_if_reject$', name):
            return PASSED
        return PERMITTED

    def _table(self, table: str, left: int, of_clients: bool) -> str:
        if table.startswith('static:'):
            action = table[len('static:') :]
            return self._action(action[1:-1] if action[:1] == '{' else action, left)
        entries = self._stranger.entries(table)
        if entries is None:
            return PERMITTED
        if of_clients:
            return self._table_of_clients(entries, left)
        return PERMITTED if any(self._action(action, left) == PERMITTED for dummy, action in entries) else PASSED

    def _table_of_clients(self, entries: Iterable[tuple[str, str]], left: int) -> str:
        """Return what a table says of clients that are in none of the known networks, over IPv4 and IPv6 alike."""
        protocols = words(self._values.of('inet_protocols'))
        open_versions = {VERSIONS[name] for name in protocols if name in VERSIONS} or set(VERSIONS.values())
        found = dict.fromkeys(open_versions, PASSED)
        for key, action in entries:
            # "10.0" is a network in indexed tables.
            network = network_of(key) or network_of(_from_octets(key))
            verdict = self._action(action, left)
            if network is None:
                if verdict == PERMITTED:
                    return PERMITTED
            elif network.version in open_versions:
                everybody = network.prefixlen == 0
                if everybody or (verdict == PERMITTED and not self._stranger.known.cover(network)):
                    found[network.version] = verdict
                    open_versions.discard(network.version)
        if PERMITTED in found.values():
            return PERMITTED
        return REFUSED if set(found.values()) == {REFUSED} else PASSED

    def _action(self, action: str, left: int) -> str:
        """Return what an action of access(5) does."""
        items = words(action)
        first = items[0].upper() if items else ''
        if re.match(r'[45][0-9][0-9]$', first) or first in ('REJECT', 'DEFER'):
            return REFUSED
        if first in ('OK', 'RELAY') or first.isdigit():
            return PERMITTED
        if first in ('BCC', 'DISCARD', 'DUNNO', 'FILTER', 'HOLD', 'INFO', 'PREPEND', 'REDIRECT', 'WARN', '') or (
            re.match('(DEFER|REJECT)_IF_', first)
        ):
            return PASSED
        return self._list(items, left - 1) if left else PERMITTED


def _from_octets(key: str) -> str:
    """Return the network of an IPv4 address that was cut off behind an octet."""
    octets = key.split('.')
    if not all(re.match(r'[0-9]{1,3}$', octet) for octet in octets) or len(octets) > 3:
        return key
    return '.'.join(octets + ['0'] * (4 - len(octets))) + f'/{8 * len(octets)}'


def _everybody(mynetworks: str) -> bool:
    return any(network is not None and network.prefixlen == 0 for network in map(network_of, words(mynetworks)))
