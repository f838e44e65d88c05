# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mail server that cannot take headers away writes at the end of its own Received line, for Dovecot to see."""

from __future__ import annotations

IGNORED = '(X-Conbool headers ignored)'


# Of mail without a sender that a user handed in, between the mail server and the hop.
BY_USER = 'X-Conbool-Null-Sender: user'

# The headers by which the gateway says something of a message, as a pattern of regexp(5).
TRUSTED = 'X-Conbool-[^:]*:'
WASH_RULES = f'/^{TRUSTED}/ IGNORE\n'
