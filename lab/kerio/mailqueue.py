# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue: on disk, tried by times of Smtp.get, ended by a delivery or a bounce."""

from __future__ import annotations

import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import bounces, message

WORKERS = 8
PAUSE = 0.5


@dataclass
class Queued:
    """A message with the recipients that it is still for."""

    identity: str
    sender: str
    recipients: list
    service: str
    created: float
    next_try: float = 0.0
    tagged: bool = False
    warned: bool = False
    # Addresses that it was for already, on the way through aliases and forwardings.
    seen: list = field(default_factory=list)
    status: str = ''
    user: str = ''
    address: str = ''
    raw: bytes = b''

    def shown(self) -> dict:
        """As MessageInQueue."""
        return {
            'id': self.identity,
            'creationTime': time.strftime('%d/%b/%Y %H:%M:%S', time.localtime(self.created)),
            'nextTry': time.strftime('%d/%b/%Y %H:%M:%S', time.localtime(self.next_try)),
            'messageSize': {'value': len(self.raw), 'units': 'Bytes'},
            'from': self.sender,
            'to': ', '.join(self.recipients),
            'status': self.status,
            'authSender': self.user,
            'senderIp': self.address,
        }


class Queue:
    """Runs from start() to stop(); `deliver` does one attempt and returns {recipient: (code, text)} of what is left.

    A code of 500 or more is for good.
    """

    def __init__(self, state, deliver):
        self.state = state
        self.deliver = deliver
        self.folder = state.folder / 'store/queue'
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.messages: dict[str, Queued] = {}
        self.busy: set[str] = set()
        self.wake = threading.Event()
        self.ending = False
        self.workers = None
        self.thread = None

    def start(self):
        for path in sorted(self.folder.glob('*.json')):
            found = Queued(**json.loads(path.read_text(encoding='utf-8')), raw=path.with_suffix('.eml').read_bytes())
            self.messages[found.identity] = found
        self.ending = False
        self.workers = ThreadPoolExecutor(WORKERS)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self):
        self.ending = True
        self.wake.set()
        self.thread.join(10)
        self.workers.shutdown(wait=True, cancel_futures=True)
        with self.lock:
            self.messages.clear()
            self.busy.clear()

    # --- what others do with it

    def add(self, sender, recipients, raw, service, **more) -> Queued:
        """Takes a message over; when this returns it is on the disk."""
        now = time.time()
        identity = f'{int(now):08x}-{secrets.token_hex(4)}'
        added = Queued(identity, sender, list(recipients), service, now, raw=raw, **more)
        self._save(added)
        with self.lock:
            self.messages[identity] = added
        self._log_received(added)
        self.state.journal.count('storedInQueue', 'received')
        self.wake.set()
        return added

    def waiting(self) -> list[Queued]:
        with self.lock:
            return sorted(self.messages.values(), key=lambda one: one.created)

    def run_now(self, identities=None) -> None:
        with self.lock:
            for one in self.messages.values():
                if identities is None or one.identity in identities:
                    one.next_try = 0.0
        self.wake.set()

    # --- the run

    def _run(self):
        while not self.ending:
            now = time.time()
            with self.lock:
                due = [one for one in self.messages.values() if one.next_try <= now and one.identity not in self.busy]
                self.busy |= {one.identity for one in due}
                later = [one.next_try - now for one in self.messages.values() if one.identity not in self.busy]
            for one in due:
                self.workers.submit(self._try, one)
            self.wake.wait(max(0.01, min([PAUSE, *later])))
            self.wake.clear()

    def _try(self, one):
        try:
            left = self.deliver(one)
            self._settle(one, left)
        except Exception as error:  # what must not end the queue is written down
            self.state.journal.log('error', f'{one.identity}: {type(error).__name__}: {error}')
            self.state.journal.violation(f'the double itself failed: {type(error).__name__}: {error}')
            one.next_try = time.time() + PAUSE
        finally:
            with self.lock:
                self.busy.discard(one.identity)
            self.wake.set()

    def _settle(self, one, left):
        settings, now = self.state.data['smtp'], time.time()
        failed = {recipient: reply for recipient, reply in left.items() if reply[0] >= 500}
        waiting = {recipient: reply for recipient, reply in left.items() if reply[0] < 500}
        if waiting and now - one.created > self.state.seconds(settings['bounceInterval']):
            failed.update(waiting)
            waiting = {}
        if failed:
            self._bounce(one, failed, 'failed')
        if waiting and not one.warned and now - one.created > self.state.seconds(settings['warningInterval']):
            one.warned = True
            self._bounce(one, waiting, 'delayed')
        one.recipients = list(waiting)
        one.status = '; '.join(sorted({text for dummy, text in waiting.values()}))
        one.next_try = now + self.state.seconds(settings['retryInterval'])
        if waiting:
            self._save(one)
        else:
            self._forget(one)

    def _bounce(self, one, replies, report):
        self.state.journal.count('deliveryStatus.failure' if report == 'failed' else 'deliveryStatus.delay')
        if one.sender:
            raw = bounces.notice(self.state, one.sender, replies, report, one.raw)
            self.add('', [one.sender], raw, 'DSN')

    # --- the disk

    def _save(self, one):
        path = self.folder / f'{one.identity}.json'
        body = path.with_suffix('.eml')
        if not body.exists():
            body.write_bytes(one.raw)
        known = {key: value for key, value in asdict(one).items() if key != 'raw'}
        _replace(path, json.dumps(known))

    def _forget(self, one):
        with self.lock:
            self.messages.pop(one.identity, None)
        (self.folder / f'{one.identity}.json').unlink(missing_ok=True)
        (self.folder / f'{one.identity}.eml').unlink(missing_ok=True)

    def _log_received(self, one):
        who = f', User: {one.user}' if one.user else ''
        host = f', Sender-Host: {one.address}' if one.address else ''
        subject = ''.join(f', Subject: {value}' for value in message.values(one.raw, 'Subject')[:1])
        self.state.journal.log(
            'mail',
            f'Recv: Queue-ID: {one.identity}, Service: {one.service}, From: <{one.sender}>, '
            f'To: <{", ".join(one.recipients)}>, Size: {len(one.raw)}{host}{who}{subject}',
        )


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix('.new')
    new.write_text(text, encoding='utf-8')
    new.replace(path)
