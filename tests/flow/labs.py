# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of a lab for the time of a test run: started when missing, and only those taken away again."""

from __future__ import annotations

import os
from contextlib import contextmanager

from lab import api, lifecycle


def default_name():
    """Each process of pytest-xdist has a lab of its own: which tests it gets is decided while they run."""
    worker = os.environ.get('PYTEST_XDIST_WORKER')
    return os.environ.get('CONBOOL_LAB') or (f'test-{worker}' if worker else 'conbool')


class Borrowed:
    def __init__(self, name, say=lambda text: None, keep=False):
        self.name = name
        self.say = say
        self.keep = keep
        self.found = set(lifecycle.containers(name))
        self.lab = None

    def up(self, host, kind=None, fresh=False):
        """The host is there; `fresh` begins it anew from its image, and so does the kind `saved:TAG` from what was saved."""
        self.say('starting the lab {} with {}{}'.format(self.name, host, ', anew' if fresh else ''))
        self.lab = api.up(self.name, host if kind is None else f'{host}={kind}', fresh=fresh)

    def save(self, host, tag):
        api.save(self.name, host, tag)

    @contextmanager
    def hosts(self, *names, fresh=True):
        """These hosts (KIND or NAME=KIND), until the end of the block."""
        try:
            self.lab = api.up(self.name, *names, fresh=fresh)
            yield self.lab
        finally:
            if names:
                self.give_back(*api.wanted(names))
            self._forget()

    def give_back(self, *hosts):
        """Removes those of the hosts that were not there at the beginning; without names, all that was not there."""
        if self.keep:
            return
        if not self.found and not hosts:
            api.down(self.name)
        else:
            self._remove(set(lifecycle.containers(self.name)) - self.found, hosts)

    def _forget(self):
        """Who looks for his messages should not have to look through those of all tests before."""
        if self.lab and not self.found and not self.keep:
            self.lab.gateway.reset()
            self.lab.internet.reset()

    def _remove(self, containers, hosts):
        nodes = api.Lab(self.name).nodes.values()
        chosen = [
            node.name
            for node in nodes
            if node.container in containers and (node.name in hosts if hosts else node.kind != 'infra')
        ]
        if chosen:
            api.remove(self.name, *chosen)
