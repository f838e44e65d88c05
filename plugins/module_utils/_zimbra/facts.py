# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of a Zimbra before it is led to the gateway. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.change import original_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.commands import (
    Programs,
    ZimbraError,
    daemon_alive,
    server_name,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import CONFIG, Entry, Key, Values
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.ours import (
    CLIENT,
    DATA,
    OWNER,
    POSTSCREEN,
    SIEVE,
    WITHOUT,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.record import AttributeRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.sources import Sources
from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.values import ASKED, FALSE_LIKE

SERVICES = 'zimbraServiceEnabled'
RELAY_HOST, FALLBACK = 'zimbraMtaRelayHost', 'zimbraMtaFallbackRelayHost'
ASK, CA_FILE, CA_PATH = 'zimbraMtaSmtpdTlsAskCcert', 'zimbraMtaSmtpdTlsCAfile', 'zimbraMtaSmtpdTlsCApath'
TLS = 'zimbraMtaTlsSecurityLevel'
# A server's own value wins over the global one.
# Decisions go by these as the directory has them. main.cf says the same after the next rewrite only, which may be ours.
SOON = {'zimbraMtaMyNetworks': 'mynetworks', 'zimbraMtaSmtpTlsSecurityLevel': 'smtp_tls_security_level'}
OF_BOTH = (RELAY_HOST, FALLBACK, CLIENT, DATA, POSTSCREEN, ASK, CA_FILE, CA_PATH, TLS, *SOON)
RELEASED, RELEASED_VALUE = 'zimbraSpamWhitelistHeader', 'zimbraSpamWhitelistHeaderValue'
MAILBOX_SERVERS = ['gas', 'mailbox']
# Values of these hide that of the domain.
# What follows the first line of a value is not marked: with all attributes, those with a rule of ours can be told.
ALL_COS, ACCOUNTS = ['gac', '-v'], ['sa', '-v', f'({SIEVE}=*)']
MAIL, TYPE, TARGET, ID = 'zimbraMailStatus', 'zimbraDomainType', 'zimbraDomainAliasTargetId', 'zimbraId'
VERSION = re.compile(r'Release (\d+(?:\.\d+)+)')


def role_record() -> AttributeRecord:
    """Return the record of what the role has changed, which is about no other server than this one."""
    return AttributeRecord(OWNER, server_name())


@dataclass
class ZimbraFacts:
    """What is known of a Zimbra.

    C(own) are own values by entry and attribute, also those of every attribute that is recorded. C(expanded) and
    C(parameters) are all parameters of its Postfix, with and without C($name) replaced; C(configured) those that
    main.cf sets; C(services) the entries of master.cf. C(mailbox_server) is one that tells the others. C(cos) and
    C(accounts) are those with an administrator's Sieve script of their own. C(daemon) is whether zmconfigd is at work.
    """

    version: str
    this: Entry
    own: dict[Key, Values]
    expanded: dict[str, str]
    parameters: dict[str, str]
    configured: dict[str, str]
    services: list[dict[str, Any]]
    lookup_types: list[str]
    running: bool
    daemon: bool
    mailbox_server: str = ''
    cos: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def effective(self, attribute: str) -> str:
        """Return the value by which this server goes, empty for none."""
        values = self.own.get((self.this, attribute)) or self.own.get((CONFIG, attribute)) or ('',)
        return ' '.join(values)

    def site(self, attribute: str, record: AttributeRecord) -> str:
        """Return the value that this server would go by without us: the recorded one, or else the global one."""
        own = self.without_us((self.this, attribute), record)
        return ' '.join(own or self.own.get((CONFIG, attribute)) or ('',))

    def without_us(self, key: Key, record: AttributeRecord) -> Values:
        """Return the own values that an attribute has without us."""
        return original_of(key, self.own.get(key, ()), record.attributes.get(key), WITHOUT)


def gather(
    programs: Programs, sources: Sources, instance: Instance, this: Entry, domains: Sequence[str]
) -> ZimbraFacts:
    """Return what there is to know, by one start of zmprov.

    Raises:
        HostError: it cannot be asked, has no MTA, or is not responsible for a hosted domain.
        OSError: a file cannot be read.
    """
    keys, recorded = keys_of(this, domains), set(role_record().attributes)
    # Domains that are not hosted any more, and perhaps not there either.
    former = {entry for entry, dummy in recorded - keys if entry.kind == 'domain'}
    former -= {entry for entry, dummy in keys}
    try:
        own, outputs = sources.read(sorted(keys | recorded), [MAILBOX_SERVERS, ALL_COS, ACCOUNTS], former)
    except ZimbraError as exc:
        foreign = [domain for domain in domains if str(exc) == f'Zimbra has no domain {domain}']
        if foreign:
            raise HostError(
                f'conbool_domains: {foreign[0]} is no domain of this Zimbra: its mail would leave the server and come'
                ' back'
            ) from exc
        raise
    _refuse(own, this, domains)
    raw = instance.parameters(instance.config_dir, [], expand=False)[0]
    expanded, warnings = instance.parameters(instance.config_dir, [])
    known = ZimbraFacts(
        version=_version(programs.said('bin/zmcontrol', '-v')),
        this=this,
        own=own,
        expanded=_printable(expanded),
        parameters=_printable(raw),
        configured=sources.configured(),
        services=_services(instance.config_dir),
        lookup_types=instance.lookup_types(),
        running=instance.running(),
        daemon=daemon_alive(),
        mailbox_server=_one_of(outputs[0].split(), this),
        cos=with_script(outputs[1]),
        accounts=[name for name in with_script(outputs[2]) if name.rpartition('@')[2] in domains],
        warnings=warnings + _about_aliases(own, domains),
    )
    _follow_directory(known)
    return known


def _refuse(own: Mapping[Key, Values], this: Entry, domains: Sequence[str]) -> None:
    """Raise HostError when mail of a hosted domain does not stay here, or what leaves does not come through here."""
    disabled = [domain for domain in domains if own[Entry('domain', domain), MAIL] == ('disabled',)]
    if disabled:
        raise HostError(
            f'conbool_domains: {disabled[0]} takes no mail: {MAIL} of the domain is disabled, as with a'
            ' zimbraDomainStatus of closed or suspended. Its mail would leave the server and come back'
        )
    if 'mta' not in own[this, SERVICES]:
        raise HostError(
            f'{this} has no service "mta": what leaves the house does not go through it. Apply the role to the servers'
            ' with an MTA only; what mailbox servers need is in the directory, which these have in common'
        )


def _follow_directory(known: ZimbraFacts) -> None:
    """Have the facts say what main.cf will say soon."""
    for attribute, parameter in SOON.items():
        value = known.effective(attribute)
        if ASKED.fullmatch(attribute) and FALSE_LIKE.match(value):
            known.warnings.append(
                f'{attribute}: {value!r} begins like "no", "false" or "0", which the configuration daemon takes for'
                f' unset: {parameter} stays as main.cf has it'
            )
        elif value:
            known.expanded[parameter] = value


def is_alias(own: Mapping[Key, Values], domain: str) -> bool:
    """Return whether a domain is another name of another one, which has the accounts."""
    return own.get((Entry('domain', domain), TYPE)) == ('alias',)


def _about_aliases(own: Mapping[Key, Values], domains: Sequence[str]) -> list[str]:
    ids = {own[Entry('domain', domain), ID] for domain in domains} - {()}
    return [
        f'conbool_domains: {domain} is an alias of another domain, which has the mailboxes. Name that one, too:'
        ' otherwise flagged mail is not filed there'
        for domain in domains
        if is_alias(own, domain) and own[Entry('domain', domain), TARGET] not in ids
    ]


def gather_recorded(sources: Sources, this: Entry) -> ZimbraFacts:
    """Return what an undo has to know, which needs nothing but the directory. What is recorded of an entry that is gone
    has no values.

    Raises:
        HostError: it cannot be asked.
        OSError: a file cannot be read.
    """
    recorded = set(role_record().attributes)
    gone = {entry for entry, dummy in recorded if entry.kind == 'domain'}
    own, outputs = sources.read(sorted({(this, SERVICES), *recorded, *_both(this, recorded)}), [MAILBOX_SERVERS], gone)
    return ZimbraFacts(
        version='',
        this=this,
        own=own,
        expanded={},
        parameters={},
        configured=sources.configured(),
        services=[],
        lookup_types=[],
        running=True,
        daemon=True,
        mailbox_server=_one_of(outputs[0].split(), this),
    )


def _both(this: Entry, keys: Iterable[Key]) -> set[Key]:
    """Return the attributes by which this server goes when it has none of its own."""
    return {(CONFIG, name) for entry, name in keys if entry == this}


def _one_of(servers: Sequence[str], this: Entry) -> str:
    """Return a mailbox server, this one if it is one; empty for none."""
    return this.name if this.name in servers else (list(servers) or [''])[0]


def keys_of(this: Entry, domains: Iterable[str]) -> set[Key]:
    """Return the attributes that are of interest in any case."""
    keys = {(entry, attribute) for entry in (this, CONFIG) for attribute in OF_BOTH}
    keys |= {(CONFIG, RELEASED), (CONFIG, RELEASED_VALUE), (this, SERVICES)}
    return keys | {
        (Entry('domain', domain), attribute) for domain in domains for attribute in (SIEVE, MAIL, TYPE, TARGET, ID)
    }


def with_script(output: str) -> list[str]:
    """Return the names of the classes of service, or accounts, that have a script of their own without our rule, of all
    attributes of all of them."""
    found, name = [], ''
    for line in output.split('\n'):
        if line.startswith('# name '):
            name = line[len('# name ') :].strip()
        elif line.startswith(SIEVE + ': ') and name not in found:
            found.append(name)
        if 'X-Conbool-Flag' in line and found[-1:] == [name]:
            # It has a rule for flagged mail itself.
            found.pop()
    return found


def _version(said: str) -> str:
    found = VERSION.search(said)
    if not found:
        raise ZimbraError(f'zmcontrol -v does not tell the version: {" ".join(said.split())!r}')
    return found.group(1)


def _printable(values: Mapping[str, str]) -> dict[str, str]:
    return {name: printable(value) for name, value in values.items()}


def _services(config_dir: str) -> list[dict[str, Any]]:
    return [entry.service().as_dict() for entry in MasterCf.of(config_dir, visible=True).entries()]
