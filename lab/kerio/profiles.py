# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Kerio Connect behaves: by its version, and wherever nobody outside knows (U1 to U24), one way or another.

The default of each member is what a source says or, without a source, what a module can least rely on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class Profile:
    """One way in which a server may behave. Members name their uncertainty."""

    version: str = '10.0.8'
    # By version, as seen on real servers.
    unknown_method: str = 'error'  # error, hang (10.0.8)
    anonymous_text: str = 'Session expired.'
    empty_result: str = 'object'  # object, null (9.4.1): what a setter answers
    round_trip: bool = False  # answers have members and values that nobody knows, and sets must bring them back
    # U1
    login_failure_code: int = 1000  # 1000, -32001
    blocked_address: str = 'reset'  # reset, http (403)
    application_password: bool = False  # whether it opens the administration where two factors are forced
    # U2
    missing_members: str = 'refuse'  # refuse, keep, zero
    unknown_members: str = 'refuse'  # refuse, drop
    # U3
    absent_password: str = 'wipe'  # wipe, keep
    rule_id_password: str = 'copy'  # copy, literal (the id becomes the password)
    # U4
    rule_ids: str = 'renewed'  # renewed, kept
    entry_ids: str = 'kept'  # kept, renewed
    group_id_form: str = 'guid'  # guid, name
    # U5
    relay_order: str = 'first'  # first, last
    pattern_case: str = 'insensitive'  # insensitive, sensitive
    pattern_question: str = 'literal'  # literal, wildcard
    pattern_bare_domain: str = 'never'  # never, addresses ("example.com" stands for *@example.com)
    pattern_subdomains: str = 'no'  # no, yes (*@example.com also stands for *@sub.example.com)
    pattern_null_sender: str = 'never'  # never, text (the null sender is an empty text for a pattern)
    # U6
    custom_headers: str = 'listed'  # listed, any, refuse
    custom_received: str = 'all'  # all, first
    custom_folded: str = 'unfolded'  # unfolded, first_line
    # U7
    score_scale: int = 1  # 1, 10
    # U8
    junk_rule: str = 'verdict'  # verdict, header (X-Spam-Flag of anybody)
    strip_spam_headers: bool = False
    # U9
    forward_sender: str = 'original'  # original, user
    forward_headers: str = 'kept'  # kept, renewed (as an attachment of a new message)
    redirect_sender: str = 'original'  # original, user
    vacation_sender: str = 'null'  # null, user
    list_sender: str = 'owner'  # owner, original
    # U10
    webmail_received: str = 'http'  # http, none, authenticated
    login_received: str = 'user'  # user, protocol (no name, but ESMTPA), none: what is told of who logged in by SMTP
    # U11
    group_refusal: str = 'close'  # close, 421, 554
    group_change_drops: bool = False
    # U12
    listener_change: str = 'at once'  # at once, restart
    port_conflict: str = 'refused'  # refused, silent (isRunning false)
    localhost: tuple = ('127.0.0.1',)
    # U13
    this_machine: str = 'addresses'  # addresses (127.0.0.1, ::1 and its own), net (127.0.0.0/8 too)
    # U14
    encryption_required_on_25: bool = False
    # U15
    relay_certificate: str = 'any'  # any, verified (and clear text when it is not right)
    # U16
    ehlo: str = 'full'  # full, bare (no SIZE, no 8BITMIME)
    # U17
    used_group_removal: str = 'refused'  # refused, emptied
    group_creation: str = 'refused'  # refused (groupId "" with a name that exists), joins
    # U18
    tls_options: bool = False  # a member of SecurityPolicy that nobody has described
    # U19
    open_465: bool = True
    open_587: bool = False
    # U20
    domain_forwarding: str = 'past'  # past, rules
    # U21
    dkim_signs_conbool: bool = False
    # U22
    concurrent_set: str = 'last_wins'  # last_wins, refused
    # U23
    licensed: bool = True
    # U24
    antispam_reads_received: bool = False
    # Not of a version.
    language: str = 'en'  # en, de

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(int(part) for part in ('10.1.0' if self.version == 'next' else self.version).split('.'))

    @property
    def rules(self) -> bool:
        """Whether there is a list of relay rules; 8.x has one relay."""
        return self.numbers >= (9,)


VERSIONS = {
    '8.5': {},
    '9.2': {},
    '9.4.1': {'empty_result': 'null'},
    '10.0.8': {'unknown_method': 'hang'},
    '10.0.9': {'anonymous_text': 'The user %1 does not have administrator rights.'},
    'next': {'round_trip': True},
}

# Uncertainty -> what it may be instead of the default. Each is a profile of its own for tests and for the flow table.
UNCERTAIN = {
    'U1': [
        {'login_failure_code': -32001},
        {'blocked_address': 'http'},
        {'application_password': True},
    ],
    'U2': [{'missing_members': 'keep', 'unknown_members': 'drop'}, {'missing_members': 'zero'}],
    'U3': [{'absent_password': 'keep'}, {'rule_id_password': 'literal'}],
    'U4': [{'rule_ids': 'kept'}, {'entry_ids': 'renewed'}, {'group_id_form': 'name'}],
    'U5': [
        {'relay_order': 'last'},
        {'pattern_case': 'sensitive'},
        {'pattern_question': 'wildcard'},
        {'pattern_bare_domain': 'addresses'},
        {'pattern_subdomains': 'yes'},
        {'pattern_null_sender': 'text'},
    ],
    'U6': [
        {'custom_headers': 'any'},
        {'custom_headers': 'refuse'},
        {'custom_received': 'first'},
        {'custom_folded': 'first_line'},
    ],
    'U7': [{'score_scale': 10}],
    'U8': [{'junk_rule': 'header'}, {'strip_spam_headers': True}],
    'U9': [
        {'forward_sender': 'user'},
        {'forward_headers': 'renewed'},
        {'redirect_sender': 'user'},
        {'vacation_sender': 'user'},
        {'list_sender': 'original'},
    ],
    'U10': [
        {'webmail_received': 'none'},
        {'webmail_received': 'authenticated'},
        {'login_received': 'protocol'},
        {'login_received': 'none'},
    ],
    'U11': [{'group_refusal': '421'}, {'group_refusal': '554'}, {'group_change_drops': True}],
    'U12': [
        {'listener_change': 'restart'},
        {'port_conflict': 'silent'},
        {'localhost': ('127.0.0.1', '::1')},
    ],
    'U13': [{'this_machine': 'net'}],
    'U14': [{'encryption_required_on_25': True}],
    'U15': [{'relay_certificate': 'verified'}],
    'U16': [{'ehlo': 'bare'}],
    'U17': [{'used_group_removal': 'emptied'}, {'group_creation': 'joins'}],
    'U18': [{'tls_options': True}],
    'U19': [{'open_587': True}, {'open_465': False}],
    'U20': [{'domain_forwarding': 'rules'}],
    'U21': [{'dkim_signs_conbool': True}],
    'U22': [{'concurrent_set': 'refused'}],
    'U23': [{'licensed': False}],
    'U24': [{'antispam_reads_received': True}],
}


def profile(version: str = '10.0.8', **differences) -> Profile:
    """A version, with what is to be different about it.

    Raises:
        ValueError: there is no such version or member.
    """
    if version not in VERSIONS:
        raise ValueError(f'no profile for version {version}: there are {", ".join(VERSIONS)}')
    if unknown := set(differences) - {field.name for field in fields(Profile)}:
        raise ValueError(f'a profile has no {", ".join(sorted(unknown))}')
    return replace(Profile(version=version), **{**VERSIONS[version], **differences})


def every() -> dict[str, Profile]:
    """Name -> profile: each version, and each uncertainty in each other way."""
    found = {version: profile(version) for version in VERSIONS}
    for name, ways in UNCERTAIN.items():
        for way in ways:
            found[f'{name} {", ".join(f"{key}={value}" for key, value in way.items())}'] = profile(**way)
    return found
