# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several changes as one: their results put together. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def merge(done: Iterable[tuple[dict[str, Any], list[str]]]) -> tuple[dict[str, Any], list[str]]:
    """Return the result and the warnings of several steps that have been taken.

    Args:
        done: pairs of a step's result, with C(changed) and perhaps C(diff), C(packages) and C(unrecorded), of what
            no undo will know, and its warnings.
    """
    result, warnings = {'changed': any(step['changed'] for step, dummy in done)}, []
    for step, said in done:
        for name in ('diff', 'packages', 'unrecorded'):
            if step.get(name):
                result[name] = result.get(name, []) + step[name]
        warnings += [warning for warning in said if warning not in warnings]
    return result, warnings
