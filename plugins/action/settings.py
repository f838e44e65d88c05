# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from copy import copy
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import stopped
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.kinds import has_template
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import is_unset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import (
    PREFIX,
    SETTINGS,
    normalise,
)
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.answers import answers


def specifications(roles):
    """Return the options of each role of the collection but C(conbool), whose variables are known in Python.

    Args:
        roles: the directory with the roles.

    Returns:
        dict: role to name of the variable to its option, as in argument_specs.
    """
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    result = {}
    for path in sorted(roles.glob('*/meta/argument_specs.yml')):
        if path.parents[1].name + '_' != PREFIX:
            with path.open(encoding='utf-8') as file:
                entry_point = yaml.load(file, loader)['argument_specs']['main']
            result[path.parents[1].name] = entry_point.get('options') or {}
    return result


# Read on import, which happens in the process of which all workers are forks: not again for each host.
ROLES = specifications(Path(__file__).resolve().parents[2] / 'roles')
KNOWN = set(SETTINGS).union(*ROLES.values())
# Secrets, which modules are handed as Ansible knows them, whatever was typed.
HANDED_OVER = {name for options in ROLES.values() for name, option in options.items() if option.get('no_log')}
OWN = '__'
CLIENTS = 'outbound_hop_clients'
NO_CLIENTS = f'{CLIENTS}: names nobody. Name the mail servers that may send through this host, or run the playbook site'


def clients_of(settings):
    """Return the networks that may send through a host."""
    return settings['roles']['outbound_hop']['clients']


class ActionModule(ActionBase):
    """Documented in plugins/modules/settings.py."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        options = {'variables': {'type': 'dict'}, 'playbook': {'type': 'str'}, 'clients': {'type': 'bool'}}
        dummy, args = self.validate_argument_spec(argument_spec=options)
        result = super().run(tmp, task_vars)
        result['changed'] = False
        missing = [missing_required_lib(library) for library in sorted(readers.IMPORT_ERRORS)]
        if missing:
            result.update(failed=True, msg='\n'.join(missing), exception='\n'.join(readers.IMPORT_ERRORS.values()))
            return result

        variables = args['variables']
        if variables is None:
            variables = self._of_the_host(task_vars)
        settings, problems, warnings = normalise(self._with_defaults(variables), ROLES)
        if args['clients'] and settings and settings['state'] == 'present' and not clients_of(settings):
            problems = [NO_CLIENTS]
        if problems:
            # They are in the inventory; an excerpt of the source of this task would not say more.
            self._task._ds = None
            result.update(
                failed=True,
                problems=problems,
                msg='The settings cannot be used:\n' + '\n'.join('- ' + problem for problem in problems),
            )
            return result
        stop = args['playbook'] and self._stop(args['playbook'], settings['max_fail_percentage'], task_vars)
        if stop:
            self._task._ds = None
            return {**result, 'failed': True, 'stopped': True, 'problems': [], 'msg': stop}
        result.update(settings=settings, problems=[], warnings=warnings)
        # Parameters of the hop may have passwords in them, and AWX keeps what is shown of a result.
        return {**result, '_ansible_no_log': True}

    @staticmethod
    def _stop(playbook, most, task_vars):
        """Why the host has no turn after what became of those before it, if so."""
        if most is None:
            return ''
        hosts = task_vars['ansible_play_hosts_all']
        before = hosts[: hosts.index(task_vars['ansible_play_batch'][0])]
        return stopped(task_vars['hostvars'], before, playbook, most)

    def _evaluated(self, value):
        """The value of a template, or the exception that says why there is none."""
        try:
            return self._templar.template(value)
        except AnsibleError as exc:
            return exc

    def _of_the_host(self, task_vars):
        """The variables of the host that begin like those of the roles, with their templates evaluated.

        Of unknown ones only the name counts. They may be anybody's, and cost or do something when they are evaluated.
        """
        prefixes = (PREFIX, *(f'{role}_' for role in ROLES))
        found = {
            name: self._evaluated(task_vars[name]) if name in KNOWN else None
            for name in sorted(task_vars)
            if name.startswith(prefixes)
        }
        found.update({name: value for name, value in answers().items() if name in KNOWN - HANDED_OVER})
        return {**found, **self._below_empty_answers(found, task_vars), **self._own_words(task_vars)}

    def _below_empty_answers(self, found, task_vars):
        """What the inventory and the play say of variables whose extra variable is empty.

        AWX sends an empty text for each question that nobody answered, and extra variables stand above everything else.
        """
        manager = self._task.get_variable_manager()
        answers = manager.extra_vars if manager else {}
        empty = [name for name in KNOWN.intersection(answers) if is_unset(found[name])]
        if not empty:
            return {}
        below = copy(manager)
        below._extra_vars = {name: value for name, value in answers.items() if name not in empty}
        host = manager._inventory.get_host(task_vars['inventory_hostname'])
        others = below.get_vars(play=self._task.get_play(), host=host, task=self._task)
        return {name: self._evaluated(others.get(name)) for name in empty}

    def _own_words(self, task_vars):
        """What a playbook says itself, as __ and the variable's name, so that no answer in AWX stands above it."""
        return {name: self._evaluated(task_vars[OWN + name]) for name in KNOWN if OWN + name in task_vars}

    def _with_defaults(self, variables):
        """The variables, and of those that are unset the defaults that are templates.

        Ansible takes nothing of a YAML file for a template before it is told that the file can be trusted.
        """
        defaults = {
            name: self._evaluated(trust_as_template(option['default']))
            for options in ROLES.values()
            for name, option in options.items()
            if has_template(option.get('default')) and is_unset(variables.get(name))
        }
        return {**variables, **defaults}
