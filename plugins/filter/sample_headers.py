# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: sample_headers
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Header lines whose effect is certain under the settings
description:
  - Names header lines for which M(conbool.smtp_relay.postfix_route) can be asked.
positional: _input
options:
  _input:
    description: The settings, as returned by M(conbool.smtp_relay.settings).
    type: dict
    required: true
'''

EXAMPLES = r'''
- name: What the hop does with marked messages is known
  conbool.smtp_relay.postfix_route:
    config_dir: /etc/conbool-hop
    headers: "{{ conbool_settings | conbool.smtp_relay.sample_headers }}"
'''

RETURN = r'''
_value:
  description: Header lines.
  type: list
  elements: str
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.verify import sample_headers


class FilterModule:
    """Header lines whose effect is certain under the settings."""

    def filters(self):
        return {'sample_headers': sample_headers}
