# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that changes in a Kerio Connect. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site


@dataclass
class Step:
    """One thing that changes: its name, what was and what will be there as text, how it is done and how taken back."""

    name: str
    before: str
    after: str
    do: Callable[[Client, Site], None]
    back: Callable[[Client, Site], None]
