# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that are accepted, and those that are refused."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings.variables import normalise

GOOD = {'conbool_domains': ['example.com'], 'conbool_networks': ['192.0.2.0/24']}


def accepted(**variables):
    settings, problems, warnings = normalise({**GOOD, **variables})
    assert problems == []
    return settings


def refused(**variables):
    settings, problems, warnings = normalise({**GOOD, **variables})
    assert settings is None
    return problems
