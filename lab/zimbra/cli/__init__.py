# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the double of Zimbra; none of them is Zimbra's. Run as `python3 -m lab.zimbra.cli NAME ARGUMENTS`."""

from __future__ import annotations

# Name -> module of this package, which has main(world, arguments) -> exit code.
BIN = {
    'zmprov': 'zmprov',
    'zmlocalconfig': 'zmlocalconfig',
    'zmhostname': 'zmlocalconfig',
    'double': 'double',
}
LIBEXEC: dict[str, str] = {}
