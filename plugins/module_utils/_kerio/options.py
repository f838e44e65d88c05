# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for Kerio Connect have in common: options, and how a failure is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.api import Client
from ansible_collections.conbool.smtp_relay.plugins.module_utils._kerio.https import Server, digest

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# The documentation is in the fragment kerio_server.
ARGUMENTS = {
    'host': {'type': 'str', 'default': '127.0.0.1'},
    'port': {'type': 'int', 'default': 4040},
    'username': {'type': 'str', 'default': 'Admin'},
    'password': {'type': 'str', 'required': True, 'no_log': True},
    'certificate_sha256': {'type': 'str'},
    'ca_file': {'type': 'path'},
    'tls_name': {'type': 'str'},
    'timeout': {'type': 'float', 'default': 30.0},
}
# All elements, in the order of the server.
EVERYTHING = {'fields': [], 'conditions': [], 'combining': 'And', 'start': 0, 'limit': -1, 'orderBy': []}


def run(module: AnsibleModule, work: Callable[[Client], dict[str, Any]]) -> None:
    """Do the work in a session, and exit or fail.

    Args:
        work: returns the result of the module.
    """
    client = None
    try:
        client = _client(module.params)
        with client:
            result = work(client)
    except HostError as error:
        for warning in client.warnings if client else []:
            module.warn(warning)
        module.fail_json(msg=str(error))
    for warning in client.warnings:
        module.warn(warning)
    module.exit_json(**result)


def _client(params: dict[str, Any]) -> Client:
    """Raises HostError, which names the option."""
    if not 1 <= params['port'] <= 65535:
        raise HostError(f'port: {params["port"]} is no port')
    if params['timeout'] <= 0:
        raise HostError(f'timeout: {params["timeout"]:g} s is no time')
    for name in ('host', 'username', 'password'):
        if not params[name].strip():
            raise HostError(f'{name} is empty')
    try:
        digest(params['certificate_sha256'])
    except HostError as error:
        raise HostError(f'certificate_sha256: {error}') from error
    server = Server(params['host'], params['port'], params['ca_file'], params['certificate_sha256'], params['tls_name'])
    return Client(server, params['username'], params['password'], params['timeout'])
