# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both `pytest tests/flow` and `python -m tests.flow.table` understand."""

from __future__ import annotations

from pathlib import Path

OPTIONS = {
    '--mta': {
        'action': 'append',
        'default': None,
        'help': 'mail server under test: the name of an adapter; may be given several times',
    },
    '--host': {'default': None, 'help': "host of the lab under test (default: the adapter's)"},
    '--lab': {
        'default': None,
        'help': 'name of the lab (default: $CONBOOL_LAB, or conbool; one for each process of pytest-xdist)',
    },
    '--cases': {
        'action': 'append',
        'type': Path,
        'default': None,
        'help': 'further case file; may be given several times',
    },
    '--configuration': {
        'action': 'append',
        'default': None,
        'help': 'run only the cases of this configuration; may be given several times',
    },
    '--rows': {
        'type': lambda text: [name for name in text.split(',') if name],
        'nargs': '?',
        'const': [],
        'default': None,
        'metavar': 'ID,...',
        'help': 'run only these rows; O1 has O1.sendmail too, but not O10. Without any, all rows are run, and printed',
    },
    '--no-apply': {
        'action': 'store_true',
        'default': False,
        'help': 'the host is configured already, as --configuration (default: default) says; do not touch it',
    },
    '--keep': {'action': 'store_true', 'default': False, 'help': 'leave running what was started of the lab'},
}
