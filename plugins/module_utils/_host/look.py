# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that only looks. Private to this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class Look:
    """An AnsibleModule in check mode, whatever mode it is in, for a look ahead at what a change would take.

    Args:
        diff: whether differences are wanted.
    """

    check_mode = True

    def __init__(self, module: AnsibleModule, diff: bool = False) -> None:
        self._module, self._diff = module, diff

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
