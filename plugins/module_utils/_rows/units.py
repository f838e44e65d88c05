# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd makes of units, as rows. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import Unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

STATES = ('LoadState', 'UnitFileState', 'WantedBy', 'RequiredBy', 'UpheldBy', 'TriggeredBy', 'DropInPaths')
# By whom a unit is started.
STARTERS = ('WantedBy', 'RequiredBy', 'UpheldBy', 'TriggeredBy')
# Of other states it cannot be told: something else may start it. A link of /run is gone after a reboot.
NOT_AT_BOOT = ('disabled', 'generated', 'masked', 'masked-runtime', 'enabled-runtime')
# What sd_booted(3) looks for.
BOOTED = '/run/systemd/system'
# A cluster manager starts the service itself, and wants systemd not to.
CLUSTER = '50-pacemaker.conf'


def shadow_rows(unit: Unit, name: str) -> list[dict[str, Any]]:
    """Return the rows on files of others for a unit of ours. One that leaves alone what the unit does, is said and
    not red."""
    rows = []
    for shadow in unit.shadows():
        what = f'; it sets {", ".join(shadow.settings)}' if shadow.settings else ''
        finding = f'systemd reads it for {name}, which is not ours{what}'
        if shadow.decisive:
            hint = f'Remove it, then: systemctl daemon-reload, systemctl restart {name}'
            rows.append(row('running.unit', shadow.path, RED, finding, hint))
        else:
            rows.append(row('running.drop_in', shadow.path, GREEN, finding, severity='low'))
    return rows


def boot_rows(module: AnsibleModule, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return a row for each service of the mail server that systemd knows: whether it runs after a reboot."""
    # Where systemd does not run, the start is somebody else's affair.
    return [found for name in names if os.path.isdir(BOOTED) for found in _boot_rows(module, name)]


def _boot_rows(module: AnsibleModule, name: str) -> list[dict[str, Any]]:
    shown = Unit(module.run_command, name).show(*STATES)
    state = shown.get('UnitFileState', '')
    if shown.get('LoadState') == 'not-found' or not state:
        return []
    started = any(shown.get(starter) for starter in STARTERS) and state not in ('masked', 'enabled-runtime')
    if state in NOT_AT_BOOT and not started and CLUSTER not in shown.get('DropInPaths', ''):
        first = f'systemctl unmask {name}, then: ' if state.startswith('masked') else ''
        finding = f'does not start at boot ({state}): after a reboot nobody takes mail'
        return [row('running.boot', name, RED, finding, f'{first}systemctl enable {name}')]
    return [row('running.boot', name, GREEN, f'starts at boot ({state})')]
