# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration that is not in force, whoever wrote the one that is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim import debian
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.commands import Program
from ansible_collections.conbool.smtp_relay.plugins.module_utils._exim.hand import Hand


def by_hand(run_command: Callable[..., tuple[int, Any, Any]]) -> Hand | None:
    """Return the configuration that somebody wrote, None where it is Debian's."""
    return Hand(Program(run_command)) if debian.is_by_hand() else None


@contextlib.contextmanager
def configuration(
    run_command: Callable[..., tuple[int, Any, Any]],
    hand: Hand | None,
    texts: Mapping[str, str] | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Iterator[Program]:
    """Yield the command for the configuration without us when there are no texts, else with these.

    Args:
        plan: where by hand they belong.
    """
    if hand:
        with hand.staged(texts, plan) as path:
            yield Program(run_command, path)
    else:
        with debian.staged(texts) as directory:
            yield Program(run_command, debian.built(run_command, directory))
