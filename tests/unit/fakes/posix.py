# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""POSIX extended regular expressions by the C library, as Postfix and Sendmail have them: case does not matter."""

from __future__ import annotations

import ctypes

_EXTENDED, _IGNORE_CASE, _NO_SUBEXPRESSIONS = 1, 2, 8
_LIBC = ctypes.CDLL(None)


class Expression:
    def __init__(self, pattern):
        # Larger than any regex_t.
        self._compiled = ctypes.create_string_buffer(512)
        flags = _EXTENDED | _IGNORE_CASE | _NO_SUBEXPRESSIONS
        assert _LIBC.regcomp(self._compiled, pattern.encode(), flags) == 0, f'regcomp refuses {pattern}'

    def search(self, text):
        return _LIBC.regexec(self._compiled, text.encode(), 0, None, 0) == 0
