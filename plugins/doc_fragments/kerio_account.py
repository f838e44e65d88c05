# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What the modules of role kerio_smarthost are told beside the settings."""

    DOCUMENTATION = r"""
options:
  password:
    description:
      - The password of C(kerio_smarthost_user), which is not among the settings.
      - Without it, nothing can be asked, and the module says so.
    type: str
  relay_passwords:
    description:
      - Passwords of relay rules of others that log in, by the name (description) of the rule.
    type: dict
    default: {}
"""
