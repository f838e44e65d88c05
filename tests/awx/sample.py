# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report with one of everything, for a browser: hosts that are done, failed and away, long names, markup."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._rows.rows import row

LONG = 'v=spf1 ' + ' '.join(f'include:spf{number}.example.net' for number in range(9)) + ' -all'
PREFLIGHT = [
    row(
        'mx.bypass',
        'example.com',
        'red',
        'mail through mx.example.com bypasses the gateway',
        'Remove the MX record of mx.example.com.',
        seen=['10 mail.conbool.com', '20 mx.example.com'],
        expected='mail.conbool.com',
    ),
    row('spf.ok', 'example.com', 'green', 'the policy authorises the gateway', seen=[LONG]),
    row('dkim.ok', 'example.com', 'green', 'selector s1 has a 2048 bit RSA key', seen=['v=DKIM1; p=' + 'A' * 300]),
    row(
        'dmarc.missing',
        'a-very-long-name-of-a-domain-that-does-not-fit.example.org',
        'red',
        'there is no policy',
        'Publish one.',
        seen=['<b>markup</b> <script>alert(1)</script>'],
        expected='v=DMARC1; p=none',
    ),
    row('gateway.ok', 'mail.conbool.com:25', 'green', 'SMTP reachable, TLSv1.3, DNS:mail.conbool.com, 61 days left'),
    row('tls.server', '/etc/ssl/certs/mx.pem', 'green', 'the certificate has 9 days left', 'Have it renewed.', 'low'),
    row('mta.ok', 'postfix', 'green', 'version 3.7.11'),
    row('firewall.ok', '25', 'green', 'can be limited with nftables'),
    row('queue.ok', '/var/spool/postfix', 'green', '51200 MiB free'),
]
VERIFY = [
    row(
        'route.ok',
        '<postmaster@example.com> to <someone@conbool-verify.invalid>',
        'green',
        'conbool-hop:[127.0.0.1]:325',
    ),
    row('route.ok', '<someone@conbool-verify.invalid> to <postmaster@example.com>', 'green', 'local'),
    row('header.ok', 'X-Conbool-example-com: true', 'green', 'goes direct'),
    row('header.ok', 'X-Conbool-Released: yes', 'green', 'goes direct'),
    row('hop.ok', '127.0.0.1:325', 'green', 'greets'),
    row('queue.waiting', 'hop', 'unknown', '3 messages wait', 'Look at the reasons.'),
    row('inbound.ok', '198.51.100.5:25', 'green', 'SMTP reachable, TLSv1.3'),
]


DIFF = [
    {
        'name': '/etc/postfix/main.cf',
        'lines': [
            '@@ -3,2 +3,3 @@',
            ' myhostname = mx1.example.com',
            '-relayhost =',
            '+relayhost = ' + 'x' * 150,
            '+# <b>',
        ],
        'left_out': 2,
    }
]


def _entry(result, reason='', **parts):
    return {
        'mta': 'postfix' if parts else None,
        'state': 'present',
        'result': result,
        'reason': reason,
        'changed': result == 'done',
        'scope': 'all' if parts else None,
        'parts': ['hop', 'mail_port', 'postfix_smarthost_outbound'] if result == 'done' else [],
        'diff': DIFF if parts and result == 'done' else [],
        **{
            part: {'green': all(row['status'] == 'green' for row in rows), 'rows': rows} for part, rows in parts.items()
        },
    }


def report():
    """Return a report as run_report() makes one."""
    green = [row for row in PREFLIGHT if row['status'] == 'green']
    return {
        'playbook': 'site',
        'version': '1.0.0',
        'check_mode': False,
        'time': '2026-11-30 11:37:17 +0000',
        'ok': False,
        'hosts': {
            'mx1.example.com': _entry('done', preflight=green, verify=VERIFY),
            'mx2.example.com': _entry(
                'failed', 'preflight: 2 of 9 checks are not green: mx.bypass example.com', preflight=PREFLIGHT
            ),
            'mx-of-a-branch-with-a-very-long-name-indeed.example.com': _entry('not done', 'No route to host'),
        },
    }
