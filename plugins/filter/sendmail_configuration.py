# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: sendmail_configuration
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What a Sendmail needs so that it sends outbound mail to the gateway
description:
  - Turns the settings and what is known of a Sendmail into the m4 file with which it decides about each message.
positional: _input
options:
  _input:
    description: The settings, as returned by M(conbool.smtp_relay.settings).
    type: dict
    required: true
  info:
    description: What M(conbool.smtp_relay.sendmail_info) returned.
    type: dict
    required: true
  system_ca_file:
    description: The system's certificate authorities. They are trusted when neither the settings nor C(sendmail.mc)
      name any.
    type: str
    required: true
  flag:
    description: Whether mail that the gateway flagged gets C(X-Spam-Flag), since nothing on the host files it.
    type: bool
    default: false
  hop:
    description:
      - V(address), V(port) and V(wash_port) of the outbound hop, which decides then. Without it, Sendmail decides by
        itself.
    type: dict
seealso:
  - module: conbool.smtp_relay.sendmail_config
'''

EXAMPLES = r'''
- name: What leads to the gateway is known
  ansible.builtin.set_fact:
    wanted: >-
      {{ conbool_settings | conbool.smtp_relay.sendmail_configuration(
           info=sendmail, system_ca_file='/etc/ssl/certs/ca-certificates.crt') }}
'''

RETURN = r'''
_value:
  description: The keys V(content) and V(routes), as M(conbool.smtp_relay.sendmail_config) takes them, V(problems), with
    which there is no V(content), and V(warnings).
  type: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.verify import OUTSIDE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.compatibility import complaints, warnings
from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.m4 import MAILER, render


def sendmail_configuration(settings, info, system_ca_file, flag=False, hop=None):
    problems = complaints(settings, info, hop and hop['address'])
    if problems:
        return {'content': '', 'routes': [], 'problems': problems, 'warnings': []}
    return {
        'content': render(settings, info, system_ca_file, settings['wash_networks'], flag, hop),
        'routes': [
            {'recipient': 'someone@' + OUTSIDE, 'mailer': MAILER},
            {'recipient': 'someone@[192.0.2.1]', 'mailer': MAILER},
        ],
        'problems': [],
        'warnings': warnings(settings, info),
    }


class FilterModule:
    """The wanted configuration of a Sendmail."""

    def filters(self):
        return {'sendmail_configuration': sendmail_configuration}
