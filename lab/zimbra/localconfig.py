# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local configuration of a host with the double of Zimbra (not Zimbra): localconfig.json holds what is set there,
conf/localconfig.xml is written along with it; what is not set has the default of localconfig_keys.json."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

KEYS = json.loads(Path(__file__).with_name('localconfig_keys.json').read_text(encoding='utf-8'))


class BadReference(Exception):
    """A ${key} that is not set, or that leads to itself."""


def root() -> Path:
    """What Zimbra calls /opt/zimbra."""
    return Path(os.environ.get('ZIMBRA_DOUBLE_ROOT', '/opt/zimbra'))


def state() -> Path:
    """The double's own directory on this host."""
    return Path(os.environ.get('ZIMBRA_DOUBLE_STATE', '/opt/zimbra/double'))


class LocalConfig:
    """path: of localconfig.json; xml: the file that is written along with it; both default to this host's."""

    def __init__(self, path: str | Path | None = None, xml: str | Path | None = None):
        self.path = Path(path or state() / 'localconfig.json')
        self.xml = Path(xml or root() / 'conf' / 'localconfig.xml')
        self.configured: dict[str, str] = json.loads(self.path.read_text('utf-8')) if self.path.exists() else {}

    def known(self, key: str) -> bool:
        return key in KEYS

    def protected(self, key: str) -> bool:
        """Whether `zmlocalconfig -e` wants -f for the key."""
        return KEYS.get(key, {}).get('protected', False)

    def raw(self, key: str) -> str | None:
        return self.configured.get(key, KEYS.get(key, {}).get('default'))

    def get(self, key: str) -> str | None:
        """The value with ${...} replaced. Raises BadReference."""
        return None if self.raw(key) is None else self._expanded(key, ())

    def values(self) -> dict[str, str]:
        """Everything that has a value, ${...} replaced."""
        found = ((key, self.get(key)) for key in sorted({*KEYS, *self.configured}))
        return {key: value for key, value in found if value is not None}

    def _expanded(self, key: str, above: tuple[str, ...]) -> str:
        value = self.raw(key)
        if value is None or key in above:
            raise BadReference(f"null valued key '{key}' referenced" if value is None else f"'{key}' leads to itself")
        return re.sub(r'\$\{(.*?)\}', lambda found: self._expanded(found.group(1), (*above, key)), value)

    def save(self) -> None:
        """Both files, each as a new one that takes the old one's place."""
        _replace(self.path, json.dumps(self.configured, indent=1, sort_keys=True) + '\n', 0o640)
        _replace(self.xml, as_xml(sorted(self.configured.items())), 0o640)


def as_xml(pairs: list[tuple[str, str]]) -> str:
    keys = ''.join(
        f'  <key name={quoteattr(key)}>\n    <value>{escape(value)}</value>\n  </key>\n' for key, value in pairs
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n\n<localconfig>\n{keys}</localconfig>\n'


def _replace(path: Path, text: str, mode: int) -> None:
    new = path.with_name(f'{path.name}.new')
    new.write_text(text, encoding='utf-8')
    new.chmod(mode)
    new.replace(path)
