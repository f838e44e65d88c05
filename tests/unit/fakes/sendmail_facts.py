# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, and what is known of a Sendmail."""

from __future__ import annotations

from ansible_collections.conbool.smtp_relay.plugins.module_utils._sendmail.cf import SendmailCf

SYSTEM = '/etc/ssl/certs/ca-certificates.crt'
SETTINGS = {
    'relay_host': 'mail.conbool.com',
    'relay_port': 25,
    'tls_name': 'mail.conbool.com',
    'tls_ca_file': None,
    'tls_client_cert': None,
    'tls_client_key': None,
    'scope': 'all',
    'scope_senders': [],
    'loop_headers': ['X-Conbool-example-com', 'X-Conbool-sub-example-co-uk'],
    'bypass_calendar': True,
    'bypass_null_sender': True,
    'inbound': False,
}
CF = r"""# built by make
V10/Berkeley
DSrelay.provider.test
O CACertPath=/etc/ssl/certs
O PidFile=/run/sendmail.pid
HSubject: $>CheckSubject
HX-Any: $>+CheckAny
H?D?Date: $a
SLocal_check_mail
Sparse=0
R$*			$: $>Parse0 $1
#R a comment
R$*			$: $1	with a comment
        and a continuation
Mesmtp,		P=[IPC], F=mDFMuXa, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\r\n, L=990,
        T=DNS/RFC822/SMTP,
        A=TCP $h
Mrelay, P=[IPC], A=TCP $h 587
Mprocmail, P=/usr/bin/procmail, A=procmail -m $h $f $u
"""


def info(**changes):
    cf = SendmailCf(CF)
    known = {
        'options': cf.options,
        'header_checks': {},
        'rulesets': cf.rulesets,
        'mailers': cf.mailers,
        'smart_host': '',
        'ffr': ['_FFR_TLS_ALTNAMES'],
        'version': '8.18.1',
        'features': ['MAP_REGEX'],
        'config_dir': '/etc/mail',
        'tls_entries': {},
        'srv_entries': {},
        'client_ports': [],
        'daemon_ports': ['Port=smtp, Name=MTA'],
    }
    return dict(known, **changes)
