# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command of the double of Zimbra (not Zimbra) on this machine: `python3 -m lab.zimbra.cli NAME ARGUMENT...`."""

from __future__ import annotations

import sys

from . import BIN, LIBEXEC
from .world import start, this_machine


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in {**BIN, **LIBEXEC}:
        sys.stderr.write('a double of Zimbra, not Zimbra: NAME is one of {}\n'.format(' '.join([*BIN, *LIBEXEC])))
        return 70
    return start(this_machine(), sys.argv[1], sys.argv[2:])


if __name__ == '__main__':
    sys.exit(main())
