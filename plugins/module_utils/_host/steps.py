# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several changes as one: their results put together. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule
    from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.look import Look


class Steps(list):
    """Steps that are taken one after the other, as pairs for merge().

    What keeps one from being taken learns of those before it: nobody takes these back, see left_changed().
    """

    def __init__(self, module: AnsibleModule | Look) -> None:
        super().__init__()
        self._module = module

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> None:
        if exc and not self._module.check_mode and merge(self)[0]['changed']:
            exc.changed = True


def left_changed(exc: Exception) -> bool:
    """Whether what failed has left the host changed: a step of several, or something that could not be put back."""
    return getattr(exc, 'changed', False) or not getattr(exc, 'restored', True)


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
