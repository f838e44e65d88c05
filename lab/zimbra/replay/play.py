# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the events of a vector to a daemon in memory."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

from ..configd import listener, package
from ..configd.daemon import Daemon
from ..configd.host import Memory
from ..configd.provider import Given
from ..configd.values import MAPPED_FILES

SERVICES = 'zimbraServiceEnabled'
# A request to the running daemon, or, after these words, to a process that does nothing else.
REWRITE = re.compile(r'configrewrite ?(?P<sections>.*?)(?P<one_shot> \(daemon down, one-shot\))?')
# What the installer adds to the recorded base: any value.
INSTALLED = {'zimbraSSLDHParam': [base64.b64encode(b'parameters').decode()]}


@dataclass
class Observed:
    """What a daemon did in one event."""

    passed: dict
    removed: list
    failed: list
    written: set
    commands: list
    # main.cf and the files, as they are afterwards.
    main_cf: dict
    files: dict
    # Parameters that are tried again at every poll, and those among them that can never be written.
    unfinished: list = field(default_factory=list)
    impossible: list = field(default_factory=list)
    error: Exception | None = None
    reply: str | None = None


def play(vector: dict, recording) -> list:
    """Return an Observed for each event of a vector. Raises ValueError for an event that is not understood."""
    stage = _Stage(vector, recording)
    if vector['event'] != 'first-run':
        stage.run(first=True)
    if _one_shot(vector['event']):
        stage.daemon = None
    return [stage.event(event) for event in (vector, *vector.get('followed_by', []))]


def _one_shot(name):
    rewrite = REWRITE.fullmatch(name)
    return bool(rewrite and rewrite['one_shot'])


class _Stage:
    def __init__(self, vector, recording):
        base = recording.base(vector.get('base', 'base.json'))
        self._provider = Given(
            {'global': {**INSTALLED, **base['global']}, 'server': dict(base['server'])}, base['localconfig']
        )
        self._change({key: vector.get(key) for key in ('global', 'server', 'localconfig')})
        services = vector.get('services', 'base')
        self._change({'services': base['services'] if services == 'base' else services})
        files = {path: content for path, (content, dummy) in package.files().items() if path != package.MAIN_CF}
        self._host = Memory(files, package.main_cf())
        self.daemon = None

    def _change(self, changed):
        """Change attributes ({attribute: [values]}, [] removes), local configuration and enabled services."""
        for kind in ('global', 'server'):
            self._provider.attributes[kind].update(changed.get(kind) or {})
        if changed.get('services'):
            self._provider.attributes['server'][SERVICES] = changed['services']
        for entry in self._provider.attributes.values():
            for name in [name for name, values in entry.items() if not values]:
                del entry[name]
        for key, value in (changed.get('localconfig') or {}).items():
            text = ' '.join(value) if isinstance(value, list) else value
            self._provider.local.pop(key, None)
            if value:
                self._provider.local[key] = text

    def event(self, event):
        self._change(event.get('changed') or {})
        self._host.main_cf.update(event.get('manual_postconf_before') or {})
        self._host.forget()
        name = event['event']
        rewrite = REWRITE.fullmatch(name)
        if rewrite and _one_shot(name):
            return self.run(first=True, forced=rewrite['sections'].split())
        if rewrite:
            return self.run(request=f'REWRITE {rewrite["sections"]}')
        if name not in ('first-run', 'poll', 'poll-after-change'):
            raise ValueError(f'event not understood: {name}')
        return self.run(first=name == 'first-run')

    def run(self, first=False, forced=(), request=None):
        """Have one loop run: of a new daemon, or of that which runs."""
        if first:
            self.daemon = Daemon(self._provider, self._host, forced=forced)
        if self.daemon is None:
            raise ValueError('no daemon runs')
        observed = self._observed(request)
        if forced:
            self.daemon = None
        return observed

    def _observed(self, request):
        daemon, host = self.daemon, self._host
        error, reply = None, None
        before = daemon.served

        def loop():
            nonlocal error
            try:
                daemon.loop()
            except Exception as problem:
                error = problem

        def serve():
            loop()
            if daemon.served == before:
                raise TimeoutError('nobody answers')

        if request:
            try:
                reply = listener.answer(daemon, request, serve)
            except TimeoutError:
                pass
        else:
            loop()
        return Observed(
            passed=dict(host.passed),
            removed=list(host.removed),
            failed=list(host.failed),
            written=set(host.written) - set(MAPPED_FILES.values()),
            commands=list(host.commands),
            main_cf=dict(host.main_cf),
            files=dict(host.files),
            unfinished=sorted(daemon.unfinished),
            impossible=sorted(daemon.impossible),
            error=error,
            reply=reply,
        )
