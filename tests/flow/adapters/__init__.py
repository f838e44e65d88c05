# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from one mail server to the next. An adapter is a class `Adapter` in a module named after the MTA."""

from __future__ import annotations

import importlib
from pathlib import Path

# Dovecot ends the sessions of its clients when a change of its settings makes it read them again.
DOVECOT_RELOADS = ' master: Warning: SIGHUP received'


def names():
    return sorted(path.stem for path in Path(__file__).parent.glob('[a-z]*.py'))


def load(name):
    if name not in names():
        raise ValueError('no adapter for the mail server {!r}, only for {}'.format(name, ', '.join(names())))
    return importlib.import_module(f'tests.flow.adapters.{name}').Adapter
