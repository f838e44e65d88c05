# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of a Zimbra, put together. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.conbool.smtp_relay.plugins.module_utils._zimbra.directory import Key, Values


@dataclass
class Plan:
    """What is wanted; with C(problems) nothing may be changed.

    C(values) are own values of attributes, and what main.cf is to say. C(files) are text by path, of files that are
    ours as a whole. C(rules) is whether SpamAssassin gets our rule, C(by_name) whether the gateway's certificate is
    told by its name.
    """

    values: dict[Key, Values] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    rules: bool = False
    by_name: bool = False
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, other: Plan) -> None:
        """Want what another plan wants, too."""
        self.values.update(other.values)
        self.files.update(other.files)
        self.rules, self.by_name = self.rules or other.rules, self.by_name or other.by_name
        self.problems += other.problems
        self.warnings += other.warnings
