# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Zimbra's configuration daemon, not Zimbra's: from attributes to main.cf, master.cf, files and restarts.

Held to what the real one was recorded to do (tests/zimbra/vectors, lab/zimbra/replay.py), with its faults: they are
what administrators meet."""
