# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.quiet import Quiet


class ActionModule(Quiet):
    """Documented in plugins/modules/outbound_hop.py."""
