# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Zimbra, not Zimbra: its attribute store, its commands and its configuration daemon, as far as a mail
administrator meets them. No line of it is Zimbra's."""
