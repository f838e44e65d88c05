# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What a mail server is asked about its routes and its queue."""

    DOCUMENTATION = r"""
options:
  routes:
    description: Messages without any header whose route is asked for.
    type: list
    elements: dict
    default: []
    suboptions:
      sender:
        description: Envelope sender; empty for the null sender.
        type: str
        default: ''
      recipient:
        description: Envelope recipient.
        type: str
        required: true
  headers:
    description: Header lines whose effect on the route is asked for.
    type: list
    elements: str
    default: []
  watch:
    description: Seconds for which the queue is watched at least, to see whether messages are put off; at most 60.
    type: float
    default: 0
"""
