# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What firewalld would forget when it is reloaded: settings that somebody made without --permanent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import FirewallError

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.detect import Host

# Interfaces come from NetworkManager and stay over a reload. The header of a zone only tells whether it is in use.
KEPT = ('interfaces', 'ingress-priority', 'egress-priority')
BAN = re.compile(r'\b(reject|drop)\b')


def losses(runtime: str, permanent: str) -> list[str]:
    """Return what is in the runtime settings only, each as "ZONE: SETTING".

    Args:
        runtime: what C(firewall-cmd --list-all-zones) prints.
        permanent: the same with C(--permanent).
    """
    return sorted(_settings(runtime) - _settings(permanent))


def _settings(text: str) -> set[str]:
    found, zone, key = set(), '', ''
    for line in text.splitlines():
        if line and not line[0].isspace():
            zone = line.split()[0]
        elif line.startswith('\t') and key:
            found.add(f'{zone}: {key} {line.strip()}')
        elif line.strip():
            key, dummy, value = line.strip().partition(':')
            if key not in KEPT:
                found.update(f'{zone}: {key} {word}' for word in value.split())
    return found


def check_reload(host: Host) -> list[str]:
    """Return warnings on bans that a reload drops.

    Raises:
        FirewallError: it would drop more than bans, perhaps the way in.
    """
    listing = ['firewall-cmd', '--list-all-zones']
    lost = losses(host.text(listing), host.text(listing + ['--permanent']))
    serious = [setting for setting in lost if not BAN.search(setting)]
    if serious:
        raise FirewallError(
            'firewalld has settings that are not permanent, and has to be reloaded, which would drop them: {}. Keep'
            ' them with "firewall-cmd --runtime-to-permanent" or drop them with "firewall-cmd --reload", and run this'
            ' again'.format('; '.join(serious))
        )
    return [
        f'The reload of firewalld drops what was set without --permanent, bans in this case: {setting}'
        for setting in lost
    ]
