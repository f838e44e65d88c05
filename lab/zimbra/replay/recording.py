# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of recordings: vectors, the state they begin with, and what a first run with it writes."""

from __future__ import annotations

import json
from pathlib import Path

OURS = Path(__file__).resolve().parents[3] / 'tests' / 'zimbra' / 'vectors'


class Recording:
    """The vectors of one file. Raises OSError or ValueError for a file that is none."""

    def __init__(self, path):
        self._beside = Path(path).resolve().parent
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        if isinstance(content, dict):
            content = content.get('vectors', [content])
        if not isinstance(content, list):
            raise ValueError('neither a list of vectors nor one vector')
        self.vectors: list = content
        self.main_cf: dict = self._load('default-main-cf.json')
        self.master_cf: list = self._load('default-master-cf.json')
        self.small_files: dict = self._load('default-small-files.json')

    def base(self, name: str) -> dict:
        return self._load(name)

    def _load(self, name):
        path = self._beside / name
        return json.loads((path if path.is_file() else OURS / name).read_text(encoding='utf-8'))
