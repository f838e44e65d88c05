# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP server that records what it is sent and misbehaves on demand, in the containers of gateway and internet.

Its one argument is a JSON object: hostname, listeners (address -> name), add_addresses. What it shall do is in
control.json, what it was sent goes to deliveries.jsonl and sessions.jsonl.
"""

from __future__ import annotations

import asyncio
import base64
import email
import json
import re
import socket
import subprocess
import sys
import time

from aiosmtpd.smtp import SMTP, TLSSetupException
from control import WORK, Control

PORT = 25
POLL = 0.05
TOKEN = re.compile(r'flow-[0-9a-z]+')
DSN_PARAMETERS = ('RET', 'ENVID', 'NOTIFY', 'ORCPT')


class Session(SMTP):
    """One connection."""

    # As most servers: longer than RFC 5321 has it (4.5.3.1.6). Whether a line was cut on its way must show.
    line_length_limit = 2**16

    def __init__(self, control, settings, sessions):
        super().__init__(
            self,
            hostname=settings['hostname'],
            ident='ESMTP lab',
            enable_SMTPUTF8=True,
            data_size_limit=2**27,
            # Who offers AUTH has to take the AUTH parameter (RFC 4954), which aiosmtpd does not.
            auth_exclude_mechanism=['LOGIN', 'PLAIN'],
            tls_context=control.tls_context(),
            loop=asyncio.get_running_loop(),
        )
        self.control = control
        self.settings = settings
        self.sessions = sessions
        self.facts = {
            'time': time.time(),
            'mode': control.mode,
            'helo': None,
            'commands': [],
            'clear': False,
            'seen': [],
            'tls': None,
            'tls_error': None,
            'client_certificate': None,
            'deliveries': 0,
        }
        self.parameters = {}

    async def _handle_client(self):
        # Only here, because a failed handshake ends without connection_lost.
        self.sessions.add(self)
        self.facts['listener'] = self.settings['listeners'].get(
            _plain(self.transport.get_extra_info('sockname')[0]), self.settings['hostname']
        )
        self.facts['peer'] = _plain(self.session.peer[0])
        try:
            if (reply := await self.verdict('connect')) is not None:
                await self.push('421' + reply[3:])
                self.transport.close()
                return
            await super()._handle_client()
        finally:
            self.sessions.discard(self)
            _append('sessions.jsonl', self.facts)

    async def verdict(self, stage):
        reply = self.control.reply_at(stage)
        if reply != 'hang':
            return reply
        # Until the mode changes: then the watcher closes the connection.
        await asyncio.sleep(3600)
        return None

    def end(self):
        if self.transport is not None:
            self.transport.close()

    async def smtp_STARTTLS(self, arg):
        self.facts['commands'].append('STARTTLS')
        try:
            await super().smtp_STARTTLS(arg)
        except TLSSetupException as error:
            self.facts['tls_error'] = f'{type(error.__cause__).__name__}: {error.__cause__}'
            raise
        if self.session.ssl:
            # The client's next command may wait for the ACK of its handshake (40 ms), and nothing is sent that could
            # carry it.
            self._original_transport.get_extra_info('socket').setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            tls = self.session.ssl['ssl_object']
            self.facts['tls'] = f'{tls.version()} {tls.cipher()[0]}'
            self.facts['client_certificate'] = _certificate(tls.getpeercert())

    async def smtp_MAIL(self, arg):
        self._note('MAIL', arg)
        address, self.parameters['mail'] = _split(arg)
        self.parameters['rcpt'] = {}
        if (reply := await self.verdict('mail')) is not None:
            await self.push(reply)
            return
        await super().smtp_MAIL(_without_dsn(arg))

    async def smtp_RCPT(self, arg):
        self._note('RCPT', arg)
        address, parameters = _split(arg)
        if (reply := await self.verdict('rcpt')) is None and _domain(address) in self.control.values.get(
            'reject_domains', []
        ):
            reply = f'550 5.1.1 <{address}>: the lab knows no such recipient'
        if reply is not None:
            await self.push(reply)
            return
        self.parameters['rcpt'][address] = parameters
        await super().smtp_RCPT(_without_dsn(arg))

    async def smtp_DATA(self, arg):
        self._note('DATA', arg)
        if (reply := await self.verdict('data')) is not None:
            await self.push(reply)
            return
        await super().smtp_DATA(arg)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = self.facts['helo'] = hostname
        responses.insert(-1, '250-DSN')
        return responses

    async def handle_HELO(self, server, session, envelope, hostname):
        session.host_name = self.facts['helo'] = hostname
        return f'250 {self.hostname}'

    async def handle_DATA(self, server, session, envelope):
        if (reply := await self.verdict('end-of-data')) is not None:
            return reply
        raw = envelope.original_content
        try:
            text, encoding = raw.decode('utf-8'), 'utf-8'
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(raw).decode(), 'base64'
        message = email.message_from_bytes(raw)
        self.facts['deliveries'] += 1
        _append(
            'deliveries.jsonl',
            {
                **{
                    key: self.facts[key]
                    for key in ('mode', 'listener', 'peer', 'helo', 'clear', 'tls', 'client_certificate')
                },
                'time': time.time(),
                'sender': '' if envelope.mail_from == '<>' else envelope.mail_from,
                'mail_options': self.parameters['mail'],
                'recipients': [
                    {'address': rcpt, 'options': self.parameters['rcpt'].get(rcpt, [])} for rcpt in envelope.rcpt_tos
                ],
                'token': _token(message, raw),
                'headers': [[name, str(value)] for name, value in message.items()],
                'raw': text,
                'raw_encoding': encoding,
            },
        )
        return '250 2.0.0 the lab has it'

    def _note(self, verb, arg):
        self.facts['commands'].append(verb)
        if not self.session.ssl:
            self.facts['clear'] = True
            self.facts['seen'].append(f'{verb} {arg or ""}'.rstrip())


def _split(arg):
    """FROM:<a@b> X=1 Y  ->  a@b, [X=1, Y], in the client's own letters."""
    found = re.match(
        r'\s*(?:FROM|TO):\s*<?((?:"(?:\\.|[^"])*"|[^>\s"])*)>?\s*(.*)$', arg or '', re.IGNORECASE | re.DOTALL
    )
    return (found.group(1), found.group(2).split()) if found else ('', [])


def _without_dsn(arg):
    """aiosmtpd knows no DSN and refuses its parameters."""
    if arg is None:
        return None
    address, parameters = _split(arg)
    for parameter in parameters:
        if parameter.split('=')[0].upper() in DSN_PARAMETERS:
            arg = arg.replace(' ' + parameter, '', 1)
    return arg


def _domain(address):
    return address.rpartition('@')[2].lower()


def _plain(address):
    return address.removeprefix('::ffff:')


def _certificate(peer):
    if not peer:
        return None
    subject, issuer = ({key: value for part in peer[field] for key, value in part} for field in ('subject', 'issuer'))
    return {
        'common_name': subject.get('commonName'),
        'names': [value for kind, value in peer.get('subjectAltName', ())],
        'issuer': issuer.get('organizationName'),
        'verified': issuer.get('organizationName', '').startswith('Lab CA'),
    }


def _token(message, raw):
    for text in (str(message.get('Subject', '')), str(message.get('Message-ID', '')), raw.decode('utf-8', 'replace')):
        if found := TOKEN.search(text):
            return found.group()
    return None


def _append(name, record):
    with open(WORK / name, 'a', encoding='utf-8') as file:
        file.write(json.dumps(record) + '\n')


async def serve(settings):
    control, sessions, server = Control(), set(), None
    loop = asyncio.get_running_loop()

    while True:
        if control.mode == 'down' and server:
            server.close()
            server = None
        elif control.mode != 'down' and not server:
            server = await loop.create_server(lambda: Session(control, settings, sessions), sock=_listener())
        # Those who set the mode wait for this.
        (WORK / 'state.tmp').write_text(json.dumps(control.values))
        (WORK / 'state.tmp').replace(WORK / 'state.json')
        while not control.read():
            await asyncio.sleep(POLL)
        # What a connection gets is what holds when it begins: those of the old mode end here.
        for session in list(sessions):
            session.end()


def _listener():
    listener = socket.create_server(('::', PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
    # asyncio does it only for sockets made with an explicit protocol number; without it every EHLO costs 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    return listener


def main():
    settings = json.loads(sys.argv[1])
    for address in settings['add_addresses']:
        subprocess.run(
            ['ip', 'address', 'replace', address, 'dev', 'eth0', *(['nodad'] if ':' in address else [])], check=True
        )
    asyncio.run(serve(settings))


if __name__ == '__main__':
    main()
