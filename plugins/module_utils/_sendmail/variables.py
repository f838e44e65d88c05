# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How variables of role sendmail_smarthost are read where their type is not strict enough. Private."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.facts import PATHS
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import grammars, readers

PATH_READERS = {
    'config_dir': readers.directory,
    'm4_command': readers.file_path,
    'sendmail_command': readers.file_path,
}


def paths(value: Any) -> dict[str, str | None]:
    """Where Sendmail is, by name; what is unset is where it usually is."""
    if not isinstance(value, Mapping):
        raise ValueError('must be a dictionary')
    result = {}
    for name, path in value.items():
        try:
            read = PATH_READERS.get(readers.choice(*PATHS)(name), grammars.file_in('config_dir'))
            result[name] = read(path) if path else None
        except ValueError as exc:
            raise ValueError(f'cannot be used: {readers.shown(name)} {exc}') from exc
    return result


READERS = {
    'paths': paths,
    'system_ca_file': readers.file_path,
    'wash_port': readers.port,
}


def listeners(values: Mapping[str, Any]) -> list[str]:
    """Return the variables with the ports on which something will listen."""
    hop = values['sendmail_smarthost_decision'] != 'native'
    return ['outbound_hop_port', 'sendmail_smarthost_wash_port'] if hop else []
