# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: check_complaint
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What an error message says of checks that are not green
description:
  - Names every check that is not green, with its target and what was found.
positional: _input
options:
  _input:
    description: Rows of checks, with C(id), C(target), C(status), C(finding) and C(hint).
    type: list
    elements: dict
    required: true
'''

EXAMPLES = r'''
- name: Every check is green
  ansible.builtin.fail:
    msg: "{{ preflight_rows | conbool.smtp_relay.check_complaint }}"
  when: preflight_rows | rejectattr('status', 'equalto', 'green') | length > 0
'''

RETURN = r'''
_value:
  description: The message, empty when every check is green.
  type: str
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import check_complaint


class FilterModule:
    """What an error message says of checks that are not green."""

    def filters(self):
        return {'check_complaint': check_complaint}
