# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ours is called in a Kerio Connect, which keeps no other note of whose something is; and where one is."""

from __future__ import annotations

# Of a part, its record, and its role.
OWNER = 'kerio_smarthost'
PREFIX = '/opt/kerio/mailserver'
PID_FILE, PROGRAM = '/var/run/kms.pid', 'mailserver'
# Every relay rule of ours begins like this.
RULE = 'Conbool (managed)'
# Groups of IP addresses: who brings mail of the gateway, and who may connect to port 25 at all.
GATEWAY = 'Conbool gateway (managed)'
CLIENTS = 'Conbool SMTP clients (managed)'
# Of the spam filter's own rules, which know the hop's marks.
RELEASED_RULE, FLAGGED_RULE = 'Conbool released (managed)', 'Conbool flagged (managed)'
SMTP, SECURE_SMTP, SUBMISSION = 'SMTP', 'Secure SMTP', 'SMTP Submission'
