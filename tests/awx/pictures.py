# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.awx.pictures DIRECTORY`: what the report for people looks like, in a browser."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'collections'))

PICTURES = {'report-en.png': ('en', 1000, 1250), 'report-de.png': ('de', 500, 1000)}


def main(directory):
    from ansible_collections.conbool.smtp_relay.plugins.action.report import rendered

    from tests.awx.sample import report
    from tests.awx.test_page import browser

    with tempfile.TemporaryDirectory() as folder:
        for name, (language, width, height) in PICTURES.items():
            page = Path(folder) / 'page.html'
            page.write_text(rendered(report(), language), encoding='utf-8')
            picture = Path(directory).resolve() / name
            browser(f'--window-size={width},{height}', f'--screenshot={picture}', page.as_uri())


if __name__ == '__main__':
    main(sys.argv[1])
