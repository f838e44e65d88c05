# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: hop_configuration
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: The outbound hop's wanted Postfix configuration
description:
  - Turns the settings and what is known of the MTA into the parameters, services and tables of the hop's Postfix
    instance.
  - The hop is the one place that decides which mail goes to the gateway and which goes direct.
positional: _input
options:
  _input:
    description: The settings, as returned by M(conbool.smtp_relay.settings).
    type: dict
    required: true
  info:
    description:
      - What M(conbool.smtp_relay.postfix_info) returned of the MTA. Of another MTA than Postfix it has V(expanded) with
        what there is to say of it in Postfix's terms.
    type: dict
    required: true
  options:
    description:
      - Where the hop lives; V(config_dir), V(queue_directory), V(data_directory), V(address), V(port), V(wash_port),
        V(return_address), V(direct_tls_security_level) and V(parameters).
    type: dict
    required: true
  programs:
    description: What M(conbool.smtp_relay.postfix_programs) returned, where the hop is made of other programs than the
      MTA.
    type: dict
seealso:
  - module: conbool.smtp_relay.postfix_config
'''

EXAMPLES = r'''
- name: The hop's configuration is known
  ansible.builtin.set_fact:
    hop: "{{ conbool_settings | conbool.smtp_relay.hop_configuration(info=mta, options=hop_options) }}"
'''

RETURN = r'''
_value:
  description: The keys V(parameters), V(services) and V(tables), as M(conbool.smtp_relay.postfix_config) takes them,
    and V(listener).
  type: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._hop.configuration import hop_configuration


class FilterModule:
    """The hop's wanted configuration."""

    def filters(self):
        return {'hop_configuration': hop_configuration}
