# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.awx.pictures DIRECTORY`: what the report for people looks like, in a browser."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'collections'))

PICTURES = {'report-en.png': ('en', 1000, 1250), 'report-de.png': ('de', 500, 1000)}


def main(directory):
    from ansible_collections.conbool.smtp_relay.plugins.action.report import rendered

    from tests.awx.browser import browser
    from tests.awx.sample import report

    with browser() as chromium:
        for name, (language, width, height) in PICTURES.items():
            page = chromium.new_page(viewport={'width': width, 'height': height})
            page.set_content(rendered(report(), language))
            page.screenshot(path=Path(directory) / name)
            page.close()


if __name__ == '__main__':
    main(sys.argv[1])
