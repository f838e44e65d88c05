# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: run_summary
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: A line for each host of a run
description:
  - Tells for each host which mail server it has, the wanted state, and whether it was done, failed, or was never
    reached.
positional: _input, hosts
options:
  _input:
    description: The variables of all hosts (C(hostvars)).
    type: dict
    required: true
  hosts:
    description: The hosts that the run was to do.
    type: list
    elements: str
    required: true
'''

EXAMPLES = r'''
- name: Summary
  ansible.builtin.debug:
    msg: "{{ hostvars | conbool.smtp_relay.run_summary(ansible_play_hosts_all) }}"
'''

RETURN = r'''
_value:
  description: The lines of the table.
  type: list
  elements: str
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import run_summary


class FilterModule:
    """What became of each host."""

    def filters(self):
        return {'run_summary': run_summary}
