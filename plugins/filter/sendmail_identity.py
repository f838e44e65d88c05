# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r'''
name: sendmail_identity
author: Conbool SMTP Relay collection contributors (@conbool)
version_added: 1.0.0
short_description: What the outbound hop takes over of a Sendmail
description:
  - Turns name, source address, limits and queue times of a Sendmail into parameters of Postfix, so that the hop does
    not differ in them.
positional: _input
options:
  _input:
    description: What M(conbool.smtp_relay.sendmail_info) returned.
    type: dict
    required: true
'''

EXAMPLES = r'''
- name: What the hop has to know is known
  ansible.builtin.set_fact:
    outbound_hop_mta:
      expanded: "{{ sendmail | conbool.smtp_relay.sendmail_identity }}"
'''

RETURN = r'''
_value:
  description: Names of parameters and their values.
  type: dict
'''

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.hop import identity


class FilterModule:
    """What the outbound hop takes over of a Sendmail."""

    def filters(self):
        return {'sendmail_identity': identity}
