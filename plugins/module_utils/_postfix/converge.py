# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of postfix_config, from its options to its answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import clear_staging, read_file
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.durable import fingerprint
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import decode
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.unit import UnitChange
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.writable import refuse_obstacles
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.change import Change
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.journal import Journal
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.options import argument_spec
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.plan import PlanError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.references import unrecorded
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.request import read_request, read_unit
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.result import diff_of, result_of
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.switch import Switch, needs_restart
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.instance import (
    Instance,
    MailLog,
    PostfixError,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.main_cf import MainCf
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_cf import MasterCf

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def converge_part(module: AnsibleModule, **options: Any) -> tuple[dict[str, Any], list[str]]:
    """Do what M(conbool.smtp_relay.postfix_config) does with these options.

    Raises:
        PostfixError: an option is not what the module takes.
    """
    checked = ArgumentSpecValidator(argument_spec()).validate(options)
    if checked.error_messages:
        raise PostfixError('; '.join(checked.error_messages))
    return converge(module, checked.validated_parameters)


def converge(module: AnsibleModule, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Bring one instance to the wanted state, or tell in check mode what that takes.

    Returns:
        The module's result and its warnings.
    """
    instance = Instance(
        module.run_command, module.get_bin_path, os.path.normpath(params['config_dir']), params['sbin_dir']
    )
    request = read_request(params, instance.default_database_type)
    unit_name, unit_content = read_unit(params)
    warnings = [] if request.absent else look_at_tls_files(params['tls_files'])
    journal = Journal(instance.config_dir, request.owner)
    if not module.check_mode:
        clear_staging(instance.config_dir, fingerprint(instance.config_dir))
    foreseen = module.check_mode and params['create'] and not instance.there()
    # With nothing recorded there is nothing to undo.
    change = None
    if not request.absent or journal.exists:
        change = Change(instance, journal, request, params['create'], foreseen)
    # The record of an instance that is ours alone is made anew.
    lost = not (change and change.alone) or module.check_mode
    unrecorded = look_for_unrecorded(instance, journal, change, request.absent) if lost else []
    unit = None
    if unit_name:
        unit = UnitChange(module.run_command, unit_name, unit_content, bool(change and needs_restart(change)))
    result = planned(change, unit, module._diff)
    if unrecorded:
        result['unrecorded'] = unrecorded
    refuse_obstacles((change.paths() if change else []) + (unit.paths() if unit else []))
    if change and change.changed and foreseen:
        warnings.append('There is no Postfix yet that could judge the new configuration')
    elif change and change.changed:
        change.validate()
    if not module.check_mode:
        carry_out(module, params, journal, change, unit, result)
    return result, warnings + unrecorded + (change.warnings if change else [])


def planned(change: Change | None, unit: UnitChange | None, with_diff: bool) -> dict[str, Any]:
    """Return the module's result as far as it is known before anything is done."""
    result, differences = result_of(change), diff_of(change) if change else []
    if unit:
        result.update(changed=result['changed'] or unit.changed, unit_commands=unit.words())
        differences += unit.diff()
    if with_diff and (change or unit):
        result['diff'] = differences
    return result


def carry_out(
    module: AnsibleModule,
    params: Mapping[str, Any],
    journal: Journal,
    change: Change | None,
    unit: UnitChange | None,
    result: dict[str, Any],
) -> None:
    """Do what was planned, and add to the result how it went."""
    if not change:
        remove_leftovers(journal, unit)
    elif result['changed']:
        log = MailLog(module.run_command, module.get_bin_path, change.main.get('maillog_file'))
        listeners = [(listener['address'], listener['port']) for listener in params['listeners']]
        switch = Switch(change, unit, params['reload'], listeners, params['timeout'], log)
        switch.carry_out()
        result['reloaded'] = switch.reloaded
    else:
        change.keep_records()


def look_at_tls_files(options: Mapping[str, Any] | None) -> list[str]:
    """Return the warnings on files that the configuration names; files that cannot be used are an error."""
    report, message = tls_files.judge(options) if options else ({'warnings': []}, '')
    if message:
        raise PostfixError(message)
    return report['warnings']


def look_for_unrecorded(instance: Instance, journal: Journal, change: Change | None, absent: bool) -> list[str]:
    """Return a warning when something of this owner is there without a record: it cannot be undone, which is no reason
    to call it done.

    Raises:
        PlanError: it would still be there after an undo.
    """
    if absent and change:
        main, master = change.main, change.master
    elif journal.exists:
        return []
    else:
        main = MainCf(decode(read_file(os.path.join(instance.config_dir, 'main.cf')).data or b''))
        master = MasterCf.of(instance.config_dir)
    found = unrecorded(main, master, journal.owner, dict(journal.others(), **{journal.owner: journal.records}))
    if not found:
        return []
    message = 'There is no {} {} of what owner_id {} has changed in {}, but something of it is there: {}. '.format(
        'complete record' if journal.exists else 'record',
        journal.path,
        journal.owner,
        instance.config_dir,
        '; '.join(found),
    )
    if absent:
        raise PlanError(
            message + 'Nothing was changed. Bring the record back from a backup, or take these by hand out of the'
            ' configuration, '
            'reload Postfix, and run this again'
        )
    return [message + 'An undo will not take it away']


def remove_leftovers(journal: Journal, unit: UnitChange | None) -> None:
    """Remove what can be there without a record."""
    journal.restore()
    if unit:
        unit.stop()
        unit.leave()
