# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: sample_routes
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: Messages whose way is certain under the settings
description:
  - Names senders and recipients for which M(conbool.smtp_relay.postfix_route) can be asked.
positional: _input
options:
  _input:
    description: The settings, as returned by M(conbool.smtp_relay.settings).
    type: dict
    required: true
'''

EXAMPLES = r'''
- name: The routes of sample messages are known
  conbool.smtp_relay.postfix_route:
    routes: "{{ conbool_settings | conbool.smtp_relay.sample_routes }}"
'''

RETURN = r'''
_value:
  description: Dictionaries with C(sender) and C(recipient).
  type: list
  elements: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.verify import sample_routes


class FilterModule:
    """Messages whose way is certain under the settings."""

    def filters(self):
        return {'sample_routes': sample_routes}
