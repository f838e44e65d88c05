# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the gateway that earlier runs have learnt, from the table that they are kept in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import wrote
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import CERTIFICATES_TABLE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificates import learnt_before

if TYPE_CHECKING:
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.gateway import Shown


def learnt(config_dir: str, owner: str, gateway: Sequence[Shown]) -> list[str]:
    """Return those that go on to count.

    Args:
        owner: who writes the table.
        gateway: what the gateway shows as a server.
    """
    data = read_file(os.path.join(config_dir, CERTIFICATES_TABLE)).data
    return learnt_before(data, wrote(config_dir, owner, CERTIFICATES_TABLE, data), gateway)
