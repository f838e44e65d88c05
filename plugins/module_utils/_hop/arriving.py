# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the outbound hop has where it takes the gateway's mail for a mail server that cannot ask for TLS and a
certificate itself. Private to this collection.

A message that gets a mark passes two listeners, since Postfix obeys the last FILTER: what is released leaves by the
first, so that a flag behind it does not count. Without marks one is enough: what is flagged gets C(X-Spam-Flag), which
the client for released mail takes away again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.clients import RETURNS, notices
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.entries import (
    always,
    cleanup,
    passing,
    service,
    table,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.services import BACK_TO_THE_MTA
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.loopback import in_brackets
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.client import loopback_client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.gateway_tls import GatewayCertificate
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.spam_flag import RELEASE_RULES, RULE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import marks
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    RECIPIENTS_TABLE,
    recipients_table,
)

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.arrival import Inbound

# First and second cleanup service; the way from one to the other; and the way to the mail server.
ARRIVING, ARRIVED, ONWARD, MAILBOXES = 'arriving', 'arrived', 'onward', marks.PLAIN
# Of messages that have come, in the queue.
WAYS = (ONWARD, *marks.NAMES)
CLIENTS, POSTMASTER, REFUSED = 'arriving_clients', 'arriving_postmaster', 'refused_marks'
# Where marks are taken away from mail that leaves.
WITHOUT_MARKS = 'without_marks'
NOT_OURS = '554 5.7.1 This server takes mail from its gateway only. Send to the MX of the domain'
# A next hop that an address of 127.0.0.0/8 reaches.
LOCAL = re.compile(r'\[127(\.\d{1,3}){3}\](:\w+)?$')
# What a recipient is asked about is known for so long. A mailbox that is made or deleted is seen soon.
PROBES = {
    'address_verify_sender': '<>',
    'address_verify_map': '',
    'address_verify_poll_count': '3',
    'address_verify_poll_delay': '1s',
    'address_verify_positive_expire_time': '1d',
    'address_verify_positive_refresh_time': '1h',
    'address_verify_negative_expire_time': '1h',
    'address_verify_negative_refresh_time': '5m',
    'unverified_recipient_reject_code': '550',
}


def clients(inbound: Inbound) -> tuple[str, ...]:
    """Return the names of the clients that hand mail to the mail server."""
    return tuple(inbound.marks or (MAILBOXES, marks.RELEASED))


class Arriving:
    """All of it.

    Args:
        settings: the normalised settings.
        options: of role C(outbound_hop), with C(inbound), which is Inbound, C(inbound_places), the addresses of its
            listener, and C(learnt), the fingerprints that earlier runs have learnt.
        hop: the name of the hop.
        origin: the domain of addresses without one.
        back: the next hop to the mail server.
    """

    def __init__(
        self, settings: Mapping[str, Any], options: Mapping[str, Any], hop: str, origin: str, back: str
    ) -> None:
        self._settings, self._directory, self._options = settings, options['config_dir'], options
        self._hop, self._origin, self._back = hop, origin, back
        self._inbound: Inbound = options['inbound']
        known = {'smtpd_tls_fingerprint_digest': 'sha256', 'tls_ssl_options': ''}
        self._info = {'expanded': known, 'parameters': {}, 'config_dir': self._directory}
        self._entry: dict[str, Any] = {'name': 'arriving', 'type': 'inet', 'options': {}}
        asked = {
            'client_ca_file': self._inbound.client_ca_file,
            'learnt': options['learnt'],
            'gateway': self._inbound.gateway,
        }
        self._certificate = GatewayCertificate(settings, self._info, asked, [self._entry])
        self._found: dict[str, list[Any]] = self._certificate.configuration() if self._certificate.wanted else {}

    @property
    def problems(self) -> list[str]:
        asked = self._certificate.asked_for_by(self._entry, False)[1] if self._certificate.wanted else []
        return [*self._found.get('problems', []), *asked, *self._elsewhere()]

    def _elsewhere(self) -> list[str]:
        """Return a problem where the way to a mail server beside the hop leaves loopback: nobody else can answer there,
        and the marks are for nobody else."""
        if not self._inbound.arrival.source or LOCAL.match(self._back):
            return []
        return [
            f"outbound_hop_return_address: '{self._back}': the hop hands on the gateway's mail there, too, from"
            f' {self._inbound.arrival.source}, which reaches nothing but loopback. Take it out, or set it to'
            ' [127.0.0.1]:25'
        ]

    @property
    def warnings(self) -> list[str]:
        return self._found.get('warnings', [])

    def parameters(self) -> dict[str, str]:
        """Return the parameters of main.cf."""
        # What the hop writes itself goes to a mailbox here, or outside: that is said by its recipient.
        return dict(
            PROBES,
            **notices(self._settings),
            transport_maps=f'texthash:{self._directory}/{RETURNS}',
        )

    def _listener(self) -> dict[str, str]:
        """Return the options of smtpd(8) where the gateway's connections arrive."""
        tls = self._certificate.asked_for_by(self._entry, False)[0] if self._certificate.wanted else {}
        lead = f'{ONWARD}:{self._marking}' if self._inbound.marks else f'{MAILBOXES}:{self._back}'
        known = f'check_recipient_access regexp:{self._directory}/{RECIPIENTS_TABLE}, reject_unverified_recipient'
        return {
            'cleanup_service_name': ARRIVING,
            'smtpd_banner': f'{self._origin} ESMTP',
            'smtpd_client_restrictions': '',
            'smtpd_sender_restrictions': '',
            'smtpd_recipient_restrictions': '',
            'smtpd_relay_restrictions': f'check_client_access cidr:{self._directory}/{CLIENTS}, reject',
            # "postmaster" without a domain passes all restrictions on recipients untested.
            'smtpd_data_restrictions': f'check_client_access cidr:{self._directory}/{CLIENTS}_data, {always(lead)}',
            'smtpd_restriction_classes': 'conbool_gateway,conbool_known',
            'conbool_gateway': self._certificate.restriction_class(),
            'conbool_known': f'{known}, permit',
            'smtpd_etrn_restrictions': 'reject',
            # What the mail server behind it does not offer. Of one on another machine nobody knows.
            'smtpd_discard_ehlo_keywords': 'dsn, etrn, vrfy' if self._inbound.marks else 'etrn, vrfy',
            'disable_vrfy_command': 'yes',
            'receive_override_options': '',
            'smtpd_tls_security_level': 'may',
            'smtpd_tls_cert_file': self._inbound.certificate,
            'smtpd_tls_key_file': self._inbound.key,
            'smtpd_tls_fingerprint_digest': 'sha256',
            **tls,
        }

    @property
    def _marking(self) -> str:
        return f'[{self._options["address"]}]:{self._inbound.arrival.marking_port}'

    @property
    def ways(self) -> list[str]:
        """Return where a FILTER may lead mail that has come, with the next hops of by now."""
        onward = [f'{ONWARD}:{self._marking}'] if self._inbound.marks else []
        return [*onward, *(f'{name}:{self._back}' for name in clients(self._inbound))]

    def listeners(self) -> dict[str, dict[str, str]]:
        """Return name in master.cf to options, of listeners for other hosts and on loopback."""
        port, marking = self._inbound.arrival.port, self._inbound.arrival.marking_port
        found = {f'{in_brackets(address)}:{port}': self._listener() for address in self._options['inbound_places']}
        if self._inbound.marks:
            found[f'{in_brackets(self._options["address"])}:{marking}'] = passing(ARRIVED, f'{MAILBOXES}:{self._back}')
        return found

    def services(self, known: Iterable[str] = ()) -> list[dict[str, Any]]:
        """Return the other entries of master.cf.

        Args:
            known: the names of the parameters that this Postfix has.
        """
        checks = [REFUSED, ARRIVING] if self._inbound.marks else [ARRIVING]
        entries = [
            cleanup(ARRIVING, self._directory, checks, virtual_alias_maps=f'texthash:{self._directory}/{POSTMASTER}'),
            service('verify', 'verify', max_processes='1'),
            *map(self._client, clients(self._inbound)),
        ]
        if self._inbound.marks:
            entries.append(cleanup(ARRIVED, self._directory, [ARRIVED]))
            entries.append(loopback_client(ONWARD, self._options['address'], tuple(known)))
        # Each has the fields of a whole entry, as those of the hop.
        return [*entries, *self._found.get('services', [])]

    def _client(self, name: str) -> dict[str, Any]:
        """Return a client that hands mail to the mail server."""
        adds = self._inbound.marks or name == marks.RELEASED
        options = dict(
            BACK_TO_THE_MTA,
            smtp_header_checks=f'regexp:{self._directory}/{name}' if adds else '',
            smtp_bind_address=self._inbound.arrival.source,
            smtp_fallback_relay='',
            smtp_sasl_auth_enable='no',
        )
        return service(name, 'smtp', options=options)

    def tables(self) -> list[dict[str, Any]]:
        """Return the lookup tables."""
        networks, domains = self._settings['networks'], self._settings['domains']
        return [
            table(
                CLIENTS, 'cidr', _by_network(networks, 'conbool_gateway') + f'0.0.0.0/0 {NOT_OURS}\n::/0 {NOT_OURS}\n'
            ),
            table(
                f'{CLIENTS}_data',
                'cidr',
                _by_network(networks, 'reject_plaintext_session') + f'0.0.0.0/0 {NOT_OURS}\n::/0 {NOT_OURS}\n',
            ),
            table(RECIPIENTS_TABLE, 'regexp', recipients_table(domains)),
            {
                'path': POSTMASTER,
                'type': 'texthash',
                'entries': {f'postmaster@{self._origin}': f'postmaster@{domains[0]}'},
            },
            *(self._with_marks() if self._inbound.marks else self._without_marks()),
            *self._found.get('tables', []),
        ]

    def _with_marks(self) -> list[dict[str, Any]]:
        """Return the tables by which a mail server beside the hop knows flagged and released mail."""
        known, domains = self._inbound.marks, self._settings['domains']
        return [
            table(REFUSED, 'regexp', marks.refusing(known), '0640'),
            table(ARRIVING, 'regexp', self._released),
            table(ARRIVED, 'regexp', RULE % ('X-Conbool-Flag', f'FILTER {marks.FLAGGED}:{self._back}')),
            table(WITHOUT_MARKS, 'regexp', marks.removing(known), '0640'),
            {'path': RETURNS, 'type': 'texthash', 'entries': dict.fromkeys(domains, f'mta:{self._back}')},
            *(table(name, 'regexp', marks.adding(mark, self._hop), '0640') for name, mark in known.items()),
        ]

    def _without_marks(self) -> list[dict[str, Any]]:
        """Return the tables by which any other mail server does. Where returns go, those for its clients say."""
        flagged = RULE % ('X-Conbool-Flag', 'PREPEND X-Spam-Flag: YES')
        return [
            table(ARRIVING, 'regexp', self._released + flagged),
            table(marks.RELEASED, 'regexp', RELEASE_RULES),
        ]

    @property
    def _released(self) -> str:
        return RULE % ('X-Conbool-Released', f'FILTER {marks.RELEASED}:{self._back}')


def _by_network(networks: Iterable[str], action: str) -> str:
    return ''.join(f'{network} {action}\n' for network in networks)
