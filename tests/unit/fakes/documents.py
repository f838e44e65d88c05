# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of configuration files that are made up of lines."""

from __future__ import annotations

from hypothesis import strategies as st


def texts(lines):
    return st.tuples(st.lists(lines, max_size=12), st.sampled_from(['\n', '\r\n']), st.booleans()).map(
        lambda drawn: drawn[1].join(drawn[0]) + (drawn[1] if drawn[2] and drawn[0] else '')
    )
