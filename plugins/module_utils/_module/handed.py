# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that is handed the settings of its host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

SETTINGS = {'settings': {'type': 'dict', 'required': True}}


def handed(options: Mapping[str, Mapping[str, Any]]) -> tuple[AnsibleModule, Any]:
    """Return the module, and the settings, which neither its answer nor the host's log has.

    They are long and known: thousands of networks, in syslog at every task. What a site says of parameters is for the
    files of its mail server, whose owner and mode somebody has chosen.

    Args:
        options: its argument_spec.
    """
    # Of a whole module, this is about the log of the host only.
    module = AnsibleModule(argument_spec=dict(options), supports_check_mode=True, no_log=True)
    return module, module.params.pop('settings')
