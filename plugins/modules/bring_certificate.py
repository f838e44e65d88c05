#!/usr/bin/python
# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The code is in plugins/action/bring_certificate.py, which has M(client_certificate) run on the host.
from __future__ import annotations

DOCUMENTATION = r"""
module: bring_certificate
short_description: Bring the certificate that is shown to the gateway from the controller to a host, with its key
version_added: 1.0.0
author:
  - Conbool SMTP Relay collection contributors (@conbool)
description:
  - Internal to the playbooks; no compatibility promise.
  - Reads the files that C(conbool_tls_client_cert_source) and C(conbool_tls_client_key_source) name on the controller,
    which may be vaults, and has M(conbool.smtp_relay.client_certificate) write them to C(conbool_tls_client_cert) and
    C(conbool_tls_client_key). With C(conbool_state=absent), what was there before comes back.
  - Where the connection breaks, or the module is ended by force, the failure says that nobody knows what was changed.
  - Neither of them is shown, so that tasks need no C(no_log), which would hide why one fails.
extends_documentation_fragment:
  - conbool.smtp_relay.action_plugin
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The key is a secret.
  platform:
    support: full
    platforms: linux
seealso:
  - module: conbool.smtp_relay.client_certificate
"""

EXAMPLES = r"""
- name: Certificate and key are on the host
  conbool.smtp_relay.bring_certificate:
"""

RETURN = r"""
paths:
  description: The files that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/ssl/private/relay.key]
problems:
  description: What is wrong with the variables, one entry per problem.
  returned: failure because of them
  type: list
  elements: str
  sample: ["conbool_tls_client_key_source: names no file. Name one of the controller"]
"""
