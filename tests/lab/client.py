# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP client that verifies the gateway as it should. Piped into python3 on a lab host; prints how far it came as
JSON."""

import json
import smtplib
import ssl
import sys

order = json.loads(sys.argv[1])
said = {'stage': 'connect', 'error': None, 'starttls': None}
try:
    with smtplib.SMTP('mail.conbool.com', 25, timeout=order.get('timeout', 10)) as connection:
        connection.ehlo()
        said['starttls'] = connection.has_extn('starttls')
        if order.get('tls', True):
            said['stage'] = 'tls'
            context = ssl.create_default_context(cafile='/etc/ssl/lab/ca.pem')
            if order.get('certificate', True):
                context.load_cert_chain('/etc/ssl/lab/client.pem', '/etc/ssl/lab/client.key')
            connection.starttls(context=context)
        said['stage'] = 'message'
        connection.sendmail(
            'alice@example.com',
            order['to'],
            order['message'].encode(),
            order.get('mail_options', []),
            order.get('rcpt_options', []),
        )
        said['stage'] = 'done'
except (OSError, smtplib.SMTPException) as error:
    said['error'] = str(error)
print(json.dumps(said))
