# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that the server writes itself: notices of failure and delay, answers of people who are away."""

from __future__ import annotations

from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from . import message


def notice(state, to: str, replies: dict, report: str, original: bytes) -> bytes:
    """A delivery status notification (RFC 3464) as bytes.

    Args:
        replies: recipient -> (code, text).
        report: failed or delayed.
    """
    host = state.data['hostname']
    told = _message(state, to, f'Undeliverable mail ({report})' if report == 'failed' else 'Delayed mail')
    lines = [f'  <{recipient}>: {code} {text}' for recipient, (code, text) in replies.items()]
    told.set_content('\n'.join([f'This is {host}. Your message could not be delivered yet or at all:', *lines, '']))
    told.make_mixed()
    told.set_type('multipart/report')
    told.set_param('report-type', 'delivery-status')
    status = Message()
    status['Content-Type'] = 'message/delivery-status'
    status.set_payload([_block({'Reporting-MTA': f'dns; {host}'})])
    for recipient, (code, text) in replies.items():
        block = {'Final-Recipient': f'rfc822; {recipient}', 'Action': report}
        block['Status'] = '5.0.0' if report == 'failed' else '4.0.0'
        status.attach(_block({**block, 'Diagnostic-Code': f'smtp; {code} {" ".join(text.split())}'}))
    headers = Message()
    headers['Content-Type'] = 'text/rfc822-headers'
    headers.set_payload(message.head(original).decode('utf-8', 'replace'))
    told.attach(status)
    told.attach(headers)
    return _bytes(told)


def _block(fields):
    block = Message()
    for name, value in fields.items():
        block[name] = value
    return block


def away(state, user: str, to: str) -> bytes:
    """The answer of somebody who is out of office."""
    told = _message(state, to, 'Out of office')
    told.replace_header('From', user)
    told['Auto-Submitted'] = 'auto-replied'
    told.set_content('I am out of office.\n')
    return _bytes(told)


def _message(state, to, subject):
    told = EmailMessage(policy=SMTP)
    told['From'] = f'postmaster@{state.data["hostname"]}'
    told['To'] = to
    told['Subject'] = subject
    told['Date'] = formatdate(localtime=True)
    told['Message-ID'] = make_msgid(domain=state.data['hostname'])
    return told


def _bytes(told):
    return told.as_bytes(policy=SMTP.clone(max_line_length=0))
