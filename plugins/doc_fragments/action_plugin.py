# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What modules with an action plugin have in common."""

    DOCUMENTATION = r"""
attributes:
  action:
    description: Has a corresponding action plugin, so that some parts of the options can be executed on the controller.
    support: full
"""

    # Of those that read the settings of the host themselves. Ansible takes no fragment without options or attributes.
    OF_THE_HOST = r"""
options: {}
notes:
  - The settings are those of the variables of the host, as M(conbool.smtp_relay.settings) reads them, with what is set
    for the task, its role or its play. A setting that cannot be used is a failure that names it, before the host is
    asked.
  - A host whose connection breaks is a failure as well, so that a play goes on with C(rescue), and its report is made.
"""
