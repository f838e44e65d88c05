# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did, for people and for programs (runs on the controller)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.changes import changed_lines
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import check_complaint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED, UNKNOWN
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.table import Line, table

# The parts of a report on a host that have rows.
PARTS = ('preflight', 'verify')
# Of a change that was sent to a host and did not answer. However far it came, the next run goes on from there.
NOT_KNOWN = (
    'What was changed until then is not known; running the playbook again completes it, or with conbool_state: absent'
    ' undoes it'
)


def rows_of(entry: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return part and row of everything that a report has on a host, in order."""
    return [(part, row) for part in PARTS if part in entry for row in entry[part]['rows']]


def parts_of(playbook: str) -> list[str]:
    """Return the parts that a playbook has. Others that are known are of another playbook of this run."""
    return [playbook] if playbook in PARTS else list(PARTS)


def run_result(known: Mapping[str, Any], playbook: str) -> tuple[str, str]:
    """Return what became of a host, C(done), C(failed) or C(not done), and why where it is not done."""
    checked = known.get('conbool_checked') or {}
    if checked.get('not_done'):
        return 'not done', str(checked['msg'])
    if known.get('__conbool_failure'):
        return 'failed', str(known['__conbool_failure'])
    if _finished(known, playbook):
        return 'done', ''
    # Nothing failed, so that a part that is not green ended it.
    for part in _enforced(known, playbook):
        complaint = check_complaint(_rows(known, part) or [])
        if complaint:
            return 'failed', f'{part}: {complaint}'
    return 'not done', 'its tasks were left out by --tags or --skip-tags, or its connection broke'


def _finished(known: Mapping[str, Any], playbook: str) -> bool:
    """Whether the last thing that the playbook wants of a host is there, and good. Nothing has failed."""
    if (known.get('conbool_checked') or {}).get('playbook') != playbook:
        # What is there is of another playbook of this run.
        return False
    if playbook == 'preflight':
        return bool((known.get('preflight_report') or {}).get('green'))
    verified = known.get('verify_report') or {}
    if 'green' in verified:
        return bool(verified['green'])
    # Where it is undone, and in check mode, nothing is verified: there are no rows.
    change = _change(known)
    return bool(playbook not in ('preflight', 'verify') and change.get('mta') and 'rows' not in change)


def stopped(hostvars: Mapping[str, Mapping[str, Any]], before: Sequence[str], playbook: str, most: int) -> str:
    """Return why no more hosts have their turn, an empty text when they have.

    Args:
        hostvars: variables by host name.
        before: the hosts of the batches before.
        playbook: its name.
        most: the percentage of them that may have failed.
    """
    failed = [host for host in before if run_result(hostvars[host], playbook)[0] != 'done']
    if 100 * len(failed) <= most * len(before):
        return ''
    return (
        f'left as it is: {len(failed)} of the {len(before)} hosts before it were not done, more than'
        f' conbool_max_fail_percentage ({most})'
    )


def _enforced(known: Mapping[str, Any], playbook: str) -> list[str]:
    """Return the parts of a run that have to be green."""
    warned = playbook == 'site' and settings_of(known).get('preflight') != 'enforce'
    return ['verify'] if warned else parts_of(playbook)


def settings_of(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a host by its variables; empty where they are refused, or were not asked for."""
    return (known.get('conbool_checked') or {}).get('settings') or {}


def _mta(known: Mapping[str, Any]) -> str | None:
    # Whichever task has found out.
    found = [known.get(name) or {} for name in ('preflight_report', '__verify_looked', 'conbool_checked')]
    return next((result['mta'] for result in found if result.get('mta')), None)


def _rows(known: Mapping[str, Any], part: str) -> list[dict[str, Any]] | None:
    """Return the rows of preflight or verification, None where none were made."""
    registered = known.get(part + '_report') or {}
    if 'rows' in registered:
        return registered['rows']
    # Of a task that failed Ansible keeps for others only what it shows; for a rescue it keeps all.
    given = ((known.get('ansible_failed_result') or {}).get('invocation') or {}).get('module_args') or {}
    return given.get('rows') if given.get('part') == part else None


def _change(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the result of what changes the mail server, empty where it did not come to that."""
    return known.get('__verify_looked') or {}


def not_known(reason: str) -> str:
    """Return why a change did not answer, with what that means; of a task that Ansible ended, its action could not."""
    return reason if NOT_KNOWN in reason else '{}. {}'.format(reason.rstrip('. \n'), NOT_KNOWN)


def _changed(known: Mapping[str, Any], playbook: str, check_mode: bool) -> bool | None:
    """Return whether a host was changed, or would be in check mode; None where its change did not answer."""
    change = _change(known)
    if change.get('parts') is None and change.get('failed') and playbook not in PARTS and not check_mode:
        return None
    return bool(change.get('parts'))


def run_report(
    hostvars: Mapping[str, Mapping[str, Any]],
    hosts: Iterable[str],
    playbook: str,
    check_mode: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Return what became of each host, for programs.

    Args:
        hostvars: variables by host name, with what the playbooks keep of each host.
        hosts: the hosts that the run was to do, in order.
        playbook: its name.
        check_mode: whether nothing was to be changed.
        more: what else is known of the run.

    Returns:
        C(playbook), C(check_mode), what C(more) has, and C(hosts), by name C(mta) and C(state) (null when it did not
        come to that), C(result) (done, failed, not done), C(reason), C(changed) (null when nobody knows) and C(parts),
        the parts that were changed, or would be in check mode, C(scope), C(diff) with the changed lines of each file
        where the run was asked for them, and C(preflight) and C(verify) with their rows where these were made; and
        C(ok), whether all are done.
    """
    report = {}
    for host in hosts:
        known = hostvars[host]
        result, reason = run_result(known, playbook)
        change, changed = _change(known), _changed(known, playbook, check_mode)
        if changed is None:
            reason = not_known(reason)
        report[host] = {
            'mta': _mta(known),
            'state': settings_of(known).get('state'),
            'result': result,
            'reason': reason,
            'changed': changed,
            'parts': list(change.get('parts') or []),
            'scope': settings_of(known).get('scope'),
        }
        if change.get('diff'):
            report[host]['diff'] = changed_lines(change['diff'])
        for part in parts_of(playbook):
            rows = _rows(known, part)
            if rows is not None:
                report[host][part] = {'green': all(row['status'] == 'green' for row in rows), 'rows': rows}
    ok = all(entry['result'] == 'done' for entry in report.values())
    return {'playbook': playbook, 'check_mode': check_mode, **more, 'ok': ok, 'hosts': report}


def run_summary(report: Mapping[str, Any]) -> list[Line]:
    """Return what run_report() returned as a table for people: a row for each host."""
    rows = []
    for host, entry in report['hosts'].items():
        result = '{}: {}'.format(entry['result'].upper(), entry['reason']) if entry['reason'] else entry['result']
        doubts = [part for part in ('preflight', 'verify') if not entry.get(part, {'green': True})['green']]
        if doubts and not entry['reason']:
            result += ', but not everything is green: ' + ', '.join(doubts)
        status = RED if entry['reason'] else UNKNOWN if doubts else GREEN
        # A reason of several lines is one text here.
        rows.append((status, [host, entry['mta'] or '?', entry['state'] or '?', ' '.join(result.split())]))
    return table(['host', 'mta', 'state', 'result'], rows)
