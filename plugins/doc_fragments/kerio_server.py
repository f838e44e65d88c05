# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Where a Kerio Connect is, and who may administer it."""

    DOCUMENTATION = r"""
options:
  host:
    description:
      - Name or address of the administration interface, as the managed host reaches it.
      - On the Kerio host itself, the default is right. For a Kerio Connect on Windows or macOS, delegate the task to a
        host that may use the administration.
    type: str
    default: 127.0.0.1
  port:
    description: Port of the administration interface.
    type: int
    default: 4040
  username:
    description:
      - An administrator with full access. Without C(@domain) it is the built-in account or a user of the primary
        domain.
      - An account whose domain demands two-factor authentication cannot be used.
    type: str
    default: Admin
  password:
    description: The password of O(username).
    type: str
    required: true
  certificate_sha256:
    description:
      - SHA-256 fingerprint of the server's certificate, 64 hexadecimal digits with or without colons.
      - The certificate that Kerio Connect makes for itself can be known in no other way.
    type: str
  ca_file:
    description: File with the CA certificates (PEM) that the server's certificate must lead to. Without this and
      O(certificate_sha256), these are the CAs of the system. With both, both must be right.
    type: path
  tls_name:
    description: The name that the certificate is for, if it is not O(host). Not asked for with O(certificate_sha256).
    type: str
  timeout:
    description: Seconds for each call.
    type: float
    default: 30
requirements:
  - Python 3.8 or newer where the module runs
notes:
  - Tried on a double of Kerio Connect, made from public descriptions of its interface, and never on a real one.
  - TLS 1.2 or newer is required, which Kerio Connect before 9.4 may not offer.
  - The session is ended in any case. When the server ends it in between, the module logs in once more; no other call is
    ever repeated.
"""

    CHANGE = r"""
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    support: full
    platforms: posix
"""
