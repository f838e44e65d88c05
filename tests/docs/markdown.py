# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of documents need of Markdown: prose, blocks of code, headings and links."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r'^(?P<indent> *)```(?P<language>\w*)\s*$')
CODE_SPAN = re.compile(r'`+[^`]*`+')
LINK = re.compile(r'\]\((?P<target>[^)\s]+)\)|href="(?P<html>[^"]+)"')
ANCHOR = re.compile(r'<a (?:id|name)="([^"]+)"')
HEADING = re.compile(r'^#{1,6} +(.*?) *$')
ITEM = re.compile(r'^ *(?:[-*]|\d+\.) ')


@dataclass
class Block:
    language: str
    text: str


def documents(*patterns):
    """Return the documents that belong to the project, tracked or not yet."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', *patterns],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return sorted(name for name in filter(None, set(listed.stdout.split('\0'))) if (ROOT / name).is_file())


def read(name):
    return (ROOT / name).read_text(encoding='utf-8')


def split(text):
    """Return a document's lines outside of blocks of code, and the blocks."""
    lines, blocks, fence, inside = [], [], None, []
    for line in text.splitlines():
        match = FENCE.match(line)
        if match and fence is None:
            fence, inside = match, []
            lines.append('')
        elif match:
            blocks.append(Block(fence['language'], '\n'.join(each.removeprefix(fence['indent']) for each in inside)))
            fence = None
        elif fence is not None:
            inside.append(line)
        else:
            lines.append(line)
    assert fence is None, 'a block of code does not end'
    return lines, blocks


def paragraphs(text):
    """Return the paragraphs and list items of a document as lists of lines; no headings, tables or code."""
    found, present = [], []
    for line in [*split(text)[0], '']:
        apart = not line.strip() or line.lstrip().startswith('|') or HEADING.match(line)
        if (apart or ITEM.match(line)) and present:
            found.append(present)
            present = []
        if not apart:
            present.append(line)
    return found


def links(text):
    """Return where a document leads, but for what stands in code."""
    prose = CODE_SPAN.sub('', '\n'.join(split(text)[0]))
    return [match['target'] or match['html'] for match in LINK.finditer(prose)]


def anchors(text):
    """Return what of a document can be linked to: its headings, as GitHub names them, and anchors in HTML."""
    found, seen = set(ANCHOR.findall(text)), {}
    for line in split(text)[0]:
        heading = HEADING.match(line)
        if heading:
            shown = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', re.sub(r'<[^>]*>', '', heading[1])).lower()
            slug = re.sub(r'[^\w\- ]', '', shown).replace(' ', '-')
            count = seen[slug] = seen.get(slug, -1) + 1
            found.add(f'{slug}-{count}' if count else slug)
    return found


def code(text):
    """Return everything that a document shows as code."""
    lines, blocks = split(text)
    spans = [span.strip('`') for span in CODE_SPAN.findall('\n'.join(lines))]
    return spans + [block.text for block in blocks if block.language != 'mermaid']
