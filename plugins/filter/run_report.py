# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: run_report
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What became of each host of a run, for programs
description:
  - Tells for each host which mail server it has, the wanted state, whether it was done, failed, or was never reached,
    and what the checks found.
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
- name: The run is known as a whole
  ansible.builtin.set_fact:
    report: "{{ hostvars | conbool.smtp_relay.run_report(ansible_play_hosts_all) }}"
  run_once: true
'''

RETURN = r'''
_value:
  description:
    - C(ok), whether all hosts are done, and C(hosts), by name C(mta), C(state), C(result) (done, failed, not done),
      C(reason), and C(preflight) and C(verify), each with C(green) and C(rows), where these were made.
  type: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.run_report import run_report


class FilterModule:
    """What became of each host."""

    def filters(self):
        return {'run_report': run_report}
