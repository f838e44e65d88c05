# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends messages as told by a list of JSON objects on standard input; says in JSON how far each came. Runs in gateway
and internet."""

from __future__ import annotations

import base64
import json
import smtplib
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor

CERTIFICATES = '/etc/ssl/lab'
AT_ONCE = 4


def main():
    with ThreadPoolExecutor(AT_ONCE) as pool:
        json.dump(list(pool.map(send, json.load(sys.stdin))), sys.stdout)


def send(order):
    result = {'accepted': False, 'stage': 'connect', 'code': None, 'text': '', 'tls': None, 'refused': {}}
    try:
        _send(order, result)
    except smtplib.SMTPResponseException as error:
        _said(result, error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        result['text'] = f'{type(error).__name__}: {error}'
    return result


def _send(order, result):
    context = _context(order['certificate'])
    options = {'local_hostname': order['helo'], 'timeout': order['timeout'], 'source_address': (order['source'], 0)}
    if order['tls'] == 'implicit':
        connection = smtplib.SMTP_SSL(order['host'], order['port'], context=context, **options)
    else:
        connection = smtplib.SMTP(order['host'], order['port'], **options)
    with connection:
        _say(result, 'ehlo', connection.ehlo())
        if order['tls'] is True:
            result['stage'] = 'starttls'
            _say(result, 'starttls', connection.starttls(context=context))
            _say(result, 'ehlo', connection.ehlo())
        if order['tls']:
            result['tls'] = f'{connection.sock.version()} {connection.sock.cipher()[0]}'
        if order['user']:
            result['stage'] = 'auth'
            _say(result, 'auth', connection.login(order['user'], order['password']))
        if 'SMTPUTF8' in order['mail_options']:
            connection.command_encoding = 'utf-8'
        _say(result, 'mail', connection.mail(order['mail_from'], order['mail_options']))
        recipients = 0
        for recipient in order['rcpt_to']:
            result['stage'] = 'rcpt'
            code, text = connection.rcpt(recipient, order['rcpt_options'])
            if code in (250, 251):
                recipients += 1
            else:
                _said(result, code, text)
                result['refused'][recipient] = f'{code} {result["text"]}'
        if not recipients:
            connection.rset()
            return
        result['stage'] = 'data'
        _say(result, 'data', _hand_over(connection, base64.b64decode(order['message']), order['wire']))
        result['accepted'] = not result['refused']
        result['stage'] = 'done'


def _hand_over(connection, content, wire):
    """The message as a client should send it, or its very bytes, ended by a line with a dot or counted (RFC 3030)."""
    if wire == 'lines':
        return connection.data(content)
    if wire == 'raw':
        reply = connection.docmd('DATA')
        if reply[0] != 354:
            return reply
        connection.send(content + b'\r\n.\r\n')
    elif not connection.has_extn('chunking'):
        # The chunk would be taken for commands.
        return 502, 'BDAT is not offered'
    else:
        connection.send(b'BDAT %d LAST\r\n' % len(content) + content)
    return connection.getreply()


def _context(certificate):
    # Whether the server's certificate is right is not for this side to judge: the lab attacks with anything.
    context = ssl.create_default_context(cafile=f'{CERTIFICATES}/ca.pem')
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(f'{CERTIFICATES}/{certificate}.pem', f'{CERTIFICATES}/{certificate}.key')
    return context


def _say(result, stage, reply):
    result['stage'] = stage
    code, text = reply
    _said(result, code, text)
    if code >= 400:
        raise smtplib.SMTPResponseException(code, text)


def _said(result, code, text):
    result['code'] = code
    result['text'] = text.decode('utf-8', 'replace') if isinstance(text, bytes) else text


if __name__ == '__main__':
    main()
