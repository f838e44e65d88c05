# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: postfix_rows
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What was found of a Postfix that uses the gateway, as rows of one form
description:
  - Judges results of M(conbool.smtp_relay.postfix_route) and M(conbool.smtp_relay.smtp_check) by the settings. A module
    that failed is a row too.
positional: _input
options:
  _input:
    description: Registered results - V(mta), V(hop), V(listener), V(configuration) and V(inbound).
    type: dict
    required: true
  settings:
    description: The settings, as returned by M(conbool.smtp_relay.settings).
    type: dict
    required: true
'''

EXAMPLES = r'''
- name: What was found is known
  ansible.builtin.set_fact:
    verify_rows: "{{ results | conbool.smtp_relay.postfix_rows(settings=conbool_settings) }}"
'''

RETURN = r'''
_value:
  description: Rows with C(id), C(target), C(status) (green, red, unknown), C(severity), C(finding) and C(hint).
  type: list
  elements: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.verify import postfix_rows


class FilterModule:
    """What was found of a Postfix that uses the gateway, as rows of one form."""

    def filters(self):
        return {'postfix_rows': postfix_rows}
