# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree as it is released, at the path that Ansible's own tools insist on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / os.environ.get('CONBOOL_RELEASE', '.cache/release')

# The tools of the environment that runs the tests, whether it was activated or not. pyenv's shims stand for
# interpreters that may not be there, and ansible-test believes them.
PATH = os.pathsep.join(
    [str(Path(sys.executable).parent)]
    + [entry for entry in os.environ['PATH'].split(os.pathsep) if not entry.endswith('shims')]
)

# ansible-test fetches get-pip for the virtual environments that it makes; the interpreter has it on board.
# The ones that ansible-core 2.19 and 2.21 ask for.
PIP_VERSIONS = ('24_2', '25_2')
GET_PIP = 'import ensurepip, sys\nensurepip.bootstrap(upgrade=True)\n'


def run(argv, cwd, **environment):
    """Run a tool; its whole output is the failure's text."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=dict(os.environ, PATH=PATH, **environment),
        text=True,
        errors='replace',
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, '{}\n{}'.format(' '.join(map(str, argv)), done.stdout)
    return done.stdout


@pytest.fixture(scope='session')
def release():
    """A copy of what git tracks or would track, without the link that only a clone needs, as a repository of its
    own."""
    target = WORK / 'ansible_collections' / 'conbool' / 'smtp_relay'
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    for name in filter(None, listed.stdout.decode().split('\0')):
        source = ROOT / name
        if name.split('/')[0] != 'collections' and source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    run(['git', 'init', '-q'], target)
    run(['git', 'add', '-A'], target)
    return target


@pytest.fixture(scope='session')
def tool_home():
    """A home directory in which ansible-test keeps its caches."""
    home = WORK / 'home'
    cache = home / '.ansible' / 'test' / 'cache'
    cache.mkdir(parents=True, exist_ok=True)
    for version in PIP_VERSIONS:
        (cache / (f'get_pip_{version}.py')).write_text(GET_PIP)
    return home
