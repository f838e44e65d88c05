# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that Zimbra takes and makes something else of. Private to this collection.

Its configuration daemon writes attributes into Postfix's configuration. What it does to some of them was recorded from
the daemon itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import Entry, Values

NAME = re.compile(r'[A-Za-z][A-Za-z0-9]*')
# Those that the daemon writes into a configuration, of a server or of all.
DAEMON = re.compile(r'zimbra(Mta|Amavis|Spam|Milter|Virus|Clam|OpenDKIM|Cbpolicyd|IPMode|MyNetworks)')
# "if VAR" asks for more than whether these are set.
ASKED = re.compile(
    'zimbraMta(MyHostname|MyOrigin|MyDestination|MyNetworks|SmtpdMilters|NonSmtpdMilters|EnableSmtpdPolicyd)'
)
FALSE_LIKE = re.compile('no|false|0', re.IGNORECASE)
# One value replaces all the others of these, with them the services of a server.
GUARDED = ('zimbraServiceEnabled', 'zimbraServiceInstalled')
# What the daemon knows of zimbraMtaRestriction and of zimbraMtaSmtpdSenderRestrictions. Everything else is lost.
RESTRICTION = re.compile(
    r'reject(_invalid_helo_hostname|_non_fqdn_helo_hostname|_non_fqdn_sender|_unknown_client_hostname'
    r'|_unknown_reverse_client_hostname|_unknown_helo_hostname|_unknown_sender_domain|_unverified_recipient)?'
    r'|reject_(rbl_client|rhsbl_client|rhsbl_sender|rhsbl_reverse_client) \S+'
    r'|check_client_access lmdb:/opt/zimbra/conf/postfix_(blacklist|rbl_override)'
    r'|check_recipient_access lmdb:/opt/zimbra/conf/postfix_recipient_access'
    r'|check_reverse_client_hostname_access pcre:/opt/zimbra/conf/fqrdns\.pcre'
    r'|check_policy_service unix:private/policy|.*ldap-splitdomain.*'
)
SENDER_RESTRICTION = re.compile(
    r'(\s*(reject_authenticated_sender_login_mismatch'
    r'|check_sender_access lmdb:/opt/zimbra/conf/postfix_reject_sender)(?=\s|$))+\s*'
)
FILTERED = {'zimbraMtaRestriction': RESTRICTION, 'zimbraMtaSmtpdSenderRestrictions': SENDER_RESTRICTION}
# Are set, shown, and change nothing.
WITHOUT_EFFECT = {
    'zimbraMtaDnsLookupsEnabled': 'it is deprecated since 8.7, and the configuration daemon does not read it',
    'zimbraMtaSmtpTlsMandatoryProtocols': 'the configuration daemon reads a name that is misspelt',
    'zimbraMtaHeaderChecks': (
        'as long as zimbraMtaBlockedExtensionWarnRecipient is TRUE, the configuration daemon writes none at all'
    ),
    'zimbraMtaSmtpdMilters': 'unless zimbraMilterServerEnabled is TRUE, the configuration daemon leaves it out',
}
SECRET = re.compile(r'(password|passwd|secret|token|credential)(?!_?maps)|(?<!public)key$', re.IGNORECASE)
# Of tables with passwords, the names of files may be seen.
TABLES = re.compile('passwo?r?d_?maps', re.IGNORECASE)
FILES = re.compile(r'((proxy:)?\w+:/[^\s,]+[\s,]*)*')
HIDDEN = '(hidden)'


def refusals(entry: Entry, attribute: str, values: Values) -> list[str]:
    """Return why these values must not be written, each with entry, attribute and value."""
    if not NAME.fullmatch(attribute):
        return [f'{entry}: {attribute!r} is no name of an attribute']
    if attribute in GUARDED:
        return [f'{entry}: {attribute} is left alone: what is not among its values is switched off']
    found = [(value, _why(entry, attribute, value)) for value in values]
    # Zimbra's directory does not tell capitals from small letters.
    if len({value.lower() for value in values}) != len(values):
        found.append((', '.join(values), 'has a value twice'))
    if attribute == 'zimbraMtaRelayHost' and len(values) > 1:
        found.append((', '.join(values), 'is more than one, and there can be one only'))
    return [f'{entry}: {attribute}: {_shown(attribute, value)} {why}' for value, why in found if why]


def _why(entry: Entry, attribute: str, value: str) -> str:
    if not value:
        return 'is empty; an attribute without a value is an empty list'
    if '\0' in value:
        return 'has a NUL in it'
    if entry.kind not in ('config', 'server') or not DAEMON.match(attribute):
        return ''
    if not value.isascii():
        return (
            'has characters in it that are not ASCII: the configuration daemon of each server fails as a whole, and'
            ' writes nothing any more'
        )
    if value != value.strip():
        return 'begins or ends with a blank, which the configuration daemon takes away'
    if re.search(r'[\x00-\x1f\x7f]', value):
        return 'has a line break or another control character in it, of which the configuration daemon makes a blank'
    if "'" in value:
        return (
            'has a single quote in it: the configuration daemon stops in the middle of its parameters, or takes pairs'
            ' of them away'
        )
    if ASKED.fullmatch(attribute) and FALSE_LIKE.match(value):
        return 'begins like "no", "false" or "0", which the configuration daemon takes for unset'
    if attribute in FILTERED and not FILTERED[attribute].fullmatch(value):
        return 'has a restriction that the configuration daemon does not know and leaves out without a word'
    return ''


def without_effect(wanted: Mapping[tuple[Entry, str], Values]) -> list[str]:
    """Return what is written and changes nothing, as warnings."""
    return [
        f'{entry}: {attribute} has no effect: {WITHOUT_EFFECT[attribute]}'
        for (entry, attribute), values in wanted.items()
        if attribute in WITHOUT_EFFECT and values
    ]


def secret(name: str, value: str) -> bool:
    """Return whether a value of an attribute, or of a parameter of Postfix, must not be shown."""
    if TABLES.search(name):
        return FILES.fullmatch(value) is None
    return bool(value) and SECRET.search(name) is not None


def shown(name: str, value: str) -> str:
    """Return a value as it may be shown."""
    return HIDDEN if secret(name, value) else value


def _shown(attribute: str, value: str) -> str:
    return HIDDEN if secret(attribute, value) else repr(value)
