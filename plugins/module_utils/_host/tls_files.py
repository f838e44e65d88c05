# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at TLS files as a mail server will use them (managed host: Python 3.8, standard library only)."""

from __future__ import annotations

import os
import ssl
import stat
import time
from collections.abc import Iterable, Mapping
from typing import Any

SECONDS_PER_DAY = 86400

# Options of every module that has TLS files looked at.
OPTIONS = {
    'cert_file': {'type': 'path'},
    'key_file': {'type': 'path', 'no_log': False},
    'ca_file': {'type': 'path'},
    'warn_days': {'type': 'int', 'default': 14},
    'names': {'type': 'dict', 'default': {}},
}


class _Passphrase(Exception):
    """The key is encrypted."""


def _refuse_passphrase() -> str:
    # Without this callback OpenSSL would ask on the terminal and wait for ever.
    raise _Passphrase


def _readable(path: str, report: dict[str, Any]) -> bool:
    try:
        # Checked first because opening a FIFO would block.
        if not stat.S_ISREG(os.stat(path).st_mode):
            report['problems'].append(f'{path}: is not a regular file')
            return False
        with open(path, 'rb'):
            return True
    except OSError as exc:
        report['problems'].append(f'{path}: cannot be read: {exc.strerror}')
        return False


def _reason(exc: ssl.SSLError) -> str:
    return (exc.reason or 'no usable PEM data').replace('_', ' ').lower()


def _name(pairs: Iterable[Iterable[tuple[str, str]]]) -> str:
    return ', '.join('{}={}'.format(*pair) for rdn in pairs for pair in rdn)


def _utc(seconds: float) -> str:
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))


def _look_at_certificate(path: str, now: float, warn_days: int, report: dict[str, Any]) -> bool:
    try:
        # The standard library's only decoder of a certificate in a file; there in every CPython since 3.0.
        decoded = ssl._ssl._test_decode_cert(path)
    except ssl.SSLError:
        report['problems'].append(f'{path}: does not begin with a PEM certificate')
        return False
    begin, end = ssl.cert_time_to_seconds(decoded['notBefore']), ssl.cert_time_to_seconds(decoded['notAfter'])
    days_left = int((end - now) // SECONDS_PER_DAY)
    report['certificate'] = {
        'subject': _name(decoded['subject']),
        'issuer': _name(decoded['issuer']),
        'not_before': _utc(begin),
        'not_after': _utc(end),
        'days_left': days_left,
        'dns_names': [value for kind, value in decoded.get('subjectAltName', ()) if kind == 'DNS'],
    }
    if now >= end:
        report['problems'].append(f'{path}: the certificate expired at {_utc(end)}')
    elif now < begin:
        report['problems'].append(f'{path}: the certificate is not valid before {_utc(begin)}')
    elif days_left < warn_days:
        report['warnings'].append(f'{path}: the certificate expires in {days_left} days, at {_utc(end)}')
    return True


def _look_at_pair(cert_file: str, key_file: str, report: dict[str, Any]) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert_file, key_file, password=_refuse_passphrase)
    except _Passphrase:
        report['problems'].append(f'{key_file}: the key is protected by a passphrase, which a mail server cannot enter')
    except ssl.SSLError as exc:
        # The last one is OpenSSL 3's answer to an RSA key with an ECDSA certificate, and the reverse.
        if exc.reason in ('KEY_VALUES_MISMATCH', 'KEY_TYPE_MISMATCH', 'NO_CERTIFICATE_ASSIGNED'):
            report['problems'].append(f'{key_file}: the key does not belong to the certificate in {cert_file}')
        else:
            report['problems'].append(
                f'{key_file} with {cert_file}: OpenSSL cannot use the key or the certificate chain: {_reason(exc)}'
            )


def _look_at_key_mode(path: str, report: dict[str, Any]) -> None:
    # Mail servers use such a key without a word, so this is no failure; a group such as ssl-cert is common and fine.
    if os.stat(path).st_mode & (stat.S_IROTH | stat.S_IWOTH):
        report['warnings'].append(f'{path}: every user of the host can read or change the private key; chmod o-rw')


def _look_at_authorities(path: str, now: float, report: dict[str, Any]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as exc:
        report['problems'].append(f'{path}: holds no certificate that OpenSSL can load: {_reason(exc)}')
        return
    report['ca_certificates'] = context.cert_store_stats()['x509']
    if not report['ca_certificates']:
        report['problems'].append(f'{path}: holds no certificate')
    ends = [ssl.cert_time_to_seconds(authority['notAfter']) for authority in context.get_ca_certs()]
    if ends and max(ends) <= now:
        report['problems'].append(
            f'{path}: every certificate authority in it has expired, the last at {_utc(max(ends))}'
        )


def look(
    cert_file: str | None = None,
    key_file: str | None = None,
    ca_file: str | None = None,
    warn_days: int = 14,
    now: float | None = None,
) -> dict[str, Any]:
    """Return {problems, warnings, certificate, ca_certificates}; certificate and ca_certificates are None where not
    looked at."""
    report: dict[str, Any] = {'problems': [], 'warnings': [], 'certificate': None, 'ca_certificates': None}
    now = time.time() if now is None else now
    cert_usable = (
        bool(cert_file) and _readable(cert_file, report) and _look_at_certificate(cert_file, now, warn_days, report)
    )
    if key_file and _readable(key_file, report):
        _look_at_key_mode(key_file, report)
        if cert_usable:
            _look_at_pair(cert_file, key_file, report)
    if ca_file and _readable(ca_file, report):
        _look_at_authorities(ca_file, now, report)
    return report


def _with_name(finding: str, named: Mapping[str, str]) -> str:
    """Put the name of the variable that a path comes from in front of what is said of the path."""
    for path, name in named.items():
        if finding.startswith((path + ':', path + ' with ')):
            return f'{name}: {finding}'
    return finding


def judge(options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Look at the files that OPTIONS name.

    Returns:
        The report of look(), and the error message, which is empty when the files can be used.
    """
    files = dict(options)
    names = files.pop('names')
    named = {files[option]: name for option, name in names.items() if files.get(option)}
    report = look(**files)
    for kind in ('problems', 'warnings'):
        report[kind] = [_with_name(finding, named) for finding in report[kind]]
    return report, '\n- '.join(['The TLS files cannot be used:'] + report['problems']) if report['problems'] else ''
