# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS between the gateway and a listener: that it is there, and how the gateway's certificate is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base import policy
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.access_tables import (
    CERTIFICATES_TABLE,
    certificates_table,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.certificates import (
    NO_PYTHON,
    NOT_LEARNT,
    NOT_NAMED,
    learnt,
    unfit,
)
from ansible_collections.conbool.smtp_relay.plugins.module_utils._postfix_base.values import effective

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


def certificate_files(entries: Iterable[Mapping[str, Any]], expanded: Mapping[str, str]) -> list[str]:
    """Return the files with the certificates that services show; smtpd_tls_chain_files makes Postfix ignore the
    others."""
    found: dict[str, None] = {}
    for entry in entries:
        values = [effective(entry, expanded, parameter) for parameter in CERTIFICATE_FILES]
        named = [value for value in values if value not in ('', 'none')]
        for value in named[:1] if values[:1] == named[:1] else named:
            found.update(dict.fromkeys(re.split(r'[\s,]+', value)))
    return list(found)


class GatewayCertificate:
    """The certificate that the gateway has to show.

    It is known by the fingerprint of its public key, learnt from the gateway as a server, or by its name when it is
    trusted. Fingerprints in the settings are the only ones that count, and then no name does.

    Args:
        settings: the normalised settings.
        info: what C(postfix_info) returned.
        options: C(client_ca_file), C(gateway), what the gateway shows as a server, and C(learnt), the fingerprints that
            earlier runs have learnt.
        services: the services that ask for the certificate.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        info: Mapping[str, Any],
        options: Mapping[str, Any],
        services: Iterable[Mapping[str, Any]],
    ) -> None:
        self._settings = settings
        self._info = info
        self._ca_file = options['client_ca_file']
        self._explicit = settings['inbound_certificate_fingerprints']
        self._python = policy.interpreter()
        digests = {self._digest(entry) for entry in services}
        self._learnt = [] if self._explicit else learnt(digests, options['learnt'], options['gateway'])

    @property
    def wanted(self) -> bool:
        return self._settings['inbound_require_certificate']

    def configuration(self) -> dict[str, list[Any]]:
        """Return the tables and services that tell the certificate from others, what is in the way, and what a person
        should know."""
        found: dict[str, list[Any]] = {'tables': [], 'services': [], 'problems': [], 'warnings': []}
        if self._explicit or self._learnt:
            content = certificates_table(self._explicit, self._learnt)
            found['tables'].append({'path': CERTIFICATES_TABLE, 'type': 'texthash', 'content': content})
        if not self._explicit:
            config_dir, name = self._info['config_dir'], self._settings['tls_name']
            found['tables'].append(policy.program())
            found['services'].append(policy.service(self._python, config_dir, name))
            found['problems'] += [] if self._python else [NO_PYTHON]
            found['warnings'] += [] if self._learnt else [NOT_LEARNT]
        return found

    def restriction_class(self) -> str:
        """Return what a client with an address of the gateway has to show before it may name a recipient."""
        if not self.wanted:
            return 'reject_plaintext_session, conbool_known'
        # Each answers "conbool_known" for the right certificate; whatever else they say, or when one cannot answer, the
        # last word stands.
        checks, wanted = ['reject_plaintext_session'], 'with a known fingerprint'
        if self._explicit or self._learnt:
            checks.append('check_ccert_access texthash:{}/{}'.format(self._info['config_dir'], CERTIFICATES_TABLE))
        if not self._explicit:
            checks.append(f'check_policy_service {{ unix:private/{policy.SERVICE}, timeout=5s, default_action=DUNNO }}')
            wanted = 'with the name {} in its subject'.format(self._settings['tls_name'])
        return ', '.join([*checks, f'check_client_access static:{{{NOT_NAMED % wanted}}}'])

    def _digest(self, entry: Mapping[str, Any]) -> str:
        return effective(entry, self._info['expanded'], 'smtpd_tls_fingerprint_digest')

    def asked_for_by(self, entry: Mapping[str, Any], changed: bool) -> tuple[dict[str, str], list[str]]:
        """Return the TLS options of one service with which it asks for the certificate, and what is in the way.

        Args:
            entry: the service.
            changed: whether it has options of ours already.
        """
        expanded = self._info['expanded']
        wanted, problems = {'smtpd_tls_ask_ccert': 'yes'}, self._open_relay(entry)
        if self._explicit:
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
        return unfit(self._explicit, self._digest(entry), '{}/{}'.format(entry['name'], entry['type']))

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
