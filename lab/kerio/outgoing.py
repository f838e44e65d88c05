# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMTP client: TLS if the other end offers it and whatever it shows, clear text if not or if TLS fails."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass, field

TIMEOUT = 15


class NoTls(Exception):
    """TLS was offered, and did not come about."""


@dataclass
class Outcome:
    """Recipient -> (code, text); codes below 400 are deliveries."""

    replies: dict = field(default_factory=dict)
    tls: str = ''
    address: str = ''


def targets(world, route) -> list[tuple[str, int]]:
    """The addresses of a route.

    Raises:
        OSError: there are none, at present or at all.
    """
    if route.way == 'mx':
        if route.host in world.exchangers:
            return [tuple(world.exchangers[route.host])]
        return _by_dns(route.host) if world.dns else _nobody(route.host)
    for key in ((route.host, route.port), route.host):
        if key in world.hosts:
            found = world.hosts[key]
            return [(found, route.port) if isinstance(found, str) else tuple(found)]
    return [(route.host, route.port)]


def _nobody(host):
    raise OSError(f'{host} has no mail exchanger')


def _by_dns(host):
    import dns.exception
    import dns.resolver

    try:
        answers = sorted(dns.resolver.resolve(host, 'MX'), key=lambda one: one.preference)
        return [(str(one.exchange).rstrip('.'), 25) for one in answers]
    except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
        return [(host, 25)]
    except dns.exception.DNSException as error:
        raise OSError(f'{host}: {error}') from error


def send(state, route, sender: str, recipients: list[str], raw: bytes) -> Outcome:
    """Tries the addresses of a route until one answers.

    Returns:
        Outcome, also when none did: code 421 for all recipients.
    """
    problem = ''
    try:
        for address, port in targets(state.world, route):
            for tls in (True, False) if state.data['smtp']['useSSL'] else (False,):
                try:
                    return _attempt(state, route, (address, port), tls, sender, recipients, raw)
                except NoTls as error:
                    # Nothing of the message was said yet: once more, and in clear text.
                    problem = str(error)
                except (OSError, smtplib.SMTPException) as error:
                    problem = _said(error)
                    break
    except OSError as error:
        problem = str(error)
    return Outcome(dict.fromkeys(recipients, (421, problem)))


def _said(error):
    if isinstance(error, smtplib.SMTPResponseException):
        return f'{error.smtp_code} {_text(error.smtp_error)}'
    return f'{type(error).__name__}: {error}'


def _text(said):
    return said.decode('utf-8', 'replace') if isinstance(said, bytes) else str(said)


def _attempt(state, route, place, tls, sender, recipients, raw):
    client = smtplib.SMTP(local_hostname=state.data['hostname'], timeout=TIMEOUT)
    try:
        code, text = client.connect(*place)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        client.ehlo_or_helo_if_needed()
        outcome = Outcome(address=socket.gethostbyname(place[0]))
        if tls and client.has_extn('starttls'):
            outcome.tls = _start_tls(state, client, route.host)
        if route.log_in:
            client.login(route.user, route.password)
        options = ['body=8bitmime'] if client.has_extn('8bitmime') else []
        if not all(address.isascii() for address in (sender, *recipients)):
            options.append('smtputf8')
        code, text = client.mail(sender, options)
        if code >= 400:
            outcome.replies = {recipient: (code, _text(text)) for recipient in recipients}
            return outcome
        for recipient in recipients:
            code, text = client.rcpt(recipient)
            outcome.replies[recipient] = (code, _text(text))
        accepted = [recipient for recipient, (code, dummy) in outcome.replies.items() if code < 400]
        if accepted:
            code, text = client.data(raw)
            outcome.replies.update({recipient: (code, _text(text)) for recipient in accepted})
        return outcome
    finally:
        try:
            client.quit()
        except (smtplib.SMTPException, OSError):
            client.close()


def _start_tls(state, client, name):
    # What the certificate is asked for, where it is asked at all.
    client._host = name
    try:
        client.starttls(context=_context(state))
        client.ehlo()
    except (OSError, smtplib.SMTPException) as error:
        raise NoTls(_said(error)) from error
    return client.sock.version()


def _context(state):
    if state.profile.relay_certificate == 'verified':
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
