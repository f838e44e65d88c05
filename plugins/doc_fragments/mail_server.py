# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What the modules of all mail servers have in common, with the settings as their option."""

    DOCUMENTATION = r"""
author:
  - Conbool SMTP Relay collection contributors (@conbool)
options:
  settings:
    description:
      - What M(conbool.smtp_relay.settings) returned. Everything that is wanted of the host is in it.
    type: dict
    required: true
"""

    CHANGE = r"""
attributes:
  check_mode:
    support: full
    details: What would be changed is validated as well, as far as it can be before the hop is there.
  diff_mode:
    support: full
    details: Returns the changed files and packages, and the commands for services. Keys are not among them.
  platform:
    support: full
    platforms: linux
options:
  timeout:
    description: Seconds to wait for another run on the same host, and for what is started or reloaded.
    type: int
    default: 20
"""

    SMARTHOST = r"""
options:
  stage:
    description:
      - V(change) makes the mail server use the gateway, or undoes it, and then verifies what was made.
      - V(preflight) changes nothing. It asks what has to be so before - the version of the mail server, whether it runs
        and is responsible for the hosted domains, whose mail the firewall would shut out, and the space for its queue.
    type: str
    choices: [preflight, change]
    default: change
"""

    VERIFY = r"""
attributes:
  check_mode:
    support: full
    details: Nothing is changed in any mode.
  diff_mode:
    support: N/A
    details: Nothing is changed.
  platform:
    support: full
    platforms: linux
"""
