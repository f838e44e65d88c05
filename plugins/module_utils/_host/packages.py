# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is there, or comes with a package of the distribution."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.errors import HostError


def present(maker: Any, path: str, package: str, check_mode: bool = False) -> list[str]:
    """Have a program be there.

    Args:
        maker: who knows how apt is to be called.
        path: the program.
        package: the package that has it.

    Returns:
        The packages that are installed for it, none when it is there.
    """
    if _there(path):
        return []
    absent = f'there is no {path}, and '
    if not maker.possible():
        raise HostError(absent + f'no apt on this host that could install the package {package}')
    try:
        packages = maker.install(package, check_mode)
    except maker.Error as exc:
        raise HostError(
            absent
            + f'the package {package} could not be installed. Have "apt-get update" done, and look at the sources.'
            f' {exc}'
        ) from exc
    if not packages or not (check_mode or _there(path)):
        raise HostError(absent + f'the package {package}, which is installed, has none')
    return packages


def _there(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
