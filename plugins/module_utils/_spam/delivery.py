# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of spam_delivery, from its options to its answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.file_record import ChangeError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.dovecot import Dovecot
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam.sieve import SieveChange

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look

VARIABLE = 'conbool_spam_delivery'


class Plan:
    """Where flagged mail for each domain goes.

    C(protocols) are those by which Dovecot gets mail that it files; C(folder) the domains of which it does; C(header)
    has the others, each with the reason.
    """

    def __init__(self) -> None:
        self.protocols: list[str] = []
        self.folder: list[str] = []
        self.header: dict[str, str | None] = {}


def choose(wanted: str, deliveries: Sequence[Mapping[str, str]], dovecot: Dovecot) -> Plan:
    """Return the Plan.

    Args:
        wanted: C(auto), C(folder) or C(header).
        deliveries: see postfix_delivery.deliveries().

    Raises:
        ChangeError: folders are wanted and not possible.
    """
    plan = Plan()
    for delivery in deliveries:
        protocol, reason = (None, 'header is wanted') if wanted == 'header' else _protocol(delivery, dovecot)
        if protocol:
            plan.folder.append(delivery['domain'])
            plan.protocols += [protocol] if protocol not in plan.protocols else []
        else:
            plan.header[delivery['domain']] = reason
    # Mail for such a domain ends in mailboxes of other domains, here or elsewhere.
    aliases = [delivery['domain'] for delivery in deliveries if delivery['agent'] == 'alias']
    for domain in aliases if plan.folder else []:
        del plan.header[domain]
    if wanted == 'folder' and (plan.header or not plan.folder):
        raise ChangeError(
            '{}: folder is not possible. {}. Use auto or header'.format(
                VARIABLE,
                '. '.join('{}: {}'.format(*item) for item in sorted(plan.header.items()))
                or 'No domain is delivered here',
            )
        )
    return plan


def _protocol(delivery: Mapping[str, str], dovecot: Dovecot) -> tuple[str | None, str | None]:
    """Return the protocol by which Dovecot gets the mail of a domain and can file it, or None and why not."""
    if delivery['agent'] == 'alias':
        return None, 'it has no mailboxes of its own'
    if not dovecot.there:
        return None, 'its mail goes to {}, and there is no Dovecot here'.format(delivery['by'])
    protocol = dovecot.protocol_of(delivery, dovecot.config)
    if not protocol:
        return None, 'its mail goes to {}, which is not the Dovecot of this host'.format(delivery['by'])
    if not dovecot.has_sieve(dovecot.config, protocol):
        return None, f'Dovecot delivers it without Sieve (mail_plugins of protocol {protocol})'
    return protocol, None


def check_folder(name: str) -> None:
    if not name.strip() or any(unicodedata.category(character) in ('Cc', 'Cs') for character in name):
        raise ChangeError(f'spam_delivery_folder (option folder): {name!r} is no name of a mailbox')


def converge(module: AnsibleModule | Look, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring the host to the wanted state, or tell in check mode what that takes.

    Returns:
        The module's result and its warnings.
    """
    check_folder(params['folder'])
    dovecot = Dovecot(
        lambda argv: module.run_command(argv, environ_update={'LC_ALL': 'C', 'LANGUAGE': 'C'}),
        lambda name: module.get_bin_path(name, opt_dirs=['/usr/sbin', '/sbin', '/usr/local/sbin']),
        params['dovecot_directory'],
    )
    plan = choose(params['delivery'], params['deliveries'], dovecot) if params['state'] == 'present' else Plan()
    sieve = SieveChange(dovecot, plan.protocols, params['folder'])
    result: dict[str, Any] = {
        'changed': sieve.changed,
        'settled': not sieve.changed,
        'mailbox': sieve.mailbox,
        'folder': plan.folder,
        'header': plan.header,
    }
    if module._diff:
        result['diff'] = sieve.diff()
    if sieve.files.unrecorded:
        result['unrecorded'] = sieve.files.unrecorded
    if sieve.files.changed:
        sieve.validate()
    else:
        sieve.check()
    if not module.check_mode:
        sieve.carry_out()
    return result, sieve.warnings + sieve.files.unrecorded
