# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at the DNS of the hosted domains, for the module and for a preflight. Private to this collection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import client, run
from ansible_collections.conbool.smtp_relay.plugins.module_utils._dns import options as dns_options
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import all_visible, message
from ansible_collections.conbool.smtp_relay.plugins.module_utils._settings import readers

LIBRARIES = {'dnspython': client.IMPORT_ERRORS, 'idna': readers.IMPORT_ERRORS, 'netaddr': readers.IMPORT_ERRORS}
ARGUMENTS: dict[str, dict[str, Any]] = {
    'domains': {'type': 'list', 'elements': 'str', 'required': True},
    'checks': {'type': 'list', 'elements': 'str', 'choices': list(run.CHECKS)},
    'relay_host': {'type': 'str', 'default': 'mail.conbool.com'},
    'mx_targets': {'type': 'list', 'elements': 'str', 'default': []},
    'spf_addresses': {'type': 'list', 'elements': 'str', 'default': []},
    'dkim_selectors': {'type': 'list', 'elements': 'str', 'default': []},
    'dmarc_minimum_policy': {'type': 'str', 'choices': ['none', 'quarantine', 'reject'], 'default': 'none'},
    'ownership': {'type': 'dict', 'default': {}},
    'nameservers': {'type': 'list', 'elements': 'str', 'default': []},
    'port': {'type': 'int', 'default': 53},
    'timeout': {'type': 'float', 'default': 3},
    'retries': {'type': 'int', 'default': 2},
    'deadline': {'type': 'float'},
    'concurrency': {'type': 'int', 'default': 50},
    'wait': {'type': 'bool', 'default': False},
    'fail_on': {'type': 'list', 'elements': 'str', 'choices': ['red', 'unknown'], 'default': ['red']},
}


def answer(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of M(conbool.smtp_relay.dns_check), with C(failed) and C(msg) where nothing could be asked.

    Args:
        params: by C(ARGUMENTS).
    """
    for library, errors in LIBRARIES.items():
        if library in errors:
            return {'failed': True, 'msg': missing_required_lib(library), 'exception': errors[library]}
    try:
        return all_visible(asyncio.run(run.run(**dns_options.read(params))))
    except (client.DnsConfigurationError, dns_options.OptionError) as error:
        return {'failed': True, 'msg': message(error)}


def of_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same for the settings of a host, asked from here."""
    dns = settings['dns']
    return answer(
        {
            **{name: option.get('default') for name, option in ARGUMENTS.items()},
            'domains': settings['domains'],
            'relay_host': dns['relay_host'],
            'mx_targets': dns['mx_targets'],
            'spf_addresses': dns['spf_addresses'],
            'dkim_selectors': dns['dkim_selectors'],
            'dmarc_minimum_policy': dns['dmarc_minimum_policy'],
            'ownership': dns['ownership_txt'],
            'nameservers': dns['servers'],
        }
    )
