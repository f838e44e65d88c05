#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The code is in plugins/action/report.py: this runs on the controller only.
from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Keep what a run did, for programs
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Writes what P(conbool.smtp_relay.run_report#filter) says to a file of the controller, as JSON, and makes it an
    artifact of the job, as M(ansible.builtin.set_stats) does. In AWX, where files of a job are not kept, a later job of
    the workflow gets it as the variable C(smtp_relay_report).
  - Opens no connection to a host and changes none. The file belongs to the user who runs the playbook, can be read by
    all, and is replaced as a whole.
  - Fails when the file cannot be written, naming it.
options:
  report:
    description: The report.
    type: dict
    required: true
  path:
    description: Where it goes, on the controller. Directories that are missing are made.
    type: path
    required: true
extends_documentation_fragment:
  - action_common_attributes
attributes:
  action:
    description: Has a corresponding action plugin, so that some parts of the options can be executed on the controller.
    support: full
  check_mode:
    support: full
    details: Does in check mode exactly what it does otherwise; a report of what would be done is wanted, too.
  connection:
    description: Uses the connection of the host.
    support: none
  diff_mode:
    support: N/A
    details: No host is changed.
  platform:
    support: full
    platforms: all
seealso:
  - plugin: conbool.smtp_relay.run_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The report is written, and an artifact of the job
  conbool.smtp_relay.report:
    report: "{{ hostvars | conbool.smtp_relay.run_report(ansible_play_hosts_all) }}"
    path: "{{ playbook_dir }}/reports/site.json"
  run_once: true
"""

RETURN = r"""#"""
