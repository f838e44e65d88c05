# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks in the site's own access lists that judge who brings a message. That is the gateway from now on, for all
senders. Ours are asked first; whom they let through, the site's judge as before."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import EximError, Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

JUDGED, REFUSED = 'inbound.judged', 'access.client'
REFUSING, DEMANDING = ('defer', 'deny', 'discard', 'drop'), 'require'
# By condition, name and value, what it does to the gateway's mail.
JUDGES = (
    (r'!?(spf|spf_guess|dmarc_status) =|.*\bspfquery', 'SPF fails for every sender that the gateway brings mail of'),
    (r'!?dnslists =', 'looks the gateway, or the sender, up in a block list'),
    (r'!?verify = (reverse_host_lookup|helo|csa)\b', 'asks DNS for the gateway'),
    (r'!?ratelimit =', 'counts the gateway, which brings everybody\'s mail'),
    (r'.*gr[ae]y', 'greylisting delays'),
    (r'!?condition =.*\b(sender_host_|host_lookup_|sender_helo_)', 'goes by the client, which is the gateway'),
)
# Main options: lists of hosts.
HOSTS_REFUSED, HOSTS_OFFERED = 'host_reject_connection', 'tls_advertise_hosts'
HOSTS_JUDGED = {
    'helo_verify_hosts': 'asks DNS for the name that the gateway says',
    'smtp_ratelimit_hosts': 'slows down whoever brings much, as the gateway does',
}
# Debian's list of exceptions, and the file with hosts that it looks into.
EXCEPTIONS, EXCEPTIONS_FILE = 'acl_local_deny_exceptions', '/etc/exim4/host_local_deny_exceptions'
# Conditions beside lists of hosts that let a statement be for some messages only.
OTHERS = (
    *('condition', 'decode', 'dkim_signers', 'dkim_status', 'dmarc_status', 'dnslists', 'domains', 'encrypted'),
    *('local_parts', 'malware', 'mime_regex', 'ratelimit', 'recipients', 'regex', 'sender_domains', 'senders', 'spam'),
    *('spf', 'spf_guess', 'verify'),
)
OUT = 'Take the gateway out of it.'
MOST_ASKED = 16
_LABEL = re.compile(r'(\w+)\s*:$')
_VERB = re.compile(r'(accept|defer|deny|discard|drop|require|warn)\b\s*(.*)')
_CONDITION = re.compile(r'(!?)\s*(\w+)\s*=\s*(.*)')


class Condition(NamedTuple):
    negated: bool
    name: str
    value: str

    def __str__(self) -> str:
        return '{}{} = {}'.format('!' * self.negated, self.name, self.value)


class Statement(NamedTuple):
    """One of a list: its C(verb), and conditions and modifiers in their order."""

    acl: str
    verb: str
    conditions: list[Condition]


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of all access lists.

    Args:
        text: the configuration as Exim reads it, in which each line is a whole.
    """
    acl, found, within = '', None, False
    for line in (line.strip() for line in text.split('\n')):
        if line.lower().startswith('begin '):
            within = line.lower().split()[1] in ('acl', 'acls')
        label, verb = _LABEL.match(line), _VERB.match(line)
        if found and (label or verb or not within):
            yield found
            found = None
        if within and label:
            acl = label.group(1)
        elif within and verb:
            found, line = Statement(acl, verb.group(1), []), verb.group(2)
        condition = _CONDITION.match(line)
        if found and condition:
            found.conditions.append(Condition(bool(condition.group(1)), *condition.groups()[1:]))
    if found:
        yield found


class Judging:
    """What the configuration without us makes of the gateway.

    Args:
        base: the command, for that configuration.
        networks: of the gateway.
    """

    def __init__(self, base: Program, networks: Sequence[str]) -> None:
        self._base, self._networks = base, networks
        self._gateway = [str(ipaddress.ip_network(network)[0]) for network in networks[:MOST_ASKED]]
        self._statements = list(statements(base.text()))
        self._known: dict[str, bool | None] = {}

    def rows(self) -> list[dict[str, Any]]:
        found = [self._row(statement) for statement in self._statements]
        options = self._base.options(HOSTS_REFUSED, HOSTS_OFFERED, *HOSTS_JUDGED)
        if self._has_gateway(options[HOSTS_REFUSED]):
            text = f'mail of the gateway is refused by {HOSTS_REFUSED} = {options[HOSTS_REFUSED]}'
            found.append(row(REFUSED, HOSTS_REFUSED, RED, text, OUT))
        # That nobody is offered it, is another matter.
        if options[HOSTS_OFFERED] and self._has_gateway(options[HOSTS_OFFERED]) is False:
            text = f'the gateway is offered no STARTTLS, so that its mail would wait: {HOSTS_OFFERED} ='
            hint = 'Put its networks in front of it: ' + ' : '.join(map(self._written, self._networks))
            found.append(row(REFUSED, HOSTS_OFFERED, RED, f'{text} {options[HOSTS_OFFERED]}', hint))
        for name, what in HOSTS_JUDGED.items():
            # A list that cannot be looked into now may have it.
            if options[name] and self._has_gateway(options[name]) is not False:
                hint = 'Put this in front of it: ' + ' : '.join(f'!{self._written(each)}' for each in self._networks)
                found.append(row(JUDGED, f'{name} = {options[name]}', GREEN, what, hint, 'medium'))
        return list(filter(None, found))

    @staticmethod
    def _written(network: str) -> str:
        """Return a network as it stands in a list that colons divide."""
        return network.replace(':', '::')

    def _row(self, statement: Statement) -> dict[str, Any] | None:
        if statement.verb not in (*REFUSING, DEMANDING) or self._spares(statement):
            return None
        judges = [
            (condition, what)
            for condition in statement.conditions
            for pattern, what in JUDGES
            if re.match(pattern, str(condition), re.IGNORECASE)
        ]
        target = f'{statement.acl}: {statement.verb} {{}}'
        if judges:
            condition, what = judges[0]
            return row(JUDGED, target.format(condition), GREEN, what, self._hint(statement), 'medium')
        if statement.verb in REFUSING and self._by_hosts_only(statement):
            target = target.format(next(each for each in statement.conditions if each.name == 'hosts'))
            return row(REFUSED, target, RED, f'mail of the gateway is refused by {target}', OUT)
        return None

    def _hint(self, statement: Statement) -> str:
        if any(str(condition) == f'!acl = {EXCEPTIONS}' for condition in statement.conditions):
            return 'Write into {}, a line each: {}'.format(EXCEPTIONS_FILE, ' '.join(self._networks))
        if statement.verb == DEMANDING:
            hosts = ' ; '.join(self._networks)
            return f'Make it a deny with the opposite condition, and with: !hosts = <; {hosts}'
        return 'Put this in front of that condition: !hosts = <; {}'.format(' ; '.join(self._networks))

    def _spares(self, statement: Statement) -> bool:
        """Return whether a statement is certainly none for the gateway, which never logs in."""
        for condition in statement.conditions:
            if condition.name == 'authenticated' and not condition.negated:
                return True
            if condition.name == 'hosts' and statement.verb != DEMANDING and self._holds(condition) is False:
                return True
            if condition.name == 'acl' and condition.negated and self._excepted(condition.value):
                return True
        return False

    def _excepted(self, acl: str) -> bool:
        """Return whether a list accepts the gateway by its addresses."""
        return any(one.verb == 'accept' and self._by_hosts_only(one) for one in self._statements if one.acl == acl)

    def _by_hosts_only(self, statement: Statement) -> bool:
        """Return whether a statement is certainly for the gateway, by lists of hosts and nothing else."""
        hosts = [condition for condition in statement.conditions if condition.name == 'hosts']
        others = [
            condition
            for condition in statement.conditions
            if condition.name in OTHERS or condition.name == 'acl' and not condition.negated
        ]
        return bool(hosts) and not others and all(map(self._holds, hosts))

    def _holds(self, condition: Condition) -> bool | None:
        """Return whether a condition on hosts is met by all addresses of the gateway, None where that is not clear."""
        known = self._has_gateway(condition.value)
        return known if known is None else known is not condition.negated

    def _has_gateway(self, hosts: str) -> bool | None:
        """Return whether a list of hosts has all addresses of the gateway, None where it has some, or cannot be looked
        into."""
        if hosts not in self._known:
            self._known[hosts] = self._look(hosts)
        return self._known[hosts]

    def _look(self, hosts: str) -> bool | None:
        if not hosts:
            return False
        # What depends on who asks is nobody's here.
        if '$sender_' in hosts or '${sender_' in hosts:
            return None
        try:
            found = [self._base.listed('match_ip', address, hosts) for address in self._gateway]
        except EximError:
            return None
        return all(found) if all(found) or not any(found) else None


def judging(base: Program, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each check that would judge the gateway, and for each that refuses it.

    The former are green, since what else they ask may spare it; but not without a word.

    Args:
        base: the command, for the configuration without us.
    """
    return Judging(base, settings['networks']).rows() if settings['inbound'] else []
