# Copyright (c) 2026, Conbool SMTP Relay collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of mail servers: as they are typed, as they stand in the DNS, as a certificate carries them.

Standard library only: this runs on the managed hosts, where neither idna nor netaddr can be relied on.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# UTS 46 takes these for dots between labels, as keyboards for Chinese and Japanese produce them.
DOTS = re.compile('[.\u3002\uff0e\uff61]')
# The underscore is no host name character (RFC 1123), but it is found in the names of real mail servers.
LABEL = re.compile(r'[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z')
LONGEST_NAME = 253
# RFC 5321 4.5.3.1.
LONGEST_LOCAL_PART = 64
# Printable ASCII without what would end the path or quote it.
LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+\Z")


def _a_label(label: str) -> str:
    """One label in its DNS form. IDNA 2008 (RFC 5891) keeps letters that the 2003 codec of Python replaces, such as the
    German sharp s."""
    if label.isascii():
        return label.lower()
    # Letter by letter: str.lower() knows the Greek final sigma, UTS 46 does not.
    folded = ''.join(character.lower() for character in unicodedata.normalize('NFKC', label))
    folded = unicodedata.normalize('NFKC', folded)
    return folded if folded.isascii() else 'xn--' + folded.encode('punycode').decode('ascii')


def is_address(name: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return '%' not in name


def host(value: str) -> str:
    """A host name as lower case A-labels, or an IP address in canonical form; ValueError gives the reason."""
    if is_address(value):
        return str(ipaddress.ip_address(value))
    labels = DOTS.split(value)
    if len(labels) > 1 and not labels[-1]:
        labels.pop()
    labels = [_a_label(label) for label in labels]
    if not all(LABEL.match(label) for label in labels):
        raise ValueError('is neither a host name nor an IP address')
    if len('.'.join(labels)) > LONGEST_NAME:
        raise ValueError(f'is longer than {LONGEST_NAME} characters')
    if labels[-1].isdigit():
        # The resolver would take 127.1 for an address.
        raise ValueError('is neither a host name nor an IP address: its last part is a number')
    return '.'.join(labels)


def mailbox(value: str) -> str:
    """An envelope address with its domain in DNS form; ValueError gives the reason."""
    local, at_sign, domain = value.rpartition('@')
    if not at_sign:
        raise ValueError('is not an address such as user@example.com')
    if not LOCAL_PART.match(local) or len(local) > LONGEST_LOCAL_PART:
        raise ValueError(
            'has a local part that cannot be sent as it is (RFC 5321; quoting and SMTPUTF8 are not supported)'
        )
    if is_address(domain):
        raise ValueError('has an IP address as its domain')
    return f'{local}@{host(domain)}'


def _covers(presented: str, wanted: str) -> bool:
    """Whether a DNS name of a certificate covers the wanted name (RFC 9525 6.3): "*" is only ever the whole first
    label, and one label."""
    presented = presented.lower()
    if not presented.startswith('*.'):
        return presented == wanted
    _first, dot, parent = wanted.partition('.')
    # OpenSSL, and with it Postfix, never lets a wildcard stand directly below a top level domain.
    return bool(dot) and presented[2:] == parent and '.' in parent


def _same_address(presented: str, wanted: str) -> bool:
    # Python writes IPv6 addresses of certificates in a form of its own, and older versions end them with a line break.
    return is_address(presented.strip()) and ipaddress.ip_address(presented.strip()) == ipaddress.ip_address(wanted)


def matching_name(certificate: Mapping[str, Any], wanted: str) -> str | None:
    """The name in the certificate that covers the wanted one, or None.

    Args:
        certificate: as SSLSocket.getpeercert() returns it.
        wanted: a name or an address as host() returns it.
    """
    alternatives = certificate.get('subjectAltName', ())
    if is_address(wanted):
        return next(
            (
                'IP:' + name.strip()
                for kind, name in alternatives
                if kind == 'IP Address' and _same_address(name, wanted)
            ),
            None,
        )
    dns_names = [name for kind, name in alternatives if kind == 'DNS']
    for name in dns_names:
        if _covers(name, wanted):
            return 'DNS:' + name
    if dns_names:
        return None
    # As the level "secure" of Postfix: the common name counts where there is no DNS name at all, although RFC 9525
    # retired it.
    common_names = [name for rdn in certificate.get('subject', ()) for kind, name in rdn if kind == 'commonName']
    return next(('CN:' + name for name in common_names if _covers(name, wanted)), None)
