# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: hosts
short_description: The hosts of a playbook, of which there has to be one
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the playbooks; no compatibility promise. To be used as C(hosts) of a play.
  - Returns what C(conbool_hosts) names, or the group C(conbool).
  - Ansible takes a play without hosts for a success. This fails instead, and says what to do, when the inventory has no
    such group, when the group is empty or C(--limit) leaves none of it, and when C(--skip-tags) takes away what
    accounts for the hosts.
  - With the term V(serial) it returns the sizes of batches, for C(serial) of a play.
  - With C(conbool_slices) true, a run without hosts is one slice of a job, and ends well.
"""

EXAMPLES = r"""
- name: Mail servers use the Conbool gateway
  hosts: "{{ lookup('conbool.smtp_relay.hosts') }}"
  tasks: []
"""

RETURN = r"""
_raw:
  description: Names of groups or hosts, with commas between them; sizes of batches.
  type: list
  elements: str
  sample: [conbool]
"""

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.reading import is_unset
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import SETTINGS
from ansible_collections.conbool.smtp_relay.plugins.plugin_utils.answers import answers

HOSTS = 'conbool_hosts'
SLICES = 'conbool_slices'
SERIAL = 'conbool_serial'
# The modes of ansible-playbook that run nothing, and may have no inventory.
LOOKS = ('syntax', 'listtags', 'listtasks', 'listhosts')


def members(names, groups):
    """Return the hosts that the names of groups and hosts stand for."""
    return {host for name in names for host in groups.get(name, [name] if name in groups['all'] else [])}


def complaint(names, groups, within):
    """Return why there is nobody to work on, an empty text when there is somebody.

    Args:
        names: of groups and hosts.
        groups: the inventory, group to its hosts, C(all) among them.
        within: the hosts that --limit leaves.
    """
    missing = [name for name in names if name not in groups and name not in groups['all']]
    if missing:
        there = ', '.join(sorted(set(groups) - {'all', 'ungrouped'})) or 'none'
        return (
            f'the inventory has no group or host {", ".join(missing)}. Name the group of your mail servers with'
            f' -e {HOSTS}=GROUP, or put them into the group conbool. Groups that there are: {there}.'
        )
    ours = members(names, groups)
    if not ours:
        return (
            f'{", ".join(names)} has no hosts. Put the mail servers there, or name another group with -e {HOSTS}=GROUP.'
        )
    if not ours & set(within):
        return f'--limit leaves no host of {", ".join(names)}, which has {", ".join(sorted(ours))}.'
    return ''


class LookupModule(LookupBase):
    """Runs before any host is known: of variables, those of -e and of the play are there."""

    def run(self, terms, variables=None, **kwargs):
        if readers.IMPORT_ERRORS:
            # What is missing is said by the first task, which every run has.
            return ['100%' if terms else 'conbool']
        if 'serial' in terms:
            return self._read(variables, SERIAL).split(',')
        names, groups = self._read(variables, HOSTS), variables.get('groups', {})
        if any(context.CLIARGS.get(mode) for mode in LOOKS):
            return [names]
        if 'always' in variables.get('ansible_skip_tags', ()):
            raise AnsibleLookupError(
                '--skip-tags always takes away what accounts for the hosts. Leave "always" out of it.'
            )
        said = complaint(names.split(','), groups, variables['ansible_play_hosts_all'])
        if said and not self._read(variables, SLICES):
            raise AnsibleLookupError(f'Nobody to work on: {said}')
        if said:
            Display().display(f'No host of {names} is in this slice: there is nothing to do.')
        return [names]

    def _read(self, variables, name):
        found = answers()
        value = found[name] if name in found else self._templar.template(variables.get(name))
        try:
            return SETTINGS[name].default if is_unset(value) else SETTINGS[name].read(value)
        except ValueError as exc:
            raise AnsibleLookupError(f'{name}: {readers.shown(value)} {exc}') from exc
