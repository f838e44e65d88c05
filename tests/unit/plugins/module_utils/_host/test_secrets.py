# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords in configuration files are not shown; everything else is."""

from __future__ import annotations

import pytest
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.difference import difference
from ansible_collections.conbool.smtp_relay.plugins.module_utils._host.secrets import without_secrets

SECRET = 'S3cr3t'
HIDES = [
    # Dovecot
    f'  password = {SECRET}',
    f'dnpass = {SECRET}',
    f'ldap_auth_dn_password = {SECRET}',
    f'ssl_key_password = {SECRET}',
    f'doveadm_password={SECRET}',
    f'imapc_password = "{SECRET} with blanks"',
    f'auth_master_user_password = {SECRET}#x',
    f'connect = host=localhost dbname=mail user=x password={SECRET} port=5432',
    f'  args = user={SECRET}_is_no_secret_but password={SECRET}'.replace(f'{SECRET}_is', 'x_is'),
    f'mail_attribute_dict = proxy:redis://x:{SECRET}@host/1',
    f'ssl_key = "{SECRET}"',
    f'doveadm_api_key = {SECRET}',
    f'auth_oauth2_client_secret = {SECRET}',
    f'password = /{SECRET}',
    f'password = <{SECRET}',
    f'passdb_password = ${SECRET}',
    # rspamd
    f'password = "{SECRET}";',
    f'enable_password = "$2${SECRET}";',
    f'"password": "{SECRET}",',
    f'servers = "redis"; password = "{SECRET}";',
    f'key = "{SECRET}";',
    f'  fuzzy {{ encryption_key = "{SECRET}"; }}'.replace('encryption_key', 'shared_key'),
    # Postfix
    f'smtp_sasl_password_maps = static:user:{SECRET}',
    f'smtp_sasl_password_maps =\n    static:user:{SECRET}',
    f'smtp_sasl_password_maps = inline:{{ mx=user:{SECRET} }}',
    f'submission inet n - y - - smtpd\n  -o smtp_sasl_password_maps=static:user:{SECRET}',
    f'x unix - - n - - smtp\n  -o {{ smtp_sasl_password_maps = static:user:{SECRET} }}',
    # Sendmail
    f'AuthInfo:mx.example.com "U:smmsp" "I:user" "P:{SECRET}" "M:PLAIN"',
    f'AuthInfo:mx.example.com "U:smmsp" "P={SECRET}"',
    # Exim
    f'hide mysql_servers = localhost/mail/exim/{SECRET}',
    f'hide ldap_default_servers = \\\n  one/{SECRET} \\\n  two/{SECRET}\nnext = 1',
    f'  client_send = : user : {SECRET}',
    # Keys
    f'ssl_key = -----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\nnext = 1',
]
SHOWS = [
    'ssl_key = </etc/dovecot/private/dovecot.pem',
    'smtp_tls_key_file = /etc/ssl/private/relay.key',
    'smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd',
    'smtpd_null_access_lookup_key = <>',
    'passdb {\n  driver = pam\n}',
    'header_checks = regexp:/etc/conbool-hop/header_checks',
    'bypass = yes',
    '!include_try /etc/dovecot/conbool-spam.conf',
    'R$* $| 1\t\t$@ "CertFile=/etc/cert.pem; KeyFile=/etc/key.pem"',
    'smtpd_sasl_auth_enable = yes',
    'mynetworks = 127.0.0.0/8 [::1]/128',
    'compass = north',
]


@pytest.mark.parametrize('text', HIDES)
def test_secrets_are_hidden(text):
    shown = without_secrets(f'before = 1\n{text}\nafter = 2\n')
    assert SECRET not in shown
    assert shown.startswith('before = 1\n') and shown.endswith('after = 2\n')
    assert shown.count('\n') == text.count('\n') + 3


@pytest.mark.parametrize('text', SHOWS)
def test_the_rest_is_shown(text):
    assert without_secrets(text + '\n') == text + '\n'


@pytest.mark.parametrize('text', HIDES)
def test_no_difference_shows_one(text):
    said = difference('/etc/dovecot/dovecot.conf', text, text + '\nours = 1\n')
    assert SECRET not in str(said) and said['after'].endswith('\nours = 1\n')
