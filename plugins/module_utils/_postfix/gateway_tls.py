# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS between the gateway and a listener: that it is there, and how the gateway's certificate is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.access_tables import CERTIFICATES_TABLE
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix.values import effective

POLICY_SERVICE = 'conbool-certificate'
# May be cured at the gateway, so it is a 4xx: its mail waits instead of bouncing.
NOT_NAMED = '450 4.7.1 A client certificate is required: trusted, and %s'
DIGEST_LENGTHS = {'md5': 32, 'sha1': 40, 'sha256': 64, 'sha384': 96, 'sha512': 128}
CERTIFICATE_FILES = ('smtpd_tls_chain_files', 'smtpd_tls_cert_file', 'smtpd_tls_eccert_file', 'smtpd_tls_dcert_file')


def tls_problems(entry: Mapping[str, Any], expanded: Mapping[str, str]) -> list[str]:
    name = '{}/{}'.format(entry['name'], entry['type'])
    level = effective(entry, expanded, 'smtpd_tls_security_level')
    legacy = 'yes' in (
        effective(entry, expanded, 'smtpd_use_tls'),
        effective(entry, expanded, 'smtpd_enforce_tls'),
    )
    if level == 'none' or (not level and not legacy):
        return [
            f'The gateway has to use TLS, and {name} does not offer it: set smtpd_tls_security_level = may,'
            ' smtpd_tls_cert_file and smtpd_tls_key_file in main.cf'
        ]
    if all(effective(entry, expanded, parameter) in ('', 'none') for parameter in CERTIFICATE_FILES):
        return [
            f'The gateway has to use TLS, and {name} has no certificate: set smtpd_tls_cert_file and smtpd_tls_key_file'
            ' in main.cf'
        ]
    return []


def policy_service(command: str, tls_name: str) -> dict[str, Any]:
    """Return the master.cf entry of the service that tells the gateway's certificate by its name.

    postfwd(1) without a daemon of its own: one process per smtpd(8) that asks, ended with it.
    """
    rule = f'id=conbool;ccert_subject=={tls_name};action=conbool_known'
    # spawn(8) leads standard error to the client as well, where a warning of Perl would be read as part of the answer.
    shell = f"exec {command} --cache=0 --nodns --norulelog '--rule={rule}' 2>/dev/null"
    return {
        'name': POLICY_SERVICE,
        'type': 'unix',
        'private': '-',
        'unprivileged': 'n',
        'chroot': 'n',
        'max_processes': '0',
        'command': f'spawn user=nobody argv=/bin/sh -c {{ {shell} }}',
        'options': {},
    }


class GatewayCertificate:
    """The certificate that the gateway has to show.

    Args:
        settings: the normalised settings.
        info: what C(postfix_info) returned.
        options: C(certificate_fingerprints) and C(client_ca_file).
    """

    def __init__(self, settings: Mapping[str, Any], info: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._settings = settings
        self._info = info
        self._ca_file = options['client_ca_file']
        self._fingerprints = options['certificate_fingerprints']

    def restriction_class(self) -> str:
        """Return what a client with an address of the gateway has to show before it may name a recipient."""
        if not self._settings['inbound_require_certificate']:
            return 'reject_plaintext_session, conbool_known'
        # Either answers "conbool_known" for the right certificate; whatever else it says, or when it cannot answer, the
        # last word stands.
        if self._fingerprints:
            check = 'check_ccert_access texthash:{}/{}'.format(self._info['config_dir'], CERTIFICATES_TABLE)
            wanted = 'with a known fingerprint'
        else:
            check = f'check_policy_service {{ unix:private/{POLICY_SERVICE}, timeout=30s, default_action=DUNNO }}'
            wanted = 'with the name {} in its subject'.format(self._settings['tls_name'])
        return f'reject_plaintext_session, {check}, check_client_access static:{{{NOT_NAMED % wanted}}}'

    def asked_for_by(self, entry: Mapping[str, Any], changed: bool) -> tuple[dict[str, str], list[str]]:
        """Return the TLS options of one service with which it asks for the certificate, and what is in the way.

        Args:
            entry: the service.
            changed: whether it has options of ours already.
        """
        expanded = self._info['expanded']
        wanted, problems = {'smtpd_tls_ask_ccert': 'yes'}, self._open_relay(entry)
        if self._fingerprints:
            problems += self._unfit_fingerprints(entry)
        else:
            trust, found = self._authorities(entry, changed)
            wanted.update(trust)
            problems += found
        # A session that was begun before a certificate was asked for has none, and a client may resume it for ever.
        flags = [
            flag
            for flag in re.split(r'[\s,]+', effective(entry, expanded, 'tls_ssl_options'))
            if flag not in ('', 'NO_TICKET')
        ]
        wanted.update(tls_ssl_options=' '.join(flags + ['NO_TICKET']), smtpd_tls_session_cache_database='')
        return wanted, problems

    def _open_relay(self, entry: Mapping[str, Any]) -> list[str]:
        """Return a problem when every trusted certificate lets its owner relay."""
        values = list(self._info['parameters'].values()) + list(entry['options'].values())
        if not any('permit_tls_all_clientcerts' in re.split(r'[\s,{}=]+', value) for value in values):
            return []
        return [
            'permit_tls_all_clientcerts is used in main.cf or by {}/{}: it would let in everybody with a certificate'
            ' of an authority that the gateway\'s certificate needs. Use permit_tls_clientcerts and relay_clientcerts'
            ' instead, or set conbool_inbound_require_certificate: false'.format(entry['name'], entry['type'])
        ]

    def _unfit_fingerprints(self, entry: Mapping[str, Any]) -> list[str]:
        """Return the fingerprints that a service can never find, as problems."""
        digest = effective(entry, self._info['expanded'], 'smtpd_tls_fingerprint_digest')
        length = DIGEST_LENGTHS.get(digest)
        return [
            'postfix_smarthost_certificate_fingerprints: {!r} is not a fingerprint as {}/{} compares them'
            ' (smtpd_tls_fingerprint_digest = {}): {} hexadecimal digits'.format(
                item, entry['name'], entry['type'], digest, length or 'pairs of'
            )
            for item in self._fingerprints
            if not re.match(r'[0-9A-F]{2}(:[0-9A-F]{2})*\Z', item)
            or len(item.replace(':', '')) != (length or len(item))
        ]

    def _authorities(self, entry: Mapping[str, Any], changed: bool) -> tuple[dict[str, str], list[str]]:
        """Return the options with which one service trusts the issuer of the certificate, and what is in the way."""
        file, expanded = self._ca_file or self._settings['tls_ca_file'], self._info['expanded']
        # After the first run the option is ours, and what main.cf says counts.
        present = expanded.get('smtpd_tls_CAfile', '') if changed else effective(entry, expanded, 'smtpd_tls_CAfile')
        if not file:
            # Postfix appends the system's authorities to a file or directory, but not to nothing.
            named = present or expanded.get('smtpd_tls_CApath')
            path = {} if named else {'smtpd_tls_CApath': self._info['config_dir']}
            return dict(path, tls_append_default_CA='yes'), []
        if present and present != file and not self._ca_file:
            return {}, [
                'smtpd_tls_CAfile = {} is in force at {}/{}, and the authority of the gateway\'s certificate is in {}:'
                ' put both into one file and set postfix_smarthost_client_ca_file to it'.format(
                    present, entry['name'], entry['type'], file
                )
            ]
        return {'smtpd_tls_CAfile': file}, []
