# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Which Postfix a module is about: its configuration, and its commands."""

    DOCUMENTATION = r"""
author:
  - Conbool SMTP Relay collection contributors (@conbool)
attributes:
  platform:
    support: full
    platforms: posix
    details: Hosts with Postfix.
options:
  config_dir:
    description: The configuration directory of the instance.
    type: path
    default: /etc/postfix
  sbin_dir:
    description:
      - The directory with Postfix's commands, such as C(postconf).
      - By default they are looked for in C(PATH) and the usual system directories,
        and then where those of the outbound hop are on a host with another mail server.
    type: path
"""
