# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Zimbra needs so that on port 25 only the gateway brings mail from the outside. Private to this collection.

All of it stands in attributes of Zimbra's and in files with names of their own, so that an upgrade leaves it in force.
A restriction class would be lost then (smtpd_restriction_classes is nobody's attribute), and every client with it. So
the lists have no classes: what is asked of the gateway alone is asked by tables that have nothing to say of anybody
else. The certificate is asked for at DATA, where whoever has the right one may leave the list.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import FileRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import line_ends, policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    CERTIFICATES_TABLE,
    CLIENTS_TABLE,
    DATA_TABLE,
    POSTSCREEN_TABLE,
    certificates_table,
    client_tables,
    own_addresses,
    postscreen_table,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificates import (
    NO_PYTHON,
    NOT_LEARNT,
    NOT_NAMED,
    learnt,
    learnt_before,
    unfit,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.listeners import listeners
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import Values
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import asks_for_certificate
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra import beside
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.facts import (
    ASK,
    CA_FILE,
    CA_PATH,
    TLS,
    ZimbraFacts,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import (
    CLIENT,
    DATA,
    OWNER,
    POSTSCREEN,
    SOCKET,
    STRANGERS_TABLE,
    UNCERTIFIED_TABLE,
    in_front,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.plan import Plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown

NOT_OURS = '554 5.7.1 This server takes mail from its gateway only. Send to the MX of the domain'
# At RCPT, with the recipient known, also for a gateway in mynetworks. A table in a table's answer needs a class.
GATEWAY = 'reject_plaintext_session reject_unauth_destination'
SYSTEM_CA_FILES = ('/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt')
HASHED = '/etc/ssl/certs'


def hashed(directory: str = HASHED) -> bool:
    """Return whether OpenSSL finds authorities in a directory; that of RPM systems has them in one file only."""
    return os.path.isdir(directory) and any(re.fullmatch(r'[0-9a-f]{8}\.\d+', name) for name in os.listdir(directory))


class Inbound:
    """What limits port 25 to the gateway.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        record: of what was changed so far.
        config_dir: of Zimbra's Postfix.
        client_ca_file: the authorities of the gateway's certificate, empty for those of the settings.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        facts: ZimbraFacts,
        record: AttributeRecord,
        config_dir: str,
        client_ca_file: str,
    ) -> None:
        self._settings, self._facts, self._record = settings, facts, record
        self._config_dir, self._ca_file = config_dir, client_ca_file or settings['tls_ca_file']

    def plan(self, gateway: Sequence[Shown]) -> Plan:
        """Return what is wanted.

        Args:
            gateway: what the gateway shows as a server.
        """
        plan = Plan()
        if not self._settings['inbound']:
            return plan
        plan.problems += self._problems()
        client, data, plan.warnings = client_tables(self._settings, self._mynetworks())
        plan.warnings += self._line_ends()
        actions = (('conbool_gateway', GATEWAY), ('conbool_others', 'permit_mynetworks'))
        self._table(plan, CLIENTS_TABLE, _replaced(client, actions))
        self._table(plan, DATA_TABLE, _replaced(data, actions))
        known = (('conbool_gateway', 'DUNNO'), ('conbool_others', NOT_OURS))
        self._table(plan, STRANGERS_TABLE, _replaced(client, known))
        self._table(plan, POSTSCREEN_TABLE, postscreen_table(self._settings['networks']))
        strangers = self._check('check_client_access', 'cidr', STRANGERS_TABLE)
        self._list(plan, CLIENT, [self._check('check_client_access', 'cidr', CLIENTS_TABLE), strangers])
        at_data = [self._check('check_client_access', 'cidr', DATA_TABLE), strangers]
        if self._settings['inbound_require_certificate']:
            at_data += self._certificate(plan, client, gateway)
        self._list(plan, DATA, at_data)
        access = self._facts.site(POSTSCREEN, self._record)
        plan.values[self._facts.this, POSTSCREEN] = (in_front(f'cidr:{self._config_dir}/{POSTSCREEN_TABLE}', access),)
        return plan

    def _mynetworks(self) -> str:
        expanded = self._facts.expanded
        return '{} {}'.format(' '.join(own_addresses(expanded)), expanded.get('mynetworks', ''))

    def _table(self, plan: Plan, name: str, content: str) -> None:
        plan.files[f'{self._config_dir}/{name}'] = content

    def _check(self, restriction: str, kind: str, table: str) -> str:
        return f'{restriction} {kind}:{self._config_dir}/{table}'

    def _list(self, plan: Plan, attribute: str, ours: list[str]) -> None:
        """Want a list of restrictions with ours in front of the site's."""
        site = self._facts.site(attribute, self._record)
        plan.values[self._facts.this, attribute] = (in_front(', '.join(ours), site),)

    def _problems(self) -> list[str]:
        found = []
        if self._settings['inbound_trust']:
            found.append(
                'conbool_inbound_trust: what Zimbra asks of clients and senders (zimbraMtaRestriction) stands in lists'
                ' that it makes itself, and nobody can be let past them. Set it to false, and name the addresses of'
                ' the gateway in /opt/zimbra/conf/postfix_rbl_override where a block list judges them'
            )
        if self._facts.effective(TLS) == 'none':
            found.append(f"{TLS}: 'none': the gateway has to use TLS, and this server does not offer it. Set it to may")
        return found + self._asked_too_early()

    def _asked_too_early(self) -> list[str]:
        """Return a problem when clients are judged before they can have begun TLS."""
        info = {'services': self._facts.services, 'parameters': self._facts.expanded, 'expanded': self._facts.expanded}
        found = []
        for entry in listeners(info, ())[0]:
            if Values(entry, info).of('smtpd_delay_reject').lower() == 'no':
                own = 'smtpd_delay_reject' in entry['options']
                where = 'master.cf, {name}/{type}'.format(**entry) if own else 'main.cf'
                found.append(
                    f'{where}: smtpd_delay_reject = no has clients judged before they begin TLS, so that the gateway'
                    ' would be refused. Take it out'
                )
        return found

    def _line_ends(self) -> list[str]:
        """Return what a person should know when a message may be hidden in another one."""
        expanded = self._facts.expanded
        if line_ends.line_ends(expanded['mail_version']) and expanded.get('smtpd_forbid_bare_newline') == 'no':
            return [
                'main.cf: smtpd_forbid_bare_newline = no lets a second message be hidden in one of the gateway (SMTP'
                ' smuggling). postconf -e smtpd_forbid_bare_newline=normalize'
            ]
        return line_ends.warning(expanded['mail_version'])

    def _certificate(self, plan: Plan, clients: str, gateway: Sequence[Shown]) -> list[str]:
        """Want the gateway's certificate asked for. Returns the restrictions of the list at DATA.

        Each lets the right certificate out of the list; whatever else they say, or when one cannot answer, the last
        word is for the gateway's addresses alone.
        """
        settings, this = self._settings, self._facts.this
        explicit = settings['inbound_certificate_fingerprints']
        digest = self._facts.expanded.get('smtpd_tls_fingerprint_digest', '')
        known = [] if explicit else learnt([digest], self._before(gateway), gateway)
        plan.problems += unfit(explicit, digest, 'Zimbra')
        plan.values[this, ASK] = ('yes',)
        checks, wanted = [], 'with a known fingerprint'
        if explicit or known:
            self._table(plan, CERTIFICATES_TABLE, certificates_table(explicit, known, 'permit'))
            checks.append(self._check('check_ccert_access', 'texthash', CERTIFICATES_TABLE))
        if not explicit:
            plan.by_name = True
            plan.problems += [] if policy.interpreter() else [NO_PYTHON]
            plan.warnings += [] if known else [NOT_LEARNT]
            # Everybody's mail asks it, and would wait for one that hangs.
            checks.append(f'check_policy_service {{ unix:{SOCKET}, timeout=5s, try_limit=1, default_action=DUNNO }}')
            wanted = f'with the name {settings["tls_name"]} in its subject'
            self._authorities(plan)
        last = (('conbool_gateway', NOT_NAMED % wanted), ('conbool_others', 'DUNNO'))
        self._table(plan, UNCERTIFIED_TABLE, _replaced(clients, last))
        return [*checks, self._check('check_client_access', 'cidr', UNCERTIFIED_TABLE)]

    def certificates(self) -> str:
        """Return the table of fingerprints as it is, empty where there is none."""
        return decode(read_file(self._certificates_path).data or b'')

    @property
    def _certificates_path(self) -> str:
        return f'{self._config_dir}/{CERTIFICATES_TABLE}'

    def _before(self, gateway: Sequence[Shown]) -> list[str]:
        """Return the fingerprints of earlier runs that go on to count."""
        data = read_file(self._certificates_path).data
        return learnt_before(data, FileRecord(OWNER).wrote(self._certificates_path, data), gateway)

    def _authorities(self, plan: Plan) -> None:
        """Want the issuer of the gateway's certificate trusted."""
        this, file = self._facts.this, self._ca_file
        site_file, site_path = (self._facts.site(name, self._record) for name in (CA_FILE, CA_PATH))
        if file and site_file and site_file != file:
            plan.problems.append(
                f'{CA_FILE}: {site_file!r} is in force, and the authority of the gateway\'s certificate is in {file}:'
                ' put both into one file and set zimbra_smarthost_client_ca_file to it, and the attribute, too'
            )
        elif file:
            plan.values[this, CA_FILE] = (file,)
        elif not site_file and not site_path:
            # Of a directory, no names are told to every client; the bundle of all authorities has many.
            found = [path for path in SYSTEM_CA_FILES if os.path.exists(path)]
            if hashed():
                plan.values[this, CA_PATH] = (HASHED,)
            elif found:
                plan.values[this, CA_FILE] = (found[0],)


def service_rows(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the row on the service that tells the gateway's certificate by its name, where it is asked."""
    if not asks_for_certificate(settings) or settings['inbound_certificate_fingerprints']:
        return []
    if not os.path.exists(SOCKET):
        finding = 'is not there: the certificate of the gateway is not known, and its mail waits'
        return [row('inbound.policy', SOCKET, RED, finding, f'systemctl restart {beside.DOOR}')]
    return policy.rows(SOCKET, settings['tls_name'], beside.CERTIFICATE, known=beside.KNOWN)


def _replaced(table: str, actions: Sequence[tuple[str, str]]) -> str:
    """Return a table of clients with what is so for them in other words."""
    known = dict(actions)
    rows = (line.partition(' ')[::2] for line in table.splitlines())
    return ''.join(f'{network} {known.get(action, action)}\n' for network, action in rows)
