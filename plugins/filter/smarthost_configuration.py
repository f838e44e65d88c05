# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: smarthost_configuration
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What a Postfix needs so that its outbound mail goes to the hop
description:
  - Turns the settings and what is known of the MTA into the few parameters, services and tables that lead outbound mail
    to the outbound hop and wash trust headers from mail that users hand in.
positional: _input
options:
  _input:
    description: The settings, as returned by M(conbool.smtp_relay.settings).
    type: dict
    required: true
  info:
    description: What M(conbool.smtp_relay.postfix_info) returned of the MTA.
    type: dict
    required: true
  options:
    description: The hop's V(address) and V(port), and V(wash_submission).
    type: dict
    required: true
seealso:
  - module: conbool.smtp_relay.postfix_config
'''

EXAMPLES = r'''
- name: What leads to the hop is known
  ansible.builtin.set_fact:
    wanted: >-
      {{ conbool_settings | conbool.smtp_relay.smarthost_configuration(
           info=mta, options={'address': '127.0.0.1', 'port': 10027, 'wash_submission': true}) }}
'''

RETURN = r'''
_value:
  description: The keys V(parameters), V(services), V(service_options) and V(tables), as
    M(conbool.smtp_relay.postfix_config) takes them, and V(warnings).
  type: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.outbound import outbound_configuration


class FilterModule:
    """The wanted configuration of an MTA in front of the hop."""

    def filters(self):
        return {'smarthost_configuration': outbound_configuration}
