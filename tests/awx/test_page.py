# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people in a browser: nothing runs over at the width of a telephone or a desk, and all can be read."""

from __future__ import annotations

import re

import pytest
from ansible_collections.conbool.smtp_relay.plugins.action.report import rendered
from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.page_texts import TEXTS
from axe_playwright_python.sync_playwright import Axe

from tests.awx.browser import browser
from tests.awx.sample import report

UNFOLD = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
NAMES = "all => all.map(each => document.getElementById(each.getAttribute('aria-labelledby')).textContent.trim())"
WIDER = """[document.documentElement, ...document.querySelectorAll('body *')]
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1 || (each === document.documentElement
    && each.scrollWidth > innerWidth)).map(each => each.outerHTML.slice(0, 80))"""
# axe leaves text in a picture open. Its contrast, on the ground below it that is not transparent; WCAG 2.2, 1.4.3.
PALE = """(() => {
const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number);
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
const clear = c => c === 'transparent' || /, 0\\)$/.test(c);
const ground = e => { for (; e; e = e.parentElement) {
  const c = getComputedStyle(e).backgroundColor; if (!clear(c)) return c; }
  return 'rgb(255,255,255)'; };
return [...document.querySelectorAll('svg text')].map(e => {
  const [a, b] = [light(getComputedStyle(e).fill), light(ground(e))].sort((x, y) => y - x);
  return [(a + 0.05) / (b + 0.05), e.textContent];
});
})()"""


@pytest.fixture(scope='module', name='chromium')
def fixture_chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture(name='shown')
def fixture_shown(chromium, tmp_path):
    """Show the report with all that can be unfolded open; return the page."""
    opened = []

    def shown(language, width=1440, scheme='light'):
        path = tmp_path / 'page.html'
        path.write_text(rendered(report(), language), encoding='utf-8')
        page = chromium.new_page(viewport={'width': width, 'height': 2000}, color_scheme=scheme)
        opened.append(page)
        errors = []
        page.on('pageerror', lambda error: errors.append(str(error)))
        page.on('console', lambda message: errors.append(message.text))
        page.goto(path.as_uri())
        page.evaluate(UNFOLD)
        assert errors == []
        return page

    yield shown
    for page in opened:
        page.close()


@pytest.mark.parametrize('width', [360, 1440])
@pytest.mark.parametrize('language', ['de', 'en'])
def test_nothing_runs_over(shown, language, width):
    page = shown(language, width)
    assert (page.evaluate('innerWidth'), page.evaluate(WIDER)) == (width, [])


@pytest.mark.parametrize('language, scheme', [('de', 'light'), ('en', 'dark')])
def test_everybody_can_read_it(shown, language, scheme):
    """Names, headings, landmarks, contrast of text: all rules of axe, WCAG's and those of good practice."""
    page = shown(language, scheme=scheme)
    found = Axe().run(page, options={'resultTypes': ['violations', 'passes']}).response
    assert [(rule['id'], node['html']) for rule in found['violations'] for node in rule['nodes']] == []
    looked_at = {rule['id']: len(rule['nodes']) for rule in found['passes']}
    assert {'link-name', 'heading-order', 'svg-img-alt', 'summary-name'} <= set(looked_at)
    assert looked_at['color-contrast'] > 100
    in_pictures = page.evaluate(PALE)
    assert in_pictures and [each for each in in_pictures if each[0] < 4.5] == []


@pytest.mark.parametrize('language', ['de', 'en'])
def test_a_screen_reader_is_told_hosts_and_lights(shown, language):
    texts, page = TEXTS[language], shown(language)
    assert page.get_by_role('heading', name=texts['title'], exact=True).count() == 1
    regions = page.get_by_role('region').evaluate_all(NAMES)
    assert [name.split()[0] for name in regions[:-1]] == list(report()['hosts'])
    assert regions[-1] == texts['dns']
    for role in ('link', 'img', 'columnheader', 'main'):
        assert page.get_by_role(role).count()
    assert page.get_by_role('meter').count() == page.get_by_role('meter', name=re.compile('.')).count() > 0
    # A light says in words what its colour means; all of them are there.
    for sign, light in (('✗', 'red'), ('?', 'unknown'), ('✓', 'green')):
        assert page.get_by_text(f'{sign} {texts["lights"][light]}', exact=True).count()
    assert page.get_by_role('button').count() == page.get_by_role('textbox').count() == 0
