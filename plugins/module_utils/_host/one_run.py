# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module that changes a host runs: no other beside it, and however it ends, with the old state put back or the
new one in force."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError, locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.steps import left_changed
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import message

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
BUSY = 'Another run is at work on this host; nothing was changed'


def end(number: int, dummy: Any) -> None:
    """Take a signal: a lost connection or a cancelled job ends the run like any failure."""
    raise HostError(f'the run was ended by signal {number}')


def run(
    module: AnsibleModule,
    directories: Iterable[str],
    converge: Callable[[AnsibleModule, dict[str, Any]], tuple[dict[str, Any], list[str]]],
    busy: str = BUSY,
) -> None:
    """Run a module to its end, and answer.

    Args:
        module: with the option C(timeout), the seconds to wait for another run.
        directories: those in which runs keep away from each other.
        converge: takes the module and its options, and returns its result and warnings. It takes a
            HostError for a reason to put the old state back. What an exception has as C(known) is part of the answer.
        busy: what is said when another run does not end in time.
    """
    for number in SIGNALS:
        signal.signal(number, end)
    warnings: list[str] = []
    try:
        with ExitStack() as locks:
            # In one order, so that two runs do not wait for each other.
            try:
                for directory in sorted(set(map(os.path.realpath, directories))):
                    locks.enter_context(locked(directory, module.params['timeout']))
            except BlockingIOError:
                module.fail_json(msg=busy, changed=False)
            result, warnings = converge(module, module.params)
    except SwitchError as exc:
        fail(module, exc, restored=exc.restored)
    except (HostError, OSError) as exc:
        fail(module, exc)
    for warning in warnings:
        module.warn(message(warning))
    module.exit_json(**result)


def fail(module: AnsibleModule, exc: Exception, **more: Any) -> None:
    """Fail because of an exception, with what it knows: its C(warnings), and the C(known) part of the result.

    C(changed) is always there. An answer without it is of somebody else, who does not know.
    """
    answer = {'changed': left_changed(exc), **more, **getattr(exc, 'known', {})}
    # Those of a step that failed are among those of the steps before it, where there were any.
    for warning in answer.pop('warnings', getattr(exc, 'warnings', [])):
        module.warn(message(warning))
    module.fail_json(msg=message(exc), **answer)
