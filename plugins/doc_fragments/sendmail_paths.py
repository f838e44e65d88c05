# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Where a Sendmail's files are."""

    DOCUMENTATION = r"""
options:
  paths:
    description: Where Sendmail's files and commands are, as far as they are elsewhere than usual. An empty string
      counts as unset.
    type: dict
    default: {}
    suboptions:
      config_dir:
        description: Sendmail's configuration directory; usually C(/etc/mail).
        type: path
      mc_file:
        description: The m4 source of the configuration, in the configuration directory; usually C(sendmail.mc).
        type: str
      cf_file:
        description: What m4 makes of it; usually C(sendmail.cf).
        type: str
      m4_file:
        description: The m4 file of this collection, in the configuration directory; usually C(conbool.m4).
        type: str
      sendmail_command:
        description:
          - Sendmail's own binary.
          - Usually C(/usr/libexec/sendmail/sendmail), C(/usr/lib/sm.bin/sendmail), C(/usr/sbin/sendmail.sendmail) or
            C(/usr/sbin/sendmail); the first one that is there is taken.
        type: path
      m4_command:
        description: m4, usually in C(/usr/bin) or C(/usr/local/bin).
        type: path
"""
