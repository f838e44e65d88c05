# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerio Connect brought to what is wanted, or back: read, compared and written in one session. Private to this
collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import SwitchError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import NO_ANSWER, reason
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio import site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client, KerioError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.plan import Plan, Wanted, plan
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.record import KerioRecord
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.site import Site
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.step import Step

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class _Failed(Exception):
    """A step failed; the cause is C(__cause__)."""

    def __init__(self, done: list[Step]) -> None:
        super().__init__()
        self.done = done


def converge(module: AnsibleModule, log_in: Callable[[], Client], wanted: Wanted) -> tuple[dict[str, Any], list[str]]:
    """Bring Kerio Connect there, or tell in check mode what that takes.

    Args:
        log_in: makes a session that is yet to begin.

    Returns:
        The part's result and warnings.

    Raises:
        HostError: it must not be done; nothing was changed.
        SwitchError: it failed half-way.
    """
    record = KerioRecord()
    client = log_in()
    before: dict[str, Any] = {}
    try:
        with client:
            present = site.read(client, record.remembered.rules)
            before = present.to_compare()
            found = plan(present, record.remembered, wanted)
            if found.problems:
                raise KerioError(' | '.join(found.problems))
            if not module.check_mode:
                _carry_out(client, present, record, found)
    except _Failed as exc:
        cause = exc.__cause__
        # In a session of its own: the one that failed may be over.
        text, restored = _back(log_in(), record, exc.done, before)
        raise SwitchError(f'{reason(cause)}. {text}', restored, found.warnings + client.warnings) from cause
    result: dict[str, Any] = {'changed': bool(found.steps)}
    if module._diff:
        result['diff'] = [difference(f'Kerio Connect, {step.name}', step.before, step.after) for step in found.steps]
    return result, found.warnings + client.warnings


def _carry_out(client: Client, present: Site, record: KerioRecord, found: Plan) -> None:
    """Raises _Failed when a step failed."""
    if not found.steps:
        if record.pending or record.remembered != found.remembered:
            record.save(found.remembered, False)
        return
    done: list[Step] = []
    # A run that is killed in between leaves what was there, and what will be ours.
    record.save(found.remembered.merged(record.remembered), True)
    try:
        for step in found.steps:
            done.append(step)
            step.do(client, present)
        record.save(found.remembered, False)
    # A signal may come at any point; and what a server answers may have another form.
    except NO_ANSWER as exc:
        raise _Failed(done) from exc


def _back(client: Client, record: KerioRecord, done: list[Step], before: dict[str, Any]) -> tuple[str, bool]:
    """Take back what was done, the last step first, and look. Returns what is said of it, and whether it could be."""
    failed = []
    try:
        with client:
            present = site.read(client, record.remembered.rules)
            for step in reversed(done):
                try:
                    step.back(client, present)
                except NO_ANSWER as exc:
                    failed.append(f'{step.name}: {reason(exc)}')
            now = site.read(client, record.remembered.rules).to_compare()
            failed += [f'{name}: not as before' for name in before if now[name] != before[name]]
        if not failed:
            record.restore()
    except NO_ANSWER as exc:
        failed.append(reason(exc))
    if failed:
        return f'What was there before could not be put back: {"; ".join(failed)}', False
    return 'Everything is as it was before', True
