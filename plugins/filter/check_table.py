# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: check_table
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: A table of checks for people
description:
  - Makes lines of a text table, what is worst first, with what to do about it.
positional: _input
options:
  _input:
    description: Rows of checks, with C(id), C(target), C(status), C(finding) and C(hint).
    type: list
    elements: dict
    required: true
'''

EXAMPLES = r'''
- name: Preflight
  ansible.builtin.debug:
    msg: "{{ preflight_rows | conbool.smtp_relay.check_table }}"
'''

RETURN = r'''
_value:
  description: The lines of the table.
  type: list
  elements: str
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import check_table


class FilterModule:
    """A table of checks for people."""

    def filters(self):
        return {'check_table': check_table}
