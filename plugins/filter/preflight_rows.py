# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: preflight_rows
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What the modules of a preflight found, as rows of one form
description:
  - Turns results of M(conbool.smtp_relay.dns_check), M(conbool.smtp_relay.smtp_check), M(conbool.smtp_relay.mta_info),
    M(conbool.smtp_relay.tls_files) and M(conbool.smtp_relay.inbound_firewall) into rows. A module that failed is a row
    too.
positional: _input
options:
  _input:
    description: Registered results - V(dns), V(gateway), V(mta), V(tls_files) and V(firewall).
    type: dict
    required: true
  settings:
    description: The settings, as returned by M(conbool.smtp_relay.settings).
    type: dict
    required: true
  megabytes:
    description: Free space in MiB that the file system of each queue must have.
    type: int
    required: true
  days:
    description: Days that the gateway's certificate must still be valid.
    type: int
    required: true
'''

EXAMPLES = r'''
- name: What was found is known
  ansible.builtin.set_fact:
    preflight_rows: >-
      {{ results | conbool.smtp_relay.preflight_rows(settings=conbool_settings, megabytes=1024, days=14) }}
'''

RETURN = r'''
_value:
  description: Rows with C(id), C(target), C(status) (green, red, unknown), C(severity), C(finding) and C(hint).
  type: list
  elements: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.preflight import preflight_rows


class FilterModule:
    """What the modules of a preflight found, as rows of one form."""

    def filters(self):
        return {'preflight_rows': preflight_rows}
