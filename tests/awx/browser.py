# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium, without a window."""

from __future__ import annotations

import contextlib
import shutil

from playwright.sync_api import sync_playwright


@contextlib.contextmanager
def browser():
    """Give a browser of playwright's, until the end of a `with`."""
    command = shutil.which('chromium')
    assert command, 'chromium is missing: scripts/bootstrap installs it'
    with sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=command)
        try:
            yield chromium
        finally:
            chromium.close()
