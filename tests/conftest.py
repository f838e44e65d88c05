# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection importable by its full name from a clone, and says which tests can run side by side."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'collections'))
sys.path.insert(0, str(ROOT))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """With several processes, all tests of a directory are in one of them: they share a lab. Unit tests share
    nothing."""
    for item in items:
        directory = item.path.relative_to(ROOT / 'tests').parts[0]
        if directory != 'unit':
            item.add_marker(pytest.mark.xdist_group(directory))
