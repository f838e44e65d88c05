# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium, asked by its DevTools protocol over a pair of pipes: no port, no driver."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import subprocess
import tempfile

# Chromium reads commands there, and answers here.
COMMANDS, ANSWERS = 3, 4
ABOVE_THEM = 10
LOADED = """new Promise(done => document.readyState === 'complete' ? done(1)
  : addEventListener('load', () => done(1)))"""


class Page:
    """A page of a headless Chromium, until the end of a `with`.

    Args:
        url: of the page.
    """

    def __init__(self, url):
        self._url, self._numbers, self._session, self._rest = url, itertools.count(1), None, b''

    def __enter__(self):
        command = shutil.which('chromium')
        assert command, 'chromium is missing: scripts/bootstrap installs it'
        theirs, self._out = os.pipe()
        self._in, answers = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, ABOVE_THEM) for end in (theirs, answers)]
        self._profile = tempfile.TemporaryDirectory()

        def place():
            os.dup2(ends[0], COMMANDS)
            os.dup2(ends[1], ANSWERS)

        options = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe']
        self._process = subprocess.Popen(
            [command, *options, f'--user-data-dir={self._profile.name}', 'about:blank'],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=place,
            pass_fds=(COMMANDS, ANSWERS),
        )
        for end in (theirs, answers, *ends):
            os.close(end)
        target = self.ask('Target.createTarget', url='about:blank')['targetId']
        self._session = self.ask('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        return self

    def __exit__(self, *dummy):
        self._process.terminate()
        self._process.wait(30)
        os.close(self._out)
        os.close(self._in)
        self._profile.cleanup()

    def ask(self, method, **parameters):
        """Return what the protocol answers to one command."""
        number = next(self._numbers)
        message = {'id': number, 'method': method, 'params': parameters}
        if self._session:
            message['sessionId'] = self._session
        os.write(self._out, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._answer()
            if answer.get('id') == number:
                assert 'error' not in answer, answer['error']
                return answer['result']

    def _answer(self):
        while b'\0' not in self._rest:
            data = os.read(self._in, 1 << 16)
            assert data, 'chromium has ended'
            self._rest += data
        text, dummy, self._rest = self._rest.partition(b'\0')
        return json.loads(text)

    def open(self, width, scheme):
        """Show the page at a width, in a colour scheme, with all that can be unfolded open."""
        self.ask('Emulation.setDeviceMetricsOverride', width=width, height=2000, deviceScaleFactor=1, mobile=False)
        self.ask('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        self.ask('Page.navigate', url=self._url)
        self.run(LOADED)
        self.run("document.querySelectorAll('details').forEach(each => { each.open = true; }); 1")

    def run(self, script):
        """Return the value of an expression."""
        found = self.ask('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in found, found['exceptionDetails']
        return found['result']['value']

    def tree(self):
        """Return what a screen reader is told: role and name of each node that it does not pass by."""
        self.ask('Accessibility.enable')
        nodes = self.ask('Accessibility.getFullAXTree')['nodes']
        return [
            (node['role']['value'], node.get('name', {}).get('value', '')) for node in nodes if not node.get('ignored')
        ]
