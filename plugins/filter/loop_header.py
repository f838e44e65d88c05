# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: loop_header
short_description: Name of the gateway's loop header for a hosted domain
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Gives the name of the header that marks mail which the gateway has already processed for this domain.
    The header's value is C(true).
  - Fails when the input is not the name of a mail domain, and names the input.
requirements:
  - idna (on the controller)
  - netaddr (on the controller)
options:
  _input:
    description:
      - The hosted domain.
      - Internationalised names are converted to A-labels first (RFC 5891). Case and a trailing dot do not matter.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Loop header of a domain is shown
  ansible.builtin.debug:
    msg: "{{ 'example.com' | conbool.smtp_relay.loop_header }}"
  # X-Conbool-example-com

- name: Loop headers of all domains are shown
  ansible.builtin.debug:
    msg: "{{ ['example.com', 'bücher.example'] | map('conbool.smtp_relay.loop_header') }}"
  # X-Conbool-example-com, X-Conbool-xn--bcher-kva-example
"""

RETURN = r"""
_value:
  description: The name of the header, without the colon.
  type: str
  sample: X-Conbool-example-com
"""

from ansible.errors import AnsibleFilterError
from ansible.module_utils.basic import missing_required_lib
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers


def loop_header(domain):
    if readers.IMPORT_ERRORS:
        raise AnsibleFilterError(missing_required_lib(min(readers.IMPORT_ERRORS)))
    try:
        return readers.loop_header(domain)
    except ValueError as exc:
        raise AnsibleFilterError(f'loop_header: {readers.shown(domain)} {exc}') from exc


class FilterModule:
    def filters(self):
        return {'loop_header': loop_header}
