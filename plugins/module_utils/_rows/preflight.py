# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be so of a host before its mail server is led to the gateway, whichever that is (runs on the host)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.converge import limited, look_ahead
from ansible_collections.conbool.smtp_relay.plugins.module_utils._firewall.wanted import limit_of, limits
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host import tls_files
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.disk import locked
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import NO_ANSWER, reason
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.one_run import BUSY
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.text import printable
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.detect import find, free_space
from ansible_collections.conbool.smtp_relay.plugins.module_utils._mta.registry import with_role
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import addresses, server_rows, usage_rows
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.gateway import options as gateway_options
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.mail_server import queue_directories
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import (
    in_order,
    row,
    space_rows,
    unasked,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.check import examined

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Where inbound_firewall keeps its runs apart, and how long another one is waited for.
LOCK, PATIENCE = '/etc', 20
# Options of tls_files, and the settings and variables that they come from.
TLS_FILES = {'cert_file': 'client_cert', 'key_file': 'client_key', 'ca_file': 'ca_file'}


def answer(question: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a question is answered, a dict; if it cannot be answered, what a module that fails returns."""
    try:
        return question()
    except BlockingIOError:
        return {'failed': True, 'msg': BUSY}
    except NO_ANSWER as error:
        return {'failed': True, 'msg': printable(reason(error))}


def ask_gateway(settings: Mapping[str, Any]) -> dict[str, Any]:
    # Those that the host has, once it is named: mail goes to each.
    hosts = addresses(settings) or [settings['relay_host']]
    found = examined(gateway_options(settings, hosts=hosts))
    return {
        'servers': [server for server, dummy in found],
        'certificates': [certificate for dummy, certificate in found if certificate],
    }


def ask_mta(settings: Mapping[str, Any]) -> dict[str, Any]:
    name, dummy = find(settings['mta'])
    return {'mta': name}


def ask_tls_files(settings: Mapping[str, Any]) -> dict[str, Any]:
    files = {name: settings[f'tls_{variable}'] for name, variable in TLS_FILES.items()}
    names = {name: f'conbool_tls_{variable}' for name, variable in TLS_FILES.items()}
    days = settings['roles']['preflight']['certificate_days']
    return tls_files.judge({**files, 'warn_days': days, 'names': names})[0]


def ask_firewall(module: AnsibleModule, settings: Mapping[str, Any]) -> dict[str, Any]:
    with locked(LOCK, PATIENCE):
        result, warnings = look_ahead(module, limit_of(settings))
    return {**result, 'warnings': warnings}


def mta_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the row on a mail server that cannot be served; none when it is one whose own module knows more.

    Args:
        result: C(mta), or what a module that fails returns.
    """
    if 'mta' not in result:
        return unasked(result, 'mta', 'mail server')
    if result['mta'] in with_role():
        return []
    return [
        row(
            'mta.unsupported',
            result['mta'],
            RED,
            'this version of the collection has no role for it',
            'It has roles for: {}.'.format(', '.join(sorted(with_role()))),
        )
    ]


def tls_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on the TLS files of the host.

    Args:
        result: C(problems) and C(certificate), or what a module that fails returns.
    """
    if 'problems' not in result:
        return unasked(result, 'tls', 'TLS files')
    if result['problems']:
        return [row('tls.unusable', 'TLS files', RED, printable(problem)) for problem in result['problems']]
    days = (result.get('certificate') or {}).get('days_left')
    return [row('tls.ok', 'TLS files', GREEN, 'usable' if days is None else f'usable, {days} days left')]


def firewall_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on the host's firewall.

    Args:
        result: C(backend) and C(warnings), or what a module that fails returns.
    """
    if 'backend' not in result:
        return unasked(result, 'firewall', 'mail port')
    rows = [row('firewall.ok', 'mail port', GREEN, 'can be limited with {}'.format(result['backend']))]
    # What others filter is a person's to judge; verify is red if the gateway is kept out in the end.
    said = map(printable, result['warnings'])
    return rows + [row('firewall.warning', 'mail port', GREEN, text, severity='low') for text in said]


def gateway_rows(settings: Mapping[str, Any], result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows on the gateway as a server, and as the client that it will be.

    Args:
        settings: the normalised settings.
        result: of ask_gateway(), or what a module that fails returns.
    """
    rows = server_rows(settings, result)
    target = '{relay_host}:{relay_port}'.format(**settings)
    return rows + usage_rows(settings, target, result.get('certificates', []))


def queue_rows(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for the file system of each queue, the mail server's own excepted."""
    rows = []
    for directory in queue_directories(settings):
        free = answer(lambda directory=directory: {directory: free_space(directory)})
        if directory in free:
            rows += space_rows(free, settings['roles']['preflight']['queue_megabytes'])
        else:
            rows += unasked(free, 'queue', directory)
    return rows


def ask_host(module: AnsibleModule, settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Ask a host everything that can be asked before its mail server is known; each question whatever becomes of the
    others. Nothing is changed.

    Args:
        module: AnsibleModule, or what else has its C(run_command) and C(get_bin_path).
        settings: the normalised settings with those of the roles.

    Returns:
        What module preflight returns, and warnings.
    """
    with ThreadPoolExecutor(1) as pool:
        # Most of the time is spent waiting for the gateway.
        gateway = pool.submit(answer, lambda: ask_gateway(settings))
        mta = answer(lambda: ask_mta(settings))
        rows = mta_rows(mta)
        warnings: list[str] = []
        if settings['tls_client_cert'] is not None or settings['tls_ca_file'] is not None:
            files = answer(lambda: ask_tls_files(settings))
            rows += tls_rows(files)
            warnings += map(printable, files.get('warnings', []))
        there = limited(module)
        settled = not there
        if limits(settings):
            firewall = answer(lambda: ask_firewall(module, settings))
            rows += firewall_rows(firewall)
            settled = firewall.get('settled', False)
        rows += queue_rows(settings)
        rows += gateway_rows(settings, gateway.result())
    return {
        'mta': mta.get('mta'),
        'supported': mta.get('mta') in with_role(),
        'rows': in_order(rows),
        'firewall_settled': settled,
        'inbound_firewall': there,
    }, warnings
