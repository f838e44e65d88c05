# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that does not give up: hands in one message after another and tells of every attempt.

Runs on a node of the lab; standard library only, its text is given to python3 there. The first line of standard input
is the order, as JSON. When standard input ends, the sender ends too, after the messages that it has begun. It prints
one JSON line when an attempt begins and one when it is over.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

TIMEOUT = 30
PAUSE = 0.5  # seconds between two attempts for one message
LANES = 4  # messages on their way at a time: one that has to be tried again does not hold up the others
CERTIFICATES = '/etc/ssl/lab'


class Sender:
    def __init__(self, order):
        self.order = order
        self.again = order['again']
        self.next = order['first']
        self.due = time.monotonic()
        self.ended = threading.Event()
        self.turn = threading.Lock()
        self.voice = threading.Lock()

    def send_all(self):
        threading.Thread(target=self._wait_for_the_end, daemon=True).start()
        with ThreadPoolExecutor(LANES) as pool:
            for lane in [pool.submit(self._lane) for dummy in range(LANES)]:
                lane.result()

    def _wait_for_the_end(self):
        sys.stdin.read()
        self.ended.set()

    def _lane(self):
        while True:
            number = self._take()
            if number is None:
                return
            self.send(number)

    def _take(self):
        """The number of the next message, when it is due."""
        with self.turn:
            if self.again:
                return self.again.pop()
            self.due = max(self.due, time.monotonic()) + self.order['interval']
            if self.ended.wait(max(0, self.due - time.monotonic())):
                return None
            self.next += 1
            return self.next - 1

    def send(self, number):
        message = self.order['messages'][number % len(self.order['messages'])]
        token = '{}{:04x}'.format(self.order['run'], number)
        content = base64.b64decode(message['content']).replace(self.order['placeholder'].encode(), token.encode())
        end = time.monotonic() + self.order['patience']
        while True:
            self._say(number=number, begun=time.time())
            outcome, text = attempt(message, content)
            self._say(number=number, ended=time.time(), outcome=outcome, text=text)
            if outcome == 'accepted' or time.monotonic() > end:
                return
            time.sleep(PAUSE)

    def _say(self, **event):
        with self.voice:
            print(json.dumps(event), flush=True)


def attempt(message, content):
    """accepted: the server has it. refused: it has not. unclear: it has all of it, and its answer did not come."""
    try:
        return (_sendmail if message['via'] == 'sendmail' else _smtp)(message, content)
    except (OSError, smtplib.SMTPException, subprocess.SubprocessError) as error:
        return 'refused', f'{type(error).__name__}: {error}'


def _sendmail(message, content):
    command = ['/usr/sbin/sendmail', '-i', '-f', message['from'], '--', *message['to']]
    try:
        done = subprocess.run(
            command,
            input=content.replace(b'\r\n', b'\n'),
            timeout=TIMEOUT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired as error:
        return 'unclear', str(error)
    # Sendmail's own command delivers as well: then a report of the failure has gone back, and it has the message no
    # more.
    return 'accepted' if done.returncode in (0, os.EX_NOUSER) else 'refused', '{} {}'.format(
        done.returncode,
        done.stdout.decode(errors='replace').strip(),
    )


def _smtp(message, content):
    server = smtplib.SMTP(message['host'], message['port'], timeout=TIMEOUT)
    try:
        return _dialogue(server, message, content)
    finally:
        # The message's fate is known; whether the server hears the farewell changes nothing.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()


def _dialogue(server, message, content):
    replies = [server.ehlo()]
    if message['tls']:
        replies += [server.starttls(context=_context(message['certificate'])), server.ehlo()]
    if message['user']:
        replies.append(server.login(message['user'], message['password']))
    if all(code < 300 for code, dummy in replies):
        replies += [server.mail(message['from'])] + [server.rcpt(recipient) for recipient in message['to']]
    for code, text in replies:
        if code >= 300:
            return 'refused', '{} {}'.format(code, text.decode(errors='replace'))
    code, text = server.docmd('DATA')
    if code == 354:
        try:
            # No line of ours begins with a dot.
            server.send(content + b'.\r\n')
            code, text = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return 'unclear', f'{type(error).__name__}: {error}'
    return 'accepted' if code == 250 else 'refused', '{} {}'.format(code, text.decode(errors='replace'))


def _context(certificate):
    # Who answers is not the question here. No default context: loading all of the system's CAs takes longer than
    # sending.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(f'{CERTIFICATES}/{certificate}.pem', f'{CERTIFICATES}/{certificate}.key')
    return context


if __name__ == '__main__':
    Sender(json.loads(sys.stdin.readline())).send_all()
