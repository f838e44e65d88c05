# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: inbound_configuration
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What a Postfix needs so that only the gateway brings it mail
description:
  - Turns the settings and what is known of the MTA into the options of its services on port 25, and tables, with which
    mail from the outside is taken from the gateway only, and trust headers are washed from mail of chosen networks.
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
    description: >-
      The variables of the role C(postfix_smarthost) of these names - V(certificate_fingerprints), V(client_ca_file),
      V(policy_command), V(inbound_services) as V(services), V(wash_port), V(flag_port), V(release_port); and V(flag),
      whether flagged mail of the gateway is to get the header C(X-Spam-Flag).
    type: dict
    required: true
seealso:
  - module: conbool.smtp_relay.postfix_config
'''

EXAMPLES = r'''
- name: What limits port 25 to the gateway is known
  ansible.builtin.set_fact:
    wanted: >-
      {{ conbool_settings | conbool.smtp_relay.inbound_configuration(info=mta, options={
           'certificate_fingerprints': [], 'client_ca_file': '', 'policy_command': '/usr/sbin/postfwd1',
           'services': [], 'wash_port': 10028,
           'flag': true, 'flag_port': 10029, 'release_port': 10030}) }}
'''

RETURN = r'''
_value:
  description:
    - The keys V(parameters), V(services), V(service_options) and V(tables), as M(conbool.smtp_relay.postfix_config)
      takes them, V(warnings), and V(problems), a list of reasons for which nothing must be changed.
  type: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.inbound import inbound_configuration


class FilterModule:
    """The wanted configuration of an MTA behind the gateway."""

    def filters(self):
        return {'inbound_configuration': inbound_configuration}
