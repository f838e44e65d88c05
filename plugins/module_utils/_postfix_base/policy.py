# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy service that tells the gateway's certificate by its name: a program, its user, its entry in master.cf."""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import certificate_policy

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
