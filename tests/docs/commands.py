# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of a document, followed without running them: does each find the files that it names?"""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatch
from pathlib import PurePosixPath

import yaml

from .markdown import ROOT, read, split

CLONE = PurePosixPath('/somewhere/clone')
SUFFIXES = ('.yml', '.yaml', '.txt', '.toml', '.py', '.sh', '.md', '.gz')
SHELL = ('sh', 'console')
TOOLS = (
    'ansible-builder',
    'ansible-docsmith',
    'ansible-galaxy',
    'ansible-playbook',
    'antsibull-changelog',
    'antsibull-docs',
    'black',
    'git',
    'mkdir',
    'molecule',
    'pip',
    'pipx',
    'pre-commit',
    'postconf',
    'postfix',
    'python3',
    'pytest',
    'ruff',
    'tar',
)
PLAYBOOK = re.compile(r'conbool\.smtp_relay\.(\w+)')
INVENTORY = re.compile(r'# (\S+\.yml)\n')


def tarball():
    galaxy = yaml.safe_load(read('galaxy.yml'))
    return '{namespace}-{name}-{version}.tar.gz'.format(**galaxy)


class Walk:
    """Follows the commands of one document, from the clone's directory on."""

    def __init__(self):
        self.place = CLONE
        self.made = set()
        self.problems = []

    def follow(self, text):
        for block in split(text)[1]:
            named = INVENTORY.match(block.text)
            if block.language == 'yaml' and named:
                self.made.add(named[1])
            elif block.language in SHELL:
                for line in block.text.splitlines():
                    self._command(line, shlex.split(line.removeprefix('$ '), comments=True))
        return self.problems

    def _command(self, line, words):
        if not words:
            return
        before = len(self.problems)
        if words[0] == 'cd':
            self._enter(words[1])
        elif words[0] not in (*TOOLS, '.') and not self._there(words[0]):
            self.problems.append(f'{words[0]} is no tool of the project')
        else:
            self._creates(words)
            self.problems += [f'no file {word}' for word in words[1:] if self._is_file(word) and not self._there(word)]
            if words[0] == 'ansible-playbook':
                self.problems += [
                    f'no playbook {match[1]}'
                    for match in map(PLAYBOOK.fullmatch, words[1:])
                    if match and not (ROOT / 'playbooks' / f'{match[1]}.yml').is_file()
                ]
        self.problems[before:] = [f'{problem} (in {line!r})' for problem in self.problems[before:]]

    def _enter(self, word):
        place = self._path(word)
        if not (place == CLONE.parent or place.is_relative_to(CLONE) or self._there(word)):
            self.problems.append(f'no directory {word}')
        self.place = place

    def _creates(self, words):
        if words[:3] == ['ansible-galaxy', 'collection', 'build']:
            self.made.add(str(self._path(self._option(words, '--output-path')) / tarball()))
        elif words[:2] == ['antsibull-docs', 'sphinx-init']:
            site = self._path(self._option(words, '--dest-dir'))
            self.made |= {str(site / 'build.sh'), str(site / 'requirements.txt')}
        elif words[0] == 'mkdir':
            self.made |= {str(self._path(word)) for word in words[1:]}
        elif words[:3] == ['python3', '-m', 'venv']:
            self.made |= {words[3], words[3] + '/bin/activate'}

    @staticmethod
    def _option(words, name):
        return words[words.index(name) + 1] if name in words else '.'

    @staticmethod
    def _is_file(word):
        # What begins with a slash is on the mail server.
        return ('/' in word or word.endswith(SUFFIXES)) and not re.match(r'-|/|https?:|\w+=', word)

    def _there(self, word):
        path = self._path(word)
        if word in self.made or any(fnmatch(made, str(path)) for made in self.made):
            return True
        if path == CLONE.parent:
            return True
        return path.is_relative_to(CLONE) and (ROOT / path.relative_to(CLONE)).exists()

    def _path(self, word):
        parts = []
        for part in (self.place / word).parts:
            if part == '..':
                parts.pop()
            else:
                parts.append(part)
        return PurePosixPath(*parts)
