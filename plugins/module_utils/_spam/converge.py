# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where flagged and released mail goes on a host: one call of spam_delivery, or a part of a mail server's. Private to
this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import Steps, merge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._spam import delivery, release

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look


def options_of(settings: Mapping[str, Any], deliveries: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Return the options of M(conbool.smtp_relay.spam_delivery) that the settings mean.

    Args:
        settings: what M(conbool.smtp_relay.settings) returned.
        deliveries: who delivers the mail of each domain, as C(Facts) has it; needed where anything is wanted.
    """
    options = settings['roles']['spam_delivery']
    # A mail server that files flagged mail itself knows what is released, too.
    itself = bool(deliveries) and all(delivery['agent'] == 'own' for delivery in deliveries)
    wanted = settings['state'] == options['state'] == 'present' and settings['inbound'] and not itself
    return {
        'deliveries': list(deliveries),
        'delivery': settings['spam_delivery'],
        'folder': options['folder'],
        'dovecot_directory': options['dovecot_directory'],
        'networks': settings['networks'],
        'state': 'present' if wanted else 'absent',
    }


def marked(
    look: AnsibleModule | Look, settings: Mapping[str, Any], deliveries: Sequence[Mapping[str, str]]
) -> dict[str, str]:
    """Return the domains whose flagged mail gets C(X-Spam-Flag), since nothing on this host files it, and why.

    Args:
        look: AnsibleModule in check mode (C(_host.look.Look)).
        settings: what M(conbool.smtp_relay.settings) returned.
        deliveries: as of options_of().

    Raises:
        HostError: folders are wanted and not possible, or Dovecot cannot be asked.
    """
    options = options_of(settings, deliveries)
    return delivery.converge(look, options)[0]['header'] if options['state'] == 'present' else {}


def notes(settings: Mapping[str, Any], marked_domains: Mapping[str, str]) -> list[str]:
    """Return what a person should know of marked()."""
    if settings['spam_delivery'] != 'auto':
        return []
    return [
        f'Flagged mail is marked with X-Spam-Flag for {domain}, since {reason}'
        for domain, reason in marked_domains.items()
    ]


def converge(module: AnsibleModule, options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Have flagged mail be filed, and released mail not be scored, or all of that undone.

    Returns:
        The module's result and its warnings.
    """
    with Steps(module) as done:
        done.append(delivery.converge(module, options))
        done.append(release.converge(module, options))
    (filed, not_scored), (result, warnings) = [step for step, dummy in done], merge(done)
    return dict(not_scored, **dict(filed, settled=not result['changed'], **result)), warnings
