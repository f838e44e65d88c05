# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy service that tells the gateway's certificate by its name: a program, its user, its entry in master.cf."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
import sys
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import certificate_policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.status import GREEN, RED

# No lookup table, but a file that a service of ours runs.
PROGRAM = 'program'
SERVICE = 'conbool-certificate'
# Below config_dir, where SELinux lets Postfix's processes read.
FILE = 'conbool_certificate.py'
# Has nothing else to do: what runs as nobody can be reached by whatever else does.
USER = 'conbool-policy'
# What the system calls its Python, whichever version that is after an upgrade.
PYTHON = '/usr/bin/python3'
OLDEST_MINOR = 8
# What smtpd(8) asks at RCPT, as far as the program looks at it.
REQUEST = 'request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nccert_subject={}\n\n'
# Seconds for an answer. Where a process of the service has failed, master(8) starts the next one after
# service_throttle_time (60 s), which a reload does not shorten, and who asks waits for so long: what was mended just
# now is no fault any more.
PATIENCE, LONGEST = 75.0, 4096


def interpreter() -> str:
    """Return a Python that any user of the host may run, empty when there is none.

    That is the one that runs this, if possible by a name without a version. It may be in a directory of root's, such as
    a virtual environment; then it is that of the system, if it is new enough.
    """
    real, system = os.path.realpath(sys.executable), os.path.realpath(PYTHON)
    names = [PYTHON] if system == real else []
    names += [sys.executable, real]
    version = re.search(r'python3\.(\d+)$', system)
    names += [PYTHON] if version and int(version.group(1)) >= OLDEST_MINOR else []
    return next(filter(_for_everybody, names), '')


def _for_everybody(path: str) -> bool:
    for place in (path, os.path.realpath(path)):
        try:
            while True:
                if not os.stat(place).st_mode & stat.S_IXOTH:
                    return False
                if place == '/':
                    break
                place = os.path.dirname(place)
        except OSError:
            return False
    return True


def program() -> dict[str, Any]:
    """Return the program as C(tables) of M(conbool.smtp_relay.postfix_config)."""
    source = certificate_policy.__loader__.get_source(certificate_policy.__name__)
    return {'path': FILE, 'type': PROGRAM, 'mode': '0755', 'content': source}


def service(python: str, config_dir: str, tls_name: str) -> dict[str, Any]:
    """Return the entry: one process per smtpd(8) that asks, ended with it. It reads no module but Python's own."""
    return {
        'name': SERVICE,
        'type': 'unix',
        'private': '-',
        'unprivileged': 'n',
        'chroot': 'n',
        'max_processes': '0',
        'command': f'spawn user={USER} argv={python} -I -S -B {config_dir}/{FILE} {tls_name}',
        'options': {},
    }


def answer(path: str, subject: str) -> str:
    """Return what the service at a socket answers for a client with this name in its certificate, all of it when that
    is no answer.

    Raises:
        OSError: it cannot be reached, or is silent.
    """
    said = b''
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        # A program that ends before it has read the question resets the connection.
        with contextlib.suppress(ConnectionError):
            connection.sendall(REQUEST.format(subject).encode())
            while b'\n\n' not in said and len(said) < LONGEST:
                data = connection.recv(LONGEST)
                if not data:
                    break
                said += data
    return said.decode('utf-8', 'replace').strip()


def rows(path: str, tls_name: str, program_path: str, known: str = certificate_policy.KNOWN) -> list[dict[str, Any]]:
    """Return the row on whether the service tells the gateway's certificate from others, asked as smtpd(8) does.

    Args:
        path: of its socket.
        tls_name: the name in the gateway's certificate.
        program_path: of the program that is run for each connection.
        known: the action for the gateway.
    """
    wanted = {tls_name: f'action={known}', f'not-{tls_name}': certificate_policy.UNKNOWN.decode().strip()}
    try:
        wrong = [
            f'{name}: {said or "nothing"}' for name in wanted for said in [answer(path, name)] if said != wanted[name]
        ]
    except OSError as exc:
        wrong = [f'{path}, which does not answer: {exc}']
    if not wrong:
        return [row('inbound.policy', path, GREEN, 'tells the certificate of the gateway by its name')]
    hint = (
        f'User {USER} has to be able to read {program_path}, which every directory above has to let it. See to that, or'
        ' run site.yml. The log of the mail server has more.'
    )
    finding = 'the certificate of the gateway is not known, and its mail waits; asked about ' + ', '.join(wrong)
    return [row('inbound.policy', path, RED, finding, hint)]
