# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the hop's own programs get updates: the timer, the service that it starts, and dpkg. Private to this
collection."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.package import (
    LINKS,
    PACKAGE,
    PackageError,
    maker_of,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

TIMER, SERVICE = f'{PACKAGE}.timer', f'{PACKAGE}.service'


def update_rows(module: AnsibleModule) -> list[dict[str, Any]]:
    """Return the rows on updates of the hop's own programs."""
    rows = []

    def red(target: str, finding: str, hint: str) -> None:
        rows.append(row('running.timer', target, RED, f"{finding}: the hop's programs get no updates", hint))

    if Unit(module.run_command, TIMER).state().get('ActiveState') != 'active':
        red(TIMER, 'it does not run', f'systemctl unmask {TIMER}, systemctl start {TIMER}')
    service = Unit(module.run_command, SERVICE).state()
    if service.get('LoadState') not in ('loaded', None):
        red(SERVICE, 'systemd says that it is ' + service['LoadState'], f'systemctl unmask {SERVICE}')
    elif service.get('ActiveState') == 'failed':
        hint = f'journalctl -u {SERVICE} says why. When that is mended: systemctl start {SERVICE}'
        red(SERVICE, 'its last run failed', hint)
    for path in ('/' + name for name in LINKS):
        if not os.path.exists(path):
            link = f'ln -s {LINKS[path[1:]]} {path}, systemctl daemon-reload'
            red(path, 'this link is missing, so that the timer does not start with the host', link)
    try:
        if maker_of(module).held():
            red(PACKAGE, 'the package is on hold', f'apt-mark unhold {PACKAGE}')
    except PackageError as exc:
        red(PACKAGE, str(exc), 'Mend what apt complains of.')
    return rows or [row('running.timer', TIMER, GREEN, "the hop's programs get updates")]
