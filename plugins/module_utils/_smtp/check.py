# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What smtp_check finds, from its options to its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.judge import judge
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.options import canonical, expectations
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.probe import examine_all
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import contexts


def check(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is known of each server, and what is to be thought of it.

    Args:
        params: the options of M(conbool.smtp_relay.smtp_check), all of them.

    Raises:
        ValueError: an option cannot be used; the text names it. Nothing was sent.
    """
    return [result for result, dummy in examined(params)]


def examined(params: Mapping[str, Any]) -> list[tuple[dict[str, Any], bytes | None]]:
    """Return for each server what check() does, and its certificate (DER); None unless chain and name were verified.

    Raises:
        ValueError: as check().
    """
    expect = expectations(params['expect'] or {})
    settings = canonical(params, expect)
    prepared = contexts(settings)
    return [
        (judge(facts, expect), facts.shown if facts['chain_verified'] and facts['name_verified'] else None)
        for facts in examine_all(settings, prepared)
    ]
