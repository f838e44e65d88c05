# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be learned from a mail server without sending it mail: the facts, not yet judged."""

from __future__ import annotations

import concurrent.futures
import contextlib
import queue
import socket
import ssl
import threading
import time

from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.names import host, is_address, matching_name
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.tls import (
    CLIENT_CERTIFICATE,
    certificate_facts,
    chain_error,
    decoded,
    handshake_stopped,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._smtp.wire import Clock, Stopped, Wire, shown

FAMILIES = {'any': socket.AF_UNSPEC, 'ipv4': socket.AF_INET, 'ipv6': socket.AF_INET6}


class Facts(dict):
    """The facts of one server, and the trouble met on the way. What could not be found out stays None."""

    def __init__(self, server, settings):
        super().__init__(
            host=server,
            port=settings['port'],
            address=None,
            tls_name=settings['tls_name'] or server,
            reachable=False,
            banner=None,
            extensions=[],
            starttls_offered=None,
            tls_negotiated=None,
            chain_verified=None,
            name_verified=None,
            matched_name=None,
            client_certificate_requested=None,
            tls_version=None,
            cipher=None,
            certificate={},
            plaintext_injected=None,
            recipients=[],
            timings={},
        )
        self.troubles = []
        # The certificate (DER), kept until the conversation is over: the server should not wait while it is read.
        self.unread = None

    def trouble(self, kind, finding, seen=None, hint=None):
        self.troubles.append({'kind': kind, 'finding': finding, 'seen': seen, 'hint': hint})


def resolve(name, settings, clock):
    """Addresses of the server as socket.getaddrinfo() returns them, within the step's time, which getaddrinfo() knows
    nothing of."""
    family = FAMILIES[settings['address_family']]
    if is_address(name):
        try:
            return socket.getaddrinfo(name, settings['port'], family, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        except socket.gaierror as error:
            raise Stopped(
                'resolve', 'the address is not of the wanted family ({})'.format(settings['address_family'])
            ) from error
    answers = queue.Queue()

    def ask():
        try:
            answers.put(socket.getaddrinfo(name, settings['port'], family, socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=clock.left())
    except queue.Empty:
        raise clock.expired() from None
    if isinstance(answer, OSError):
        raise Stopped('resolve', f'the host name has no address ({answer.strerror})') from answer
    return answer


def connect(candidates, settings, clock):
    """A socket to the first address that accepts a connection, and that address."""
    source = settings['source_address']
    if source:
        family = socket.AF_INET6 if ':' in source else socket.AF_INET
        candidates = [candidate for candidate in candidates if candidate[0] == family]
        if not candidates:
            raise Stopped('source_address', f'the server has no address of the family of source_address {source}')
    refusals = []
    for candidate in candidates:
        address = candidate[4][0]
        clock.start('connect')
        try:
            sock = _dial(candidate, source, clock)
        except socket.timeout:
            refusals.append(f'{address}: no answer within {clock.timeout:g} s')
        except OSError as error:
            refusals.append(f'{address}: {error.strerror}')
        else:
            clock.finish()
            return sock, address
    if time.monotonic() >= clock.deadline:
        raise clock.expired('; '.join(refusals))
    raise Stopped('connect', 'no connection to port {}'.format(settings['port']), '; '.join(refusals))


def _dial(candidate, source, clock):
    family, kind, protocol, _canonical, address = candidate
    with contextlib.ExitStack() as undo:
        sock = undo.enter_context(socket.socket(family, kind, protocol))
        if source:
            try:
                sock.bind((source, 0))
            except OSError as error:
                raise Stopped('source_address', f'source_address {source} cannot be used ({error.strerror})') from error
        sock.settimeout(clock.left())
        sock.connect(address)
        # Each command is a segment of its own that the server is waiting for.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        undo.pop_all()
        return sock


def helo_name(settings, sock):
    """The name to greet with: as RFC 5321 4.1.3 wants, an address literal for a host without a full name."""
    if settings['helo_name']:
        return settings['helo_name']
    try:
        name = host(socket.gethostname())
    except ValueError:
        name = ''
    if '.' in name and not is_address(name):
        return name
    address = sock.getsockname()[0].partition('%')[0]
    return f'[IPv6:{address}]' if ':' in address else f'[{address}]'


class Conversation:
    """One connection, from the greeting to QUIT."""

    def __init__(self, facts, settings, clock, sock, tls_context):
        self.facts = facts
        self.settings = settings
        self.clock = clock
        self.wire = Wire(sock, clock)
        self.helo = helo_name(settings, sock)
        self.tls_context = tls_context
        self.handshake = None

    def run(self):
        """Raises Stopped, or ssl.SSLCertVerificationError."""
        try:
            self._greet()
            if self.facts['starttls_offered']:
                self._start_tls()
            self._probe()
        except Stopped as stop:
            if stop.polite:
                self._quit()
            raise
        else:
            self._quit()
        finally:
            self.wire.close()

    def _ehlo(self, step):
        self.clock.start(step)
        reply = self.wire.command('EHLO ' + self.helo)
        if not reply.positive:
            raise Stopped(step, 'the server refused EHLO', str(reply), polite=True)
        self.clock.finish()
        self.facts['extensions'] = reply.lines[1:]

    def _greet(self):
        self.clock.start('banner')
        reply = self.wire.reply()
        self.facts['banner'] = str(reply)
        if not reply.positive:
            raise Stopped('banner', 'the server refuses service', str(reply), polite=True)
        self.clock.finish()
        self._ehlo('ehlo')
        self.facts['reachable'] = True
        self.facts['starttls_offered'] = any(
            line.split()[:1] == ['STARTTLS'] for line in (text.upper() for text in self.facts['extensions'])
        )

    def _start_tls(self):
        self.clock.start('starttls')
        reply = self.wire.command('STARTTLS')
        if not reply.positive:
            self.facts['tls_negotiated'] = False
            raise Stopped('starttls', 'the server offers STARTTLS, but refused it', str(reply), polite=True)
        self.clock.finish()
        self.clock.start('handshake')
        try:
            # Python indicates names only, no addresses.
            injected = self.wire.start_tls(self.tls_context, self.facts['tls_name'], self._noted)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            self.facts['tls_negotiated'] = False
            raise handshake_stopped(error, self.handshake) from error
        except Stopped:
            self.facts['tls_negotiated'] = False
            raise
        self.clock.finish()
        self._note_tls(injected)
        try:
            self._ehlo('ehlo_tls')
        except Stopped as stop:
            # With TLS 1.3 a server that does not like our certificate says so after the client has finished its
            # handshake.
            if stop.kind == 'tls':
                self.facts['tls_negotiated'] = False
            if self.handshake.client_certificate_requested:
                stop.hint = CLIENT_CERTIFICATE
            raise

    def _noted(self, handshake):
        self.handshake = handshake

    def _note_tls(self, injected):
        self.facts['plaintext_injected'] = shown(injected) if injected else None
        self.facts['tls_negotiated'] = True
        self.facts['client_certificate_requested'] = self.handshake.client_certificate_requested
        self.facts['tls_version'] = self.handshake.version()
        self.facts['cipher'] = self.handshake.cipher()[0]
        if self.facts['chain_verified'] is None:
            self.facts['chain_verified'] = True
        if not self.facts['certificate']:
            self.facts.unread = self.handshake.getpeercert(True)

    def _probe(self):
        """Ask for each recipient in a transaction of its own, which ends before any data."""
        for recipient in self.settings['recipients']:
            step, reply = 'mail', self._ask('MAIL FROM:<{}>'.format(self.settings['mail_from']))
            if reply.positive:
                step, reply = 'rcpt', self._ask(f'RCPT TO:<{recipient}>')
            self.facts['recipients'].append(
                {'recipient': recipient, 'step': step, 'code': reply.code, 'reply': str(reply)}
            )
            self._ask('RSET')

    def _ask(self, command):
        self.clock.start('probe')
        reply = self.wire.command(command)
        self.clock.finish()
        return reply

    def _quit(self):
        self.clock.start('quit')
        try:
            self.wire.command('QUIT')
            self.wire.end_tls()
        except Stopped:
            return  # Everything is known by now; how the server takes its leave changes nothing.


def note_certificate(facts, der):
    """Put what the certificate says into the facts."""
    try:
        certificate = decoded(der)
        facts['certificate'] = certificate_facts(der, certificate)
    except (ValueError, OSError, OverflowError) as error:
        facts.trouble('certificate', 'the certificate cannot be read', str(error))
        return
    facts['matched_name'] = matching_name(certificate, facts['tls_name'])
    facts['name_verified'] = facts['matched_name'] is not None


def examine(server, settings, contexts, deadline):
    """The facts of one server.

    A server whose chain is not verified is asked again without verification, since OpenSSL ends the first handshake
    there: what else there is to know comes from the second connection, the verdict and the certificate from the first.

    Args:
        server: as _smtp_names.host() returns it.
        settings: the module's options.
        contexts: TLS contexts: the one that verifies, the one that does not.
        deadline: the time.monotonic() at which everything has to be over.
    """
    facts = Facts(server, settings)
    clock = Clock(settings['timeout'], deadline)
    started = time.monotonic()
    try:
        clock.start('resolve')
        candidates = resolve(server, settings, clock)
        clock.finish()
        sock, facts['address'] = connect(candidates, settings, clock)
        conversation = Conversation(facts, settings, clock, sock, contexts[0])
        try:
            conversation.run()
        except ssl.SSLCertVerificationError as error:
            facts['chain_verified'] = False
            if conversation.handshake.shown_certificate:
                note_certificate(facts, conversation.handshake.shown_certificate)
            finding, hint = chain_error(error, facts['certificate'])
            facts.trouble('chain', finding, f'OpenSSL: {error.verify_message} ({error.verify_code})', hint)
            same = [candidate for candidate in candidates if candidate[4][0] == facts['address']]
            sock, _address = connect(same, settings, clock)
            Conversation(facts, settings, clock, sock, contexts[1]).run()
    except Stopped as stop:
        facts.trouble(stop.kind, stop.finding, stop.seen, stop.hint)
    if facts.unread:
        note_certificate(facts, facts.unread)
    facts['timings'] = dict(clock.timings, total=round(time.monotonic() - started, 4))
    return facts


def examine_all(settings, contexts):
    """The facts of all servers, asked side by side."""
    deadline = time.monotonic() + settings['deadline']
    servers = settings['hosts']
    with concurrent.futures.ThreadPoolExecutor(min(settings['concurrency'], len(servers))) as pool:
        return list(pool.map(lambda server: examine(server, settings, contexts, deadline), servers))
