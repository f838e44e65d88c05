# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people in a browser: nothing runs over at the width of a telephone or a desk, and all can be read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from ansible_collections.conbool.smtp_relay.plugins.action.report import TEMPLATE, rendered

from tests.awx.sample import report

# Asks what is wider than it may be, what has no name for a screen reader, and whether headings skip a level.
ASK = """<script>
const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1);
const mute = [...document.querySelectorAll('a, summary, meter, svg[role=img], section')].filter(
  e => !(e.textContent.trim() || e.getAttribute('aria-label')));
const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(e => +e.tagName[1]);
parent.postMessage(JSON.stringify({width: innerWidth, over: document.documentElement.scrollWidth - innerWidth,
  wide: wide.map(e => e.outerHTML.slice(0, 80)), mute: mute.length,
  jumps: levels.filter((level, i) => i && level > levels[i - 1] + 1).length}), '*');
</script>"""
# A window is never narrower than 500 pixels, a frame is.
FRAME = """<!DOCTYPE html><script>onmessage = event => document.title = 'ASKED' + event.data;</script>
<iframe src="page.html" width="%d" height="2000" style="border:0"></iframe>"""
CSP = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')


def browser(*arguments):
    command = shutil.which('chromium')
    assert command, 'chromium is missing: scripts/bootstrap installs it'
    return subprocess.run(
        [command, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


@pytest.mark.parametrize('width', [360, 1440])
@pytest.mark.parametrize('language', ['de', 'en'])
def test_nothing_runs_over_and_everything_has_a_name(tmp_path, width, language):
    text = rendered(report(), language).replace('<details>', '<details open>')
    (tmp_path / 'frame.html').write_text(FRAME % width, encoding='utf-8')
    (tmp_path / 'page.html').write_text(CSP.sub('', text).replace('</body>', ASK + '</body>'), encoding='utf-8')
    dom = browser(
        '--window-size=1600,2000', '--virtual-time-budget=5000', '--dump-dom', (tmp_path / 'frame.html').as_uri()
    )
    said = json.loads(
        re.search(r'ASKED(\{.*?\})</title>', dom)[1].replace('&lt;', '<').replace('&gt;', '>').replace('&amp;', '&')
    )
    assert said['width'] == width
    assert (said['over'], said['wide'], said['mute'], said['jumps']) == (0, [], 0, 0)


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize('scheme', [0, 1], ids=['light', 'dark'])
def test_everything_can_be_read(scheme):
    """WCAG 2.2, 1.4.3: text has a contrast of at least 4.5 to 1."""
    found = re.findall(r':root\{([^}]*)\}', TEMPLATE.read_text(encoding='utf-8'))[scheme]
    colours = {
        name: '#' + ''.join(2 * digit for digit in value[1:]) if len(value) == 4 else value
        for name, value in re.findall(r'--(\w+):(#\w+)', found)
    }
    pairs = [(ink, ground) for ink in ('ink', 'soft') for ground in ('ground', 'paper')]
    pairs += [(light, light + 'bg') for light in ('green', 'red', 'unknown')]
    assert {pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5} == set()
