# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: built when missing, their tag is a hash of what goes into them."""

from __future__ import annotations

import fcntl
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import tomllib

from .engine import ROOT, RUNTIME, LabError, podman, replace, run
from .progress import say

IMAGES = ROOT / 'lab' / 'images'
INFRA = {'image': 'infra', 'base': 'debian:12'}
SUITES = {'debian:12': 'bookworm', 'debian:13': 'trixie'}
PROBE_SECONDS = 5
BUILD_SECONDS = 900
# Images belong to the machine, whichever clone builds them.
LOCKS = Path('/run/lock/conbool-lab')
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
# A throw-away system: nothing in it is worth a manual page or an fsync.
DPKG_OPTIONS = (
    'force-unsafe-io',
    'path-exclude=/usr/share/doc/*',
    'path-exclude=/usr/share/man/*',
    'path-exclude=/usr/share/locale/*',
)


def kinds() -> dict[str, dict]:
    return tomllib.loads((ROOT / 'lab' / 'hosts.toml').read_text())


def registry_answers() -> bool:
    """Can Debian's images be pulled here? Asked once; remove .lab/registry.json to have it asked again."""
    cache = RUNTIME / 'registry.json'
    if cache.exists():
        return json.loads(cache.read_text())['answers']
    try:
        answers = podman('manifest', 'inspect', 'debian:12', check=False, timeout=PROBE_SECONDS).returncode == 0
    except LabError:
        answers = False
    RUNTIME.mkdir(exist_ok=True)
    replace(cache, json.dumps({'answers': answers}))
    return answers


def tag(recipe: dict) -> str:
    folder = IMAGES / recipe['image']
    base = tag(kinds()[recipe['base']]) if recipe['base'] in kinds() else recipe['base']
    digest = hashlib.sha256(repr((base, registry_answers(), DPKG_OPTIONS)).encode())
    for path in sorted(path for path in folder.rglob('*') if path.is_file()):
        name = path.relative_to(folder)
        digest.update(f'{name} {path.stat().st_mode & 0o111:o}\n'.encode() + path.read_bytes())
    release = recipe['base'].replace(':', '')
    return f'localhost/conbool-lab/{recipe["image"]}:{release}-{digest.hexdigest()[:12]}'


def ensure(recipes: list[dict]) -> None:
    """Build the images that are missing, side by side."""
    missing = {tag(recipe): recipe for recipe in recipes if not exists(tag(recipe))}
    if not missing:
        return
    with ThreadPoolExecutor() as pool:
        # The bases first, so that two images of one release do not both wait for the same lock.
        bases = {base: pool.submit(_base, base) for base in {recipe['base'] for recipe in missing.values()}}
        builds = [pool.submit(_build, name, recipe, bases[recipe['base']]) for name, recipe in missing.items()]
        for build in builds:
            build.result()


def exists(name: str) -> bool:
    return podman('image', 'exists', name, check=False).returncode == 0


def _base(short: str) -> str:
    if short in kinds():
        ensure([kinds()[short]])
        return tag(kinds()[short])
    if registry_answers():
        return short
    digest = hashlib.sha256(repr(DPKG_OPTIONS).encode()).hexdigest()[:12]
    name = f'localhost/conbool-lab/base:{short.replace(":", "")}-{digest}'
    with _only_one(name):
        if not exists(name):
            say(f'{short}: no registry answers, making the base image from packages')
            archive = RUNTIME / f'{short.replace(":", "")}.tar'
            RUNTIME.mkdir(exist_ok=True)
            options = [f'--dpkgopt={option}' for option in DPKG_OPTIONS]
            try:
                run(
                    [
                        'mmdebstrap',
                        '--quiet',
                        '--variant=minbase',
                        f'--keyring={KEYRING}',
                        *options,
                        SUITES[short],
                        archive,
                    ],
                    timeout=BUILD_SECONDS,
                )
                podman('import', '--quiet', archive, name, timeout=BUILD_SECONDS)
            finally:
                archive.unlink(missing_ok=True)
            say(f'{short}: base image made')
    return name


def _build(name: str, recipe: dict, base) -> None:
    base = base.result()
    with _only_one(name):
        if exists(name):
            return
        say(f'building image {name}')
        # The host's network: whatever way to the packages this machine has, the build has it too.
        podman(
            'build',
            '--quiet',
            '--network=host',
            '--build-arg',
            f'BASE={base}',
            '--tag',
            name,
            IMAGES / recipe['image'],
            timeout=BUILD_SECONDS,
        )
        say(f'built image {name}')


@contextmanager
def _only_one(name: str):
    """Several labs, of this clone or of another, may want the same image at the same time."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    with open(LOCKS / Path(name).name, 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
