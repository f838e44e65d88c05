# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans are made of."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.master_entry import Service


def unset(name):
    """What a parameter is that nobody names: empty."""
    return ''


def service(name='hop', value='1', kind='unix'):
    return Service(name, kind, ['n' if kind == 'inet' else '-', '-', 'n', '-', '-'], ['smtp'], {'o': value})
