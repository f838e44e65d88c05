# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double as a whole: the interface and the mail side on one state."""

from __future__ import annotations

import hashlib
import ssl
import threading
from pathlib import Path

import trustme

from .defaults import identity
from .mail import Mail
from .profiles import Profile
from .rpc import Api
from .state import State, World
from .web import Administration

ADMIN_PORT = 4040
PASSWORD = 'lab-admin-password'


class Double:
    """A server in a directory of its own, from start() to stop(); a context manager.

    What is there after stop() is what start() finds: configuration, mailboxes, queue.
    """

    def __init__(self, folder: Path, profile: Profile | None = None, world: World | None = None, first_run=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = State(profile or Profile(), self.folder, world)
        self.certificate = self.folder / 'sslcert/server.pem'
        if not self.state.file.exists():
            self.state.data['firstRun'] = first_run
            self.state.data['hostname'] = 'mail.example.com'
            if not first_run:
                self.state.data['remote']['builtInAdminPassword'] = PASSWORD
        self._certify()
        self.api: Api | None = None
        self.mail: Mail | None = None
        self.web: Administration | None = None

    def _certify(self):
        if not self.certificate.exists():
            self.certificate.parent.mkdir(exist_ok=True)
            name = self.state.data['hostname']
            authority = trustme.CA(organization_name='Lab double of Kerio Connect')
            leaf = authority.issue_cert(name, '127.0.0.1', common_name=name)
            self.certificate.touch(mode=0o600)
            self.certificate.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
            (self.certificate.parent / 'ca.pem').write_bytes(authority.cert_pem.bytes())
        self.state.data['certificates'] = [self._described()]

    def _described(self):
        text = self.certificate.read_text(encoding='ascii')
        source = text[text.index('-----BEGIN CERTIFICATE') :]
        source = source[: source.index('-----END CERTIFICATE-----') + 26]
        described = self.state.schema.zero('Certificate')
        described.update(
            id=identity('certificate'),
            name='server',
            fingerprintSha256=hashlib.sha256(ssl.PEM_cert_to_DER_cert(source)).hexdigest(),
            type='ActiveCertificate',
            isUntrusted=True,
            valid=True,
            _source=source,
        )
        return described

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return self.state.data['certificates'][0]['fingerprintSha256']

    @property
    def ca_file(self) -> Path:
        return self.certificate.parent / 'ca.pem'

    # --- life

    def start(self):
        self.mail = Mail(self.state, self.certificate)
        self.api = Api(self.state, self.mail)
        self.mail.start()
        self._administration(ADMIN_PORT if self.state.world.real_ports else 0)
        self.state.changed.append(self._after_first_run)
        return self

    def _administration(self, port):
        certificate = None if self.state.data['firstRun'] else self.certificate
        self.web = Administration(self.api, (self.state.world.address, port), certificate)

    def stop(self):
        self.api.stopping.set()
        self.web.stop()
        self.mail.stop()
        self.state.changed.clear()
        self.state.save()

    def restart(self):
        """As the service does it: sessions and open connections end, ports stay."""
        port = self.web.port
        self.stop()
        self.state.load()
        self._certify()
        self.mail = Mail(self.state, self.certificate)
        self.api = Api(self.state, self.mail)
        self.mail.start()
        self._administration(port)
        self.state.changed.append(self._after_first_run)

    def _after_first_run(self, part):
        if part == 'restart':
            # Not in the thread of the call that asked for it.
            threading.Thread(target=self._with_tls, daemon=True).start()

    def _with_tls(self):
        port = self.web.port
        self.web.stop()
        self._administration(port)

    def __enter__(self):
        return self.start()

    def __exit__(self, *dummy):
        self.stop()

    # --- what a test asks

    def port(self, service='SMTP', configured=25) -> int:
        """Where the listener of a service is that is configured on a port."""
        return self.mail.ports[service, configured]

    def secrets(self) -> list[str]:
        """What may stand in no output: passwords, tokens, cookies."""
        data = self.state.data
        found = [data['remote']['builtInAdminPassword']]
        found += [user[key] for user in data['users'] for key in ('password', '_application_password') if user.get(key)]
        found += [rule['authentication']['password'] for rule in data['relay_rules']]
        found += [text for session in self.api.sessions.all for text in (session.identity, session.token)]
        return [text for text in found if text]

    def complaints(self) -> list[str]:
        """Everything by which a client has failed, whatever it was answered."""
        open_ones = self.api.sessions.left_open()
        return [*self.state.journal.violations, *('a session was left without a log-out' for dummy in open_ones)]
