# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration daemon of the double on a system in memory, from the recorded base, changed step by step."""

from __future__ import annotations

import json
from pathlib import Path

from lab.zimbra.configd import package
from lab.zimbra.configd.daemon import Daemon
from lab.zimbra.configd.host import Memory
from lab.zimbra.configd.listener import answer
from lab.zimbra.configd.provider import Given
from lab.zimbra.replay import master

BASE = json.loads((Path(__file__).parent / 'vectors' / 'base.json').read_text(encoding='utf-8'))
MTA_FILES = {
    'common/conf/master.cf',
    'common/conf/tag_as_foreign.re',
    'common/conf/tag_as_originating.re',
    'conf/mta_milter_options',
    'conf/postfix_header_checks',
}
RELOAD = 'bin/zmmtactl reload norewrite'


class Scene:
    """`attributes` of globalConfig and server and `local` are changed at will; then the daemon polls, or is asked."""

    def __init__(self, services=None, forced=(), **server):
        self.provider = Given(
            {'global': dict(BASE['global']), 'server': dict(BASE['server'])}, BASE['localconfig'].copy()
        )
        self.config, self.server, self.local = *self.provider.attributes.values(), self.provider.local
        self.server.update(server)
        if services is not None:
            self.services(services)
        files = {path: content for path, (content, dummy) in package.files().items() if path != package.MAIN_CF}
        self.host = Memory(files, package.main_cf())
        self.said = []
        self.daemon = Daemon(self.provider, self.host, forced=forced, log=self.said.append)

    def services(self, names):
        self.server['zimbraServiceEnabled'] = list(names)

    def enable(self, *names):
        self.services([*self.server['zimbraServiceEnabled'], *names])

    def disable(self, *names):
        self.services([name for name in self.server['zimbraServiceEnabled'] if name not in names])

    def poll(self):
        """Poll; return the system, which says what happened in it."""
        self.host.forget()
        self.daemon.loop()
        return self.host

    def ask(self, line):
        self.host.forget()
        return answer(self.daemon, line, self.daemon.loop)

    @property
    def main_cf(self):
        return self.host.main_cf

    @property
    def master_cf(self):
        return master.parse(self.host.files['common/conf/master.cf'])


def running(**server):
    """A Scene whose daemon has polled once."""
    scene = Scene(**server)
    scene.poll()
    return scene
