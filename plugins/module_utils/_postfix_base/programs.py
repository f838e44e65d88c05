# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Postfix has the programs that its master.cf names: master(8) starts them at need, and goes on without."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.process import runnable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import RED

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import Instance

REINSTALL = 'Bring it back (on Debian: apt-get install --reinstall postfix).'


def program_rows(instance: Instance, name: str, hint: str) -> list[dict[str, Any]]:
    """Return a row for each program that is not there or cannot be run.

    Args:
        name: whose it is, in words.
        hint: how they come back.
    """
    directory = instance.parameters(instance.config_dir, ['daemon_directory'])[0].get('daemon_directory', '')
    commands = {entry.command[0] for entry in MasterCf.of(instance.config_dir).services().values() if entry.command}
    paths = sorted(os.path.join(directory, command) for command in {'master', *commands})
    finding = f'{name} needs it, and it is not there or cannot be run: mail waits or is refused'
    return [row('running.program', path, RED, finding, hint) for path in paths if not runnable(path)]
