# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the host that a task is for, read as settings.

Each action reads them itself, at its task. So a variable counts that was set for one role or one task, and nobody has
to hand settings from task to task.
"""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.basic import missing_required_lib
from ansible.template import trust_as_template
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.kinds import has_template
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import is_unset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import (
    PREFIX,
    SETTINGS,
    normalise,
)
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.answers import answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible.plugins.action import ActionBase


def specifications(roles: Path) -> dict[str, dict[str, Any]]:
    """Return the options of each role of the collection but C(conbool), whose variables are known in Python.

    Args:
        roles: the directory with the roles.

    Returns:
        Role to name of the variable to its option, as in argument_specs.
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


class Unusable(Exception):
    """Settings that cannot be used.

    Attributes:
        problems: a text for each.
        trace: of a library that is missing.
    """

    def __init__(self, message: str, problems: list[str], trace: str | None = None) -> None:
        super().__init__(message)
        self.problems, self.trace = problems, trace


class HostSettings:
    """The settings of the host that a task is for.

    Args:
        action: the task's action.
        task_vars: what it was given.
        variables: name to value, to be read instead of those of the host.

    Attributes:
        values: in canonical form.
        warnings: texts.

    Raises:
        Unusable: naming everything that is wrong.
    """

    def __init__(
        self, action: ActionBase, task_vars: Mapping[str, Any], variables: Mapping[str, Any] | None = None
    ) -> None:
        self._action, self._task_vars = action, task_vars
        missing = [missing_required_lib(library) for library in sorted(readers.IMPORT_ERRORS)]
        if missing:
            raise Unusable('\n'.join(missing), [], '\n'.join(readers.IMPORT_ERRORS.values()))
        self._variables = self._of_the_host() if variables is None else variables
        self.values, problems, self.warnings = normalise(self._with_defaults(self._variables), ROLES)
        if problems:
            raise Unusable(said(problems), problems)

    def secrets(self, role: str) -> dict[str, Any]:
        """Return what is not among the settings, which are shown: the secrets of a role by option, as far as set."""
        given = {name: self._variables.get(name) for name in ROLES.get(role, ()) if name in HANDED_OVER}
        return {name[len(role) + 1 :]: value for name, value in given.items() if not is_unset(value)}

    def _evaluated(self, value: Any) -> Any:
        """The value of a template, or the exception that says why there is none."""
        try:
            return self._action._templar.template(value)
        except AnsibleError as exc:
            return exc

    def _of_the_host(self) -> dict[str, Any]:
        """The variables of the host that begin like those of the roles, with their templates evaluated.

        Of unknown ones only the name counts. They may be anybody's, and cost or do something when they are evaluated.
        """
        prefixes = (PREFIX, *(f'{role}_' for role in ROLES))
        found = {
            name: self._evaluated(self._task_vars[name]) if name in KNOWN else None
            for name in sorted(self._task_vars)
            if name.startswith(prefixes)
        }
        found.update({name: value for name, value in answers().items() if name in KNOWN - HANDED_OVER})
        return {**found, **self._below_empty_answers(found), **self._own_words()}

    def _below_empty_answers(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """What the inventory and the play say of variables whose extra variable is empty.

        AWX sends an empty text for each question that nobody answered, and extra variables stand above everything else.
        """
        task = self._action._task
        manager = task.get_variable_manager()
        given = manager.extra_vars if manager else {}
        empty = [name for name in KNOWN.intersection(given) if is_unset(found[name])]
        if not empty:
            return {}
        below = copy(manager)
        below._extra_vars = {name: value for name, value in given.items() if name not in empty}
        host = manager._inventory.get_host(self._task_vars['inventory_hostname'])
        others = below.get_vars(play=task.get_play(), host=host, task=task)
        return {name: self._evaluated(others.get(name)) for name in empty}

    def _own_words(self) -> dict[str, Any]:
        """What a playbook says itself, as __ and the variable's name, so that no answer in AWX stands above it."""
        return {name: self._evaluated(self._task_vars[OWN + name]) for name in KNOWN if OWN + name in self._task_vars}

    def _with_defaults(self, variables: Mapping[str, Any]) -> dict[str, Any]:
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


def said(problems: list[str]) -> str:
    """Return all that is wrong with settings as one message."""
    return 'The settings cannot be used:\n' + '\n'.join('- ' + problem for problem in problems)
