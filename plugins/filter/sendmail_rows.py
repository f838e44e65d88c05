# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: sendmail_rows
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What was found of a Sendmail that uses the gateway, as rows of one form
description:
  - Judges results of M(conbool.smtp_relay.sendmail_route) and M(conbool.smtp_relay.smtp_check) by the settings. A
    module that failed is a row too.
positional: _input
options:
  _input:
    description:
      - Registered results - V(asked) and V(inbound); and V(hop) with V(address), V(port), V(asked) and V(listener),
        where the outbound hop decides.
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
    verify_rows: "{{ results | conbool.smtp_relay.sendmail_rows(settings=conbool_settings) }}"
'''

RETURN = r'''
_value:
  description: Rows with C(id), C(target), C(status) (green, red, unknown), C(severity), C(finding) and C(hint).
  type: list
  elements: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.server import sendmail_rows


class FilterModule:
    """What was found of a Sendmail that uses the gateway, as rows of one form."""

    def filters(self):
        return {'sendmail_rows': sendmail_rows}
