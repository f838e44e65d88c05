# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of a lab for the time of a test run: started when missing, and only those taken away again."""

from __future__ import annotations

from lab import api, lifecycle


class Borrowed:
    def __init__(self, name, say=lambda text: None):
        self.name = name
        self.say = say
        self.found = set(lifecycle.containers(name))
        self.lab = None

    def up(self, host, kind=None, fresh=False):
        """The host is there; `fresh` begins it anew from its image."""
        self.say('lab {}: {}{}'.format(self.name, host, ', anew' if fresh else ''))
        self.lab = api.up(self.name, host if kind is None else f'{host}={kind}', fresh=fresh)

    def give_back(self):
        if not self.found:
            api.down(self.name)
        else:
            self._remove(set(lifecycle.containers(self.name)) - self.found)

    def _remove(self, names):
        hosts = [node.name for node in self.lab.nodes.values() if node.container in names]
        api.remove(self.name, *hosts)
