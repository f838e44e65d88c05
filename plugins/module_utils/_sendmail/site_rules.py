# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Sendmail's rules, and the maps that they ask, make of the gateway: the client that brings mail, and the server
that is sent mail. The rules are asked themselves. The access map only tells which entry is the reason."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file, staging_directory
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import write_durably
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode, encode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.build import STAGING
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Unanswered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import (
    host_in_brackets,
    is_address,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import access_entries
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import MAILER
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.networks import lookups, named, written
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.samples import OUTSIDE

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.commands import Program

# In the test mode nobody else can write what stands between two arguments (cf/README, check_relay).
SEPARATED = 'ConboolAsk'
TRANSLATION = f'\nS{SEPARATED}\nR$* $$| $*\t\t$: $1 $| $2\n'
# FEATURE(delay_checks) has the ruleset under the second name, and asks it at RCPT.
CLIENT_RULES = ('check_relay', 'checkrelay')
SESSION = {
    'verify': 'OK',
    'tls_version': 'TLSv1.3',
    'cipher': 'TLS_AES_256_GCM_SHA384',
    'cipher_bits': '256',
}
# What is not known here of the gateway's certificate: who has issued it, and all of its subject.
NOT_KNOWN_HERE = re.compile(r'\+\s*C[SI]:', re.IGNORECASE)
# A reply or a status of 4xx, or what sysexits.h calls TEMPFAIL.
TEMPORARY = re.compile(r'\$@\s*(4\s*\.|TEMPFAIL|75\b)|\$:[\s"]*4\d\d\b')
LATER = 'Run it again when DNS and the maps of Sendmail answer.'
MOST_ASKED = 16
BUILD = 'build the map anew (makemap hash /etc/mail/access </etc/mail/access).'


def refused(answer: str) -> str:
    """Return in words why a ruleset refuses something, empty where it does not."""
    found = re.match(r'\$#\s*(error|discard)\b(.*)', answer)
    if not found:
        return ''
    said = found[2].rpartition('$:')[2] if '$:' in found[2] else found[1]
    # What was split into tokens: names, addresses, and these in brackets.
    said = re.sub(r'(?<=\w) ([.:@]) (?=\w)', r'\1', ' '.join(said.replace('"', '').split()))
    return said.replace('[ ', '[').replace(' ]', ']')


class SiteRules:
    """The rules of this host, asked about the gateway.

    Args:
        cf_path: sendmail.cf.
        settings: what M(conbool.smtp_relay.settings) returned.
    """

    def __init__(self, program: Program, cf_path: str, settings: Mapping[str, Any]) -> None:
        self._program, self._cf_path, self._settings = program, cf_path, settings
        self._text = decode(read_file(cf_path).data or b'')
        self._cf = SendmailCf(self._text)
        self._entries = {key.lower(): value.strip() for key, value in access_entries(program, self._cf)}

    def client_rows(self) -> list[dict[str, Any]]:
        """Return the rows on whether the gateway may bring mail."""
        return self._bounded('access.client', self._client_rows)

    def _bounded(self, identifier: str, rows: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Return rows, or the one that says that nobody can tell: it is not asked any further then."""
        try:
            return rows()
        except Unanswered as exc:
            return [self._untold(identifier, self._settings['relay_host'], str(exc))]

    @staticmethod
    def _untold(identifier: str, target: str, why: str) -> dict[str, Any]:
        return row(identifier, target, GREEN, f'cannot be told now: {why}', LATER, 'low')

    def _client_rows(self) -> list[dict[str, Any]]:
        rules = [name for name in CLIENT_RULES if name in self._cf.rulesets][:1]
        if not self._settings['inbound'] or not rules:
            return []
        name, addresses = self._settings['relay_host'], self._clients()
        known = {'client_name': name, 'client_resolve': 'OK', 'client_rate': '0', 'client_connections': '1', **SESSION}
        known.update(cn_subject=self._settings['tls_name'])
        clients = [dict(known, client_addr=written(address)) for address in addresses]
        relay = [(f'{name} $| {client["client_addr"]}', client) for client in clients]
        tls = [('OK $| MAIL', client) for client in clients]
        answers = self._separated([(rules[0], relay), ('tls_client', tls)])
        rows = []
        for ruleset, tag, said in ((rules[0], 'connect:', answers[0]), ('tls_client', 'tls_clt:', answers[1])):
            for address, answer in zip(addresses, said):
                keys = lookups(tag, [name], address)
                # Without a tag as well, but for the empty key.
                keys += lookups('', [name], address)[:-1] if tag == 'connect:' else []
                if refused(answer) and not self._unknown(keys):
                    rows.append(self._client_row(ruleset, address, answer, keys))
        return rows or [row('access.client', name, GREEN, 'the rules of Sendmail let it bring mail')]

    def _client_row(self, ruleset: str, address: str, answer: str, keys: Iterable[str]) -> dict[str, Any]:
        hint = f'Take it out, and {BUILD}'
        if self._is_temporary(answer, keys):
            return self._untold('access.client', address, f'{self._reason(ruleset, keys)} says {refused(answer)}')
        if not self._entry(keys):
            hint = f'Take the gateway out there. Past block lists it gets by "Connect:{address} OK" in the access map.'
        finding = f'mail of the gateway is refused by {self._reason(ruleset, keys)}: {refused(answer)}'
        return row('access.client', address, RED, finding, hint)

    def server_rows(self, addresses: Sequence[str], ours: bool = True) -> list[dict[str, Any]]:
        """Return the rows on whether mail may be sent to the gateway by TLS.

        Args:
            addresses: those of the gateway.
            ours: whether mail goes there by now, so that it is known whose.
        """
        return self._bounded('access.tls', lambda: self._server_rows(addresses, ours))

    def _server_rows(self, addresses: Sequence[str], ours: bool) -> list[dict[str, Any]]:
        host = self._settings['relay_host']
        # A connection is known by the host's own name, without brackets; an address keeps them.
        name = host_in_brackets(host) if is_address(host) else self._program.canonical(self._cf_path, host)
        servers = addresses[:MOST_ASKED] or ['']
        known = dict(SESSION, cn_subject=self._settings['tls_name'])
        sessions = [dict(known, server_name=name, server_addr=written(address)) for address in servers]
        found: dict[str, dict[str, Any]] = {}
        for ruleset, tag, text in (('try_tls', 'try_tls:', host), ('tls_server', 'tls_srv:', 'OK')):
            answers = self._program.answers(self._cf_path, ruleset, [(text, session) for session in sessions])
            for address, answer in zip(servers, answers):
                keys = lookups(tag, [name], address)
                if refused(answer) and not self._unknown(keys):
                    reason = self._reason(ruleset, keys)
                    finding = f'mail for it waits or bounces, since {reason} says: {refused(answer)}'
                    said = row('access.tls', host, RED, finding, f'Take it out, and {BUILD}')
                    if self._is_temporary(answer, keys):
                        said = self._untold('access.tls', host, f'{reason} says {refused(answer)}')
                    # Several addresses have the same reason.
                    found.setdefault(reason, said)
        rows = [*found.values(), *(self._recipient_rows(sessions[0]) if ours else [])]
        return rows or [row('access.tls', host, GREEN, 'the access map does not forbid TLS, and asks no more of it')]

    def _recipient_rows(self, server: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return a row for each entry that asks of the gateway what only the recipient's server can have."""
        keys = [key for key in self._entries if key.startswith('tls_rcpt:') and not self._unknown([key])]
        recipients = [_recipient(key.partition(':')[2]) for key in keys[:MOST_ASKED]]
        answers = self._program.answers(self._cf_path, 'tls_rcpt', [(address, server) for address in recipients])
        rows = []
        for key, recipient, answer in zip(keys, recipients, answers):
            if refused(answer) and (self._program.routes(self._cf_path, [recipient])[0] or {}).get('mailer') == MAILER:
                finding = f'mail waits or bounces, since {self._reason("tls_rcpt", [key])} says: {refused(answer)}'
                rows.append(row('access.tls', recipient, RED, finding, f'Take it out, and {BUILD}'))
        return rows

    def _entry(self, keys: Iterable[str]) -> str:
        """Return the key of the entry that decides, empty for none."""
        return next((key for key in keys if key in self._entries), '')

    def _is_temporary(self, answer: str, keys: Iterable[str]) -> bool:
        """Return whether it may be another one later: what an entry says, it says each time."""
        return bool(TEMPORARY.search(answer)) and not self._entry(keys)

    def _unknown(self, keys: Iterable[str]) -> bool:
        return bool(NOT_KNOWN_HERE.search(self._entries.get(self._entry(keys), '')))

    def _reason(self, ruleset: str, keys: Iterable[str]) -> str:
        """Return which entry of the access map is the reason, as far as that is to be seen."""
        key = self._entry(keys)
        if not key:
            return f'the ruleset {ruleset} (a rule or a block list of sendmail.mc, or a map that cannot be listed)'
        return '"{} {}" in {} (ruleset {})'.format(key, self._entries[key], self._cf.maps['access'][1], ruleset)

    def _clients(self) -> list[str]:
        """Return addresses of the gateway: one of each network, and those that the access map names in one."""
        networks = [ipaddress.ip_network(network) for network in self._settings['networks']]
        found = [str(network[0]) for network in networks]
        for key in self._entries:
            for part in map(ipaddress.ip_network, named([key.rpartition('connect:')[2].rpartition('tls_clt:')[2]])):
                if any(part.version == whole.version and part.subnet_of(whole) for whole in networks):
                    found.append(str(part[0]))
        return list(dict.fromkeys(found))[:MOST_ASKED]

    def _separated(self, asked: Sequence[tuple[str, Sequence[tuple[str, Mapping[str, str]]]]]) -> list[list[str]]:
        """Return the answers of rulesets that take two arguments."""
        with staging_directory(os.path.dirname(os.path.realpath(self._cf_path)), STAGING) as directory:
            path = os.path.join(directory, 'asked.cf')
            write_durably(path, encode(self._text + TRANSLATION), 0o600)
            return [self._program.answers(path, f'{SEPARATED},{name}', questions) for name, questions in asked]


def _recipient(key: str) -> str:
    """Return an address to which an entry TLS_Rcpt is meant."""
    if key.endswith('@'):
        return key + OUTSIDE
    return key if '@' in key else f'someone@{key or OUTSIDE}'
