# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The macros in the daemon's templates: @@key@@ of the local configuration, %%attribute%% and %%function arguments%%.

A value goes into a file only if it is ASCII: `text` raises UnicodeEncodeError where the real daemon does."""

from __future__ import annotations

import io
import re

UNITS_PER_HOUR = {'m': 60, 's': 3600}


def text(value) -> str:
    """Return what stands for a value in a text; None is 'None' here, as for the real daemon."""
    if isinstance(value, float):
        # Twelve digits, and always a point.
        short = f'{value:.12g}'
        return short if re.search(r'[.e]', short) else short + '.0'
    result = str(value)
    result.encode('ascii')
    return result


def is_true(value) -> bool:
    """Return whether a value counts as set: what begins with no, false or 0 in any case does not, 'north' neither."""
    return bool(value) and not re.match(r'no|false|0', text(value), re.IGNORECASE)


class Macros:
    """Replaces macros. `look_up(kind, key)` returns a value or None; kinds are VAR, LOCAL, SERVICE, and what the
    template names."""

    def __init__(self, look_up):
        self._look_up = look_up

    def line(self, line: str) -> str:
        """Return one line of a template with its macros replaced. Raises ValueError or TypeError for what the macro's
        function cannot take, UnicodeEncodeError for a value that is not ASCII."""
        if line.count('@') < 2 and line.count('%') < 2:
            return line
        line = re.sub(r'@@([^@]+)@@', self._local, line).rstrip()
        if line.startswith('%%contains') and line.endswith('%%') and line.count('%') > 4:
            # What it would be replaced by may hold macros itself.
            line = f'%%{re.sub(r"%%([^%]+)%%", self._plain, line[2:-2])}%%'
        return re.sub(r'%%([^%]+)%%', self._function, line + '\n')

    def file(self, content: str) -> str:
        return ''.join(map(self.line, io.StringIO(content)))

    def list(self, content: str) -> str:
        """Return the lines of a list file that say something, as one value."""
        return ', '.join(line for line in (self.line(line).strip() for line in io.StringIO(content)) if line)

    def _local(self, match):
        function, blank, key = match.group(1).partition(' ')
        key = key if blank else function
        value = self._look_up('LOCAL', key)
        if blank and function == 'SPLIT':
            return value.split(' ', 1)[0]
        return value or ''

    def _either(self, key):
        value = self._look_up('VAR', key)
        return self._look_up('LOCAL', key) if value is None else value

    def _plain(self, match):
        value = self._either(match.group(1))
        return '' if value is None else text(value)

    def _function(self, match):
        words = match.group(1)
        for name, function in FUNCTIONS.items():
            if words.startswith(name):
                value = function(self._look_up, words)
                return '' if value is None else text(value)
        return self._plain(match)


def _argument(words, name, rest=''):
    """Return the groups of `name KIND:KEY`; ValueError if that is not what is written."""
    found = re.search(rf'{name} ([^:]+):(\S+){rest}', words)
    if not found:
        raise ValueError(f'{name}: not understood: {words}')
    return found.groups()


def _commented(look_up, words, name, when_set):
    """comment and uncomment: `NAME KIND:KEY[,SIGN[,VALUE,...]]`; with values, these decide instead of truth."""
    kind, key = _argument(words, name)
    key, *more = key.split(',', 2)
    sign = more[0] if more else '#'
    value = look_up(kind, key)
    # Without values to compare with, truth decides.
    chosen = is_true(value) if len(more) < 2 else value is None or value in more[1].split(',')
    return sign if chosen == when_set else ''


def _range(look_up, words):
    kind, key, low, high = _argument(words, 'range', r'\s+(\S+)\s+(\S+)')
    return int(look_up(kind, key)) / 100.0 * (int(high) - int(low)) + int(low)


def _frequency(look_up, words):
    """How often in `total` hours a period like 2h, 30m or 1d passes."""
    kind, key, total = _argument(words, 'freq', r'\s+(\S+)')
    period = look_up(kind, key)
    unit, number = re.sub(r'\d+', '', period), int(re.sub(r'\D', '', period))
    hours = number * 24 if unit == 'd' else number // UNITS_PER_HOUR.get(unit, 1)
    times = int(total) // hours if hours else int(total)
    return 1 if times < 1 < int(total) else times


def _list(look_up, words):
    dummy, named, separator = words.split(' ', 2)
    kind, key = named.split(':')
    return separator.join((look_up(kind, key) or '').split())


def _either_text(words):
    """`NAME KIND:KEY SOUGHT[^IF FOUND[^IF NOT]]`: return kind, key, sought, the two texts."""
    test, *texts = words.split('^', 2)
    found, other = ([part.strip() for part in texts] + ['', ''])[:2]
    dummy, named, sought = test.split(' ', 2)
    kind, key = named.split(':')
    return kind, key, sought, found or sought, other


def _contains(look_up, words):
    kind, key, sought, found, other = _either_text(words)
    return found if sought in text(look_up(kind, key)) else other


def _exact(look_up, words):
    kind, key, sought, found, other = _either_text(words)
    value = look_up(kind, key)
    if value is None:
        return ''
    return found if sought in value.split() else other


def _explode(look_up, words):
    found = re.search(r'explode (.*) ([^:]+):(\w+)', words)
    if not found:
        raise ValueError(f'explode: not understood: {words}')
    before, kind, key = found.groups()
    return '\n'.join(f'{before} {word}' for word in (look_up(kind, key) or '').split())


FUNCTIONS = {
    'comment': lambda look_up, words: _commented(look_up, words, 'comment', True),
    'uncomment': lambda look_up, words: _commented(look_up, words, 'uncomment', False),
    'binary': lambda look_up, words: int(is_true(look_up(*_argument(words, 'binary')))),
    'truefalse': lambda look_up, words: str(is_true(look_up(*_argument(words, 'truefalse')))).lower(),
    'range': _range,
    'list': _list,
    'contains': _contains,
    'exact': _exact,
    'freq': _frequency,
    'explode': _explode,
}
