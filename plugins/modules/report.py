#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The code is in plugins/action/report.py: this runs on the controller only.
from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Show, judge and keep what a run found
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the roles; no compatibility promise.
  - With O(part), makes rows of what tasks found, shows them as a table, and can fail when not all of them are green.
  - With O(playbook), to be run once at the end of a playbook, shows a line for each of its hosts, writes what became of
    them to a file of the controller, as JSON, and makes it an artifact of the job, as M(ansible.builtin.set_stats)
    does. In AWX, where files of a job are not kept, a later job of the workflow gets it as the variable
    C(smtp_relay_report). Of a report that is too long for that, the artifact has only rows that are not green, or some
    of them, and in C(left_out) how many are missing.
  - Whether a host was changed (C(changed)) is V(null) where the change was begun and did not answer. Its C(reason) says
    so, and that the next run completes it.
  - Beside the file it writes the same as a page for people, and as CSV and JUnit XML, with the time in their names.
  - The files can be read by their owner only, as the directories that are made for it, and is replaced as a whole.
  - Opens no connection to a host and changes none.
  - A file that cannot be written is a warning that names it; the artifact has the same.
options:
  part:
    description: What the rows are of.
    type: str
    choices: [preflight, verify]
  rows:
    description: Rows, and lists of them, each with C(id), C(target), C(status) (green, red, unknown), C(severity),
      C(finding) and C(hint).
    type: list
    elements: raw
    default: []
  results:
    description:
      - Registered results by name, which need not be of success. V(dns) is one of M(conbool.smtp_relay.dns_check).
        V(outside) is one of M(conbool.smtp_relay.smtp_check), made from another host. Of any other the C(rows) count.
      - A task that failed, whose host could not be reached, or that had no turn (an empty result) is a row too. One
        that was skipped is none. Of a host that was to be asked and is not in the inventory, C(missing) is the name.
    type: dict
    default: {}
  observer:
    description: Who was to look from outside, as returned by M(conbool.smtp_relay.smarthost). Without, V(outside) of
      O(results) counts for nothing.
    type: dict
    default: {}
  enforce:
    description: Fail when a row is not green.
    type: bool
    default: false
  playbook:
    description:
      - Name of the playbook, and of the file.
      - What became of each host is taken from its variables - C(__conbool_failure), and what was registered of
        M(conbool.smtp_relay.settings) as C(conbool_checked), of M(conbool.smtp_relay.ready) as C(preflight_report), of
        M(conbool.smtp_relay.smarthost) or M(conbool.smtp_relay.verify) as C(__verify_looked), and of this module with
        O(part) as C(verify_report).
    type: str
  host:
    description: Do not report, but fail where the host that the task runs for is not done.
    type: bool
    default: false
  directory:
    description: Where the file goes. Without it, C(conbool_report_dir). A relative path begins where
      C(ansible-playbook) was started. Directories that are missing are made.
    type: str
extends_documentation_fragment:
  - conbool.smtp_relay.action_plugin
  - action_common_attributes
attributes:
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
"""

EXAMPLES = r"""
- name: Outbound mail goes to the gateway
  conbool.smtp_relay.report:
    part: verify
    rows: "{{ looked.rows }}"
    enforce: true
  register: verify_report

- name: Run is reported
  conbool.smtp_relay.report:
    playbook: site
  run_once: true

- name: The host is done
  conbool.smtp_relay.report:
    playbook: site
    host: true
"""

RETURN = r"""
rows:
  description: All rows in one list. Those of a preflight are ordered by subject.
  returned: success, with O(part)
  type: list
  elements: dict
  sample:
    - id: queue.space
      target: /var/spool/conbool-hop
      status: red
      severity: critical
      finding: 310 MiB free
      hint: Mail waits here while the gateway cannot be reached; make room for 1024 MiB.
green:
  description: Whether all rows are green.
  returned: success, with O(part)
  type: bool
  sample: true
msg:
  description: The lines of the table of hosts, or what is not green.
  returned: failure, and with O(playbook)
  type: raw
  sample: "1 of 9 checks are not green: queue.space /var/spool/conbool-hop"
path:
  description: The file that was written, V(null) when it could not be.
  returned: success, with O(playbook) and without O(host)
  type: str
  sample: /home/admin/conbool-reports/site.json
page:
  description: The same for people, a file in HTML. Beside it are tables for programs, in CSV and JUnit XML.
  returned: success, with O(playbook) and without O(host)
  type: str
  sample: /home/admin/conbool-reports/site-2026-11-30-113717.html
"""
