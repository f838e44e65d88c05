# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that Zimbra's packages bring and the configuration daemon reads, on a double: ours, from tables.

    python3 -m lab.zimbra.configd.package ROOT [PATH ...]

writes them, or the named ones, below ROOT, as an upgrade of the packages does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import sections

TREE = Path(__file__).parent / 'tree'
MAIN_CF = 'common/conf/main.cf'
PLACEHOLDER = '# Placeholder of a double of Zimbra: what is written here is of no use to any program.\n'
# Sections whose placeholders hold what the section depends on, so that they fail as the real templates do.
SHOWN = ('amavis', 'antivirus', 'antispam', 'sasl', 'cbpolicyd')
FUNCTIONS = {
    'conf/amavisd.conf.in': ('%%range VAR:zimbraSpamKillPercent 0 20%%', '%%range VAR:zimbraSpamTagPercent 0 20%%'),
    'conf/freshclam.conf.in': ('%%freq VAR:zimbraVirusDefinitionsUpdateFrequency 24%%',),
}


def files() -> dict:
    """Return {path below the root: (content, mode)}."""
    found = {name: (_placeholder(name, section), 0o440) for name, section in templates().items()}
    for path in TREE.rglob('*'):
        if path.is_file():
            name = path.relative_to(TREE).as_posix()
            found[name] = (path.read_text(encoding='utf-8'), 0o644 if name == MAIN_CF else 0o440)
    for name, entries in lists().items():
        found[f'conf/zmconfigd/{name}.cf'] = (''.join(f'{line}\n' for line in _lines(entries)), 0o440)
    return found


def templates() -> dict:
    """Return {path of a template: name of the section that has it rewritten}."""
    return {
        source[0] if isinstance(source, list) else source: name
        for name, section in sections.table().items()
        for source in section.get('files', {}).values()
    }


def _placeholder(name, section):
    shown = sections.table()[section].get('attributes', []) if section in SHOWN else ()
    lines = [f'{attribute} %%{attribute}%%' for attribute in shown] + list(FUNCTIONS.get(name, ()))
    return PLACEHOLDER + ''.join(f'{line}\n' for line in lines)


def lists() -> dict:
    return json.loads((sections.DATA / 'lists.json').read_text(encoding='utf-8'))


def _lines(entries):
    """The lines of a list file, in the daemon's macros."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif 'service' in entry:
            # The value of LDAP, not what the daemon takes to be enabled.
            yield f'%%contains VAR:zimbraServiceEnabled {entry["service"]}^ {entry["then"]}%%'
        elif 'each' in entry:
            yield f'%%explode {entry["each"]} VAR:{entry["attribute"]}%%'
        else:
            test = 'exact' if 'exact' in entry else 'contains'
            for word in entry[test]:
                yield f'%%{test} VAR:{entry["attribute"]} {word}%%'


def main_cf() -> dict:
    """Return {parameter: value} of the main.cf of the package."""
    lines = (TREE / MAIN_CF).read_text(encoding='utf-8').splitlines()
    pairs = [line.partition('=') for line in lines if line and not line.startswith('#')]
    return {name.strip(): value.strip() for name, dummy, value in pairs}


def write(root: str, only=()) -> list:
    """Write the files, or those named by their paths; return the paths. Raises KeyError for one that is none of ours,
    OSError where it cannot be written."""
    every = files()
    written = sorted(only or every)
    for name in written:
        content, mode = every[name]
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(content, encoding='utf-8')
        path.chmod(mode)
    return written


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print('\n'.join(write(sys.argv[1], sys.argv[2:])))
