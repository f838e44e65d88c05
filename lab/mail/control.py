# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the SMTP server shall misbehave: what control.json says at the moment."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

WORK = Path('/var/lab')
CERTIFICATES = Path('/etc/ssl/lab')
# Which certificate is shown in which mode; every other mode shows the right one.
CERTIFICATE_MODES = ('wrong_name', 'unknown_ca', 'expired', 'self_signed', 'renewed')
REPLIES = {'tempfail': '451 4.3.0 the lab says: try again later', 'reject': '550 5.7.1 the lab says: not accepted'}
DEFAULT_STAGE = {'tempfail': 'rcpt', 'reject': 'rcpt', 'hang': 'connect'}


class Control:
    """control.json as last read; sessions ask it, the watcher reads it."""

    def __init__(self):
        self.values = {}
        self.seen = None
        self.read()

    def read(self):
        """Read the file if it changed; whether it did. It is replaced, never edited: a new one has another inode."""
        status = (WORK / 'control.json').stat()
        if (key := (status.st_ino, status.st_mtime_ns)) == self.seen:
            return False
        self.seen = key
        self.values = json.loads((WORK / 'control.json').read_text())
        return True

    @property
    def mode(self):
        return self.values['mode']

    def reply_at(self, stage):
        """The refusal for this stage of the dialogue, or `hang`, or None."""
        if self.mode not in DEFAULT_STAGE or self.values.get('stage', DEFAULT_STAGE[self.mode]) != stage:
            return None
        return 'hang' if self.mode == 'hang' else REPLIES[self.mode]

    def tls_context(self):
        if self.mode == 'no_starttls':
            return None
        name = self.mode if self.mode in CERTIFICATE_MODES else 'server'
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f'{name}.pem', CERTIFICATES / f'{name}.key')
        # Both CAs of the lab are loaded so that a certificate of the wrong one can be recorded rather than break the
        # handshake.
        context.load_verify_locations(CERTIFICATES / 'ca.pem')
        context.load_verify_locations(CERTIFICATES / 'unknown-ca.pem')
        context.verify_mode = ssl.CERT_OPTIONAL
        # Every connection must do the whole handshake: what it shows is what is recorded.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
        return context
