# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several changes as one: their results put together. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def showing(
    done: tuple[dict[str, Any], list[str]], foreseen: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return a step's result and warnings with the differences that were foreseen for all steps to the same end, or
    with none: what is there only in between is not what somebody wants to read.

    Args:
        foreseen: the result that check mode has for all of them.
    """
    result, warnings = done
    result = {name: value for name, value in result.items() if name != 'diff'}
    if foreseen and 'diff' in foreseen:
        result['diff'] = foreseen['diff']
    return result, warnings
