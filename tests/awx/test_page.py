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
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page_texts import TEXTS

from tests.awx.chromium import Page
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


# Of what a screen reader stops at, everything has to have a name.
NAMED = {'link', 'heading', 'image', 'img', 'meter', 'region', 'columnheader', 'DisclosureTriangle', 'RootWebArea'}
# Colours of each text as they are on the screen, on the first ground below it that is not transparent; WCAG 2.2, 1.4.3.
PALE = """(() => {
const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number);
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
const clear = c => c === 'transparent' || /, 0\\)$/.test(c);
const ground = e => { for (; e; e = e.parentElement) {
  const c = getComputedStyle(e).backgroundColor; if (!clear(c)) return c; }
  return 'rgb(255,255,255)'; };
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const seen = [];
for (let node; (node = walker.nextNode());) {
  const e = node.parentElement;
  if (!node.data.trim() || e.closest('style, meter')) continue;
  const svg = e.closest('svg'), style = getComputedStyle(e);
  const [a, b] = [light(svg ? style.fill : style.color), light(ground(e))].sort((x, y) => y - x);
  seen.push([(a + 0.05) / (b + 0.05), node.data.trim().slice(0, 40)]);
}
return seen;
})()"""


@pytest.fixture(scope='module', name='shown')
def fixture_shown(tmp_path_factory):
    """Show a page in a browser that stays; return it."""
    path = tmp_path_factory.mktemp('page') / 'page.html'
    with Page(path.as_uri()) as page:

        def shown(language, width=1440, scheme='light'):
            path.write_text(rendered(report(), language), encoding='utf-8')
            page.open(width, scheme)
            return page

        yield shown


@pytest.mark.parametrize('language', ['de', 'en'])
def test_a_screen_reader_has_a_name_for_everything_it_stops_at(shown, language):
    tree = shown(language).tree()
    assert [role for role, name in tree if role in NAMED and not name.strip()] == []
    roles = {role for role, dummy in tree}
    assert {'link', 'heading', 'meter', 'region', 'columnheader', 'main', 'DisclosureTriangle'} <= roles and roles & {
        'image',
        'img',
    }
    assert ('heading', TEXTS[language]['title']) in tree
    regions = [name for role, name in tree if role == 'region']
    assert [name.split()[0] for name in regions[:-1]] == list(report()['hosts'])
    assert regions[-1] == TEXTS[language]['dns']
    # A light says in words what its colour means.
    assert ('StaticText', '✗ ' + TEXTS[language]['lights']['red']) in tree
    assert {'button', 'textbox', 'generic script'} & roles == set()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_every_text_stands_out_from_what_is_behind_it(shown, scheme):
    seen = shown('en', scheme=scheme).run(PALE)
    assert len(seen) > 100 and [each for each in seen if each[0] < 4.5] == []


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
